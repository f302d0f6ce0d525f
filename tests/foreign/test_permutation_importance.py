from foreign.harness import exchanged
from foreign.stand_ins import named

globals().update(
    exchanged(
        "sklearn.inspection.tests.test_permutation_importance",
        **named("LogisticRegression", "RandomForestRegressor"),
    )
)
