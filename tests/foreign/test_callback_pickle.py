from foreign.harness import exchanged
from foreign.stand_ins import named

globals().update(
    exchanged(
        "sklearn.callback.tests.test_pickle",
        **named("MaxIterEstimator"),
    )
)
