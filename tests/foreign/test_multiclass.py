from foreign.harness import exchanged
from foreign.stand_ins import named

globals().update(
    exchanged(
        "sklearn.tests.test_multiclass",
        **named(
            "DecisionTreeClassifier",
            "LinearSVC",
            "LogisticRegression",
            "Perceptron",
            "SGDClassifier",
        ),
    )
)
