from foreign.harness import exchanged
from foreign.stand_ins import named

globals().update(
    exchanged(
        "sklearn.ensemble.tests.test_bagging",
        **named(
            "DecisionTreeClassifier",
            "DecisionTreeRegressor",
            "KNeighborsRegressor",
            "Perceptron",
        ),
    )
)
