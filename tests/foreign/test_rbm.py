from foreign.harness import exchanged
from foreign.stand_ins import named

globals().update(
    exchanged(
        "sklearn.neural_network.tests.test_rbm",
        **named("BernoulliRBM"),
    )
)
