from foreign.harness import exchanged
from foreign.stand_ins import named

globals().update(
    exchanged(
        "sklearn.ensemble.tests.test_stacking",
        **named(
            "LinearRegression",
            "LogisticRegression",
            "RandomForestClassifier",
            "RandomForestRegressor",
        ),
    )
)
