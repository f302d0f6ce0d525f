from foreign.harness import exchanged
from foreign.stand_ins import named

globals().update(
    exchanged(
        "sklearn.tests.test_multioutput",
        **named(
            "LogisticRegression",
            "RandomForestClassifier",
            "Ridge",
            "SGDClassifier",
            "SGDRegressor",
        ),
    )
)
