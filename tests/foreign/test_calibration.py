from foreign.harness import exchanged
from foreign.stand_ins import named

globals().update(
    exchanged(
        "sklearn.tests.test_calibration",
        **named(
            "DecisionTreeClassifier",
            "LinearSVC",
            "LogisticRegression",
            "RandomForestClassifier",
            "SGDClassifier",
        ),
    )
)
