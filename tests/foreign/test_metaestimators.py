from foreign.harness import exchanged
from foreign.stand_ins import named

globals().update(
    exchanged(
        "sklearn.tests.test_metaestimators_metadata_routing",
        **named("ConsumingClassifier", "ConsumingRegressor"),
    )
)
