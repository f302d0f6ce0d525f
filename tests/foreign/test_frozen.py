from foreign.harness import exchanged
from foreign.stand_ins import named

globals().update(
    exchanged(
        "sklearn.frozen.tests.test_frozen",
        **named("LinearRegression", "LogisticRegression"),
    )
)
