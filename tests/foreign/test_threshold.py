from foreign.harness import exchanged
from foreign.stand_ins import named

globals().update(
    exchanged(
        "sklearn.model_selection.tests.test_classification_threshold",
        **named(
            "DecisionTreeClassifier",
            "GradientBoostingClassifier",
            "LogisticRegression",
            "SVC",
        ),
    )
)
