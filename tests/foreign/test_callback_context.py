from foreign.harness import exchanged
from foreign.stand_ins import named

globals().update(
    exchanged(
        "sklearn.callback.tests.test_callback_context",
        **named("MaxIterEstimator"),
    )
)
