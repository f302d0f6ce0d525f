"""What the tests of the wing `inspection` share."""


def topologies(model):
    """Return the topologies of a fitted model."""
    return [layer.topology for layer in model.network_.layers]
