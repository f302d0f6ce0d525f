"""The order of the examples in the gallery: from first steps to machines outgrown."""

from pathlib import Path

ORDER = [
    # Begin.
    *("first_steps", "from_mlpclassifier", "mixed_table", "choosing_numbers"),
    # Kinds of data and of tasks.
    *("gene_table", "text_counts", "quantiles", "class_imbalance"),
    # Look inside.
    *("evolving_topology", "scale_free", "sparse_against_dense", "boltzmann_features"),
    # Go further.
    *("own_growth", "many_tasks", "set_cnn", "save_and_resume"),
    *("larger_than_memory", "average"),
]


def position(name):
    """Return the place of an example. One that is not in the list is an error."""
    return ORDER.index(Path(name).stem.removeprefix("plot_"))
