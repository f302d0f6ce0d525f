from foreign.harness import exchanged
from foreign.stand_ins import named

globals().update(
    exchanged(
        "sklearn.feature_selection.tests.test_from_model",
        **named("LinearRegression", "RandomForestClassifier", "SGDClassifier"),
    )
)
