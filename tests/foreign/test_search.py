from foreign.harness import exchanged
from foreign.stand_ins import named

globals().update(
    exchanged(
        "sklearn.model_selection.tests.test_search",
        **named("LinearSVC", "LogisticRegression", "Ridge"),
    )
)
