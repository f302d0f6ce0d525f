"""All benchmarks: how they are called for the figures of the docs, and for a smoke run.

The minutes are rough.
"""

from _benchmark import Benchmark, Run

__all__ = ["BENCHMARKS", "NO_BENCHMARKS", "PICTURES"]

# Scripts that measure nothing.
NO_BENCHMARKS = {"__main__", "tables"}


def one(name, page, minutes, quick="", arguments="", file=None, **told):
    """Return a benchmark of one run."""
    run = Run(file or f"{name}.json", arguments, quick)
    return Benchmark(name, page, minutes, (run,), **told)


STEPS = [
    one("step", "performance", 15, "--widths 3000 --batches 2 --jobs 1 --repeats 1"),
    one("peers", "peers", 15, "--networks 3,000 --batches 2 --repeats 1"),
    one("threads", "performance", 3, "--widths 3000 --busy 0 --seconds 0.5"),
    one(
        *("halves", "performance", 15),
        "--widths 30000 --batches 2 --sets isolet --seeds 1 --repeats 1",
        data=True,
    ),
    one("predict", "performance", 2, "--widths 3000 --batches 2 --repeats 1"),
    one("roofline", "performance", 5, "--widths 3000 --batches 2 --repeats 1"),
    one("frozen_steps", "continual", 2, "--repeats 3"),
    one(
        *("torch_layer", "torch", 20),
        "--tasks layer --batches 32 --densities 0.01 --threads 1 --repeats 1",
        libraries=("torch",),
        needs="OMP_WAIT_POLICY=PASSIVE for two threads",
    ),
]
TRAININGS = [
    one(
        *("scale", "performance", 25, "--rows 3000/2 --epochs 1", "--jobs 2"),
        needs="8 GB of memory",
    ),
    one(
        *("time_to_accuracy", "peers", 10, "--rows 500 --seeds 0 --epochs 1"),
        data=True,
        needs="torch for its dense networks",
    ),
    one("small", "peers", 2, "--repeats 1"),
    one("startup", "performance", 3, "--repeats 1"),
    one("persistence", "persistence", 2, "--repeats 1"),
    Benchmark(
        *("images", "performance", 120),
        (
            Run("images.json", "", "--rows 300 --epochs 3 --seeds 2"),
            Run(
                "images.json",
                "--set fashion_mnist --rows 2000 --epochs 200 --seeds 5 --held 3",
                "--set fashion_mnist --rows 300 --epochs 3 --seeds 2 --models SET",
            ),
            Run("images.json", "--times", "--times --rows 300 --seeds 2"),
        ),
        data=True,
        needs="torch for its dense network",
    ),
]
SCALING = [
    one(
        *("larger_than_memory", "larger_than_memory", 60),
        "--gigabytes 0.02 --tables 'float32 C' --calls fit predict",
        needs="Linux, 4 GB on the disk",
    ),
    one(
        *("big_table", "scaling", 60),
        "--gigabytes 0.1 --sample 0.05 --epochs 1",
        "--gigabytes 20",
        needs="Linux, 20 GB on the disk",
    ),
    one("blocks", "larger_than_memory", 5, "--rows 40000 --seeds 1"),
    one("averages", "distributed", 15, "--seeds 1", data=True),
    Benchmark(
        *("many_workers", "distributed", 60),
        (
            Run("many_workers.json", "", "--sets isolet --seeds 1"),
            Run("many_workers.json", "--clusters", libraries=("distributed",)),
            Run("many_workers.json", "--model", data=False),
        ),
        data=True,
        needs="distributed for the second run",
    ),
    one(
        *("anndata_memory", "anndata", 30),
        "--cells 4000 --genes 1000 --epochs 1 --cases genes",
        libraries=("anndata",),
        needs="Linux, 3 GB on the disk",
    ),
]
ACCURACIES = [
    one(
        *("accuracy", "defaults", 250),
        "--sets iris --repeats 1 --models SET logistic --scaling column",
        file="accuracy_folds.json",
        data=True,
    ),
    one(
        *("regression", "defaults", 20),
        "--sets gasoline --repeats 1 --models SET --scaling column",
        file="regression_folds.json",
        data=True,
    ),
    Benchmark(
        *("auto_defaults", "defaults", 20),
        tuple(
            Run(
                f"auto_defaults_{half}.json",
                f"--half {half}",
                f"--half {half} --models fixed rule logistic --rows 100",
            )
            for half in ("search", "held")
        ),
        data=True,
    ),
    one("defaults", "defaults", 15, "--sets colon --variants defaults", data=True),
    one("lbfgs", "defaults", 20, "--repeats 1"),
    one("noise_columns", "defaults", 15, "--sets khan", data=True),
    one(
        *("strategies", "strategies", 200),
        "--parts microarray cost --sets khan --methods set --seeds 1 --epochs 1 "
        "--tuning-epochs 1 --repeats 1",
        data=True,
    ),
    Benchmark(
        *("degrees", "scale_free", 60),
        (
            Run("degrees.json", "", "--runs 6 --epochs 1"),
            Run("degrees.json", "--n-resamples 200", "--n-resamples 3", "--fit", False),
        ),
        data=True,
    ),
]
SELECTIONS = [
    one(
        *("selection", "selection", 60),
        "--sets lung_small --splits 1 --selectors QuickSelection f_classif",
        data=True,
    ),
    one(
        *("selection_speed", "performance", 2, "--cases coil20 --repeats 1"),
        data=True,
    ),
    Benchmark(
        *("selection_defaults", "selection", 20),
        (
            Run(
                "selection_defaults_unsupervised.json",
                quick="--sets lung_small --variants defaults --splits 1",
            ),
            Run(
                "selection_defaults_supervised.json",
                "--supervised",
                "--supervised --sets colon --variants defaults --splits 1",
            ),
        ),
        data=True,
    ),
    one("stable_selection", "selection", 25, "--seeds 0 --cases '50 by F' --true 50"),
    one(
        *("number_of_features", "selection", 60, "--sets lung_small --splits 1"),
        data=True,
    ),
]
OTHERS = [
    Benchmark(
        *("rbm", "boltzmann", 120),
        (
            Run(
                "rbm.json",
                quick="--parts likelihood --sets mushrooms --contestants SET "
                "--hidden 20 --epochs 1 --seeds 1",
            ),
            Run(
                "rbm.json",
                "--parts likelihood --sets mnist --hidden 2500 --epochs 60 "
                "--epsilon 40 --seeds 1",
            ),
        ),
        data=True,
    ),
    one("rbm_defaults", "boltzmann", 30, "--sets mushrooms --variants 1", data=True),
    Benchmark(
        *("continual", "continual", 90),
        (
            Run(
                "continual.json",
                quick="--sets split_isolet --learners naive --seeds 1",
            ),
            Run(
                "continual.json",
                "--sets split_isolet --learners separate dense_naive ewc replay",
                libraries=("avalanche",),
            ),
            Run("continual.json", "--sets split_isolet --grid"),
        ),
        data=True,
        needs="avalanche-lib for the second run",
    ),
    Benchmark(
        *("set_cnn", "torch", 60),
        (
            Run(
                "set_cnn.json",
                "--rows 5000",
                "--sets fashion_mnist --rows 200 --epochs 1 --rates 0.001 --seeds 0 "
                "--models dense 'SET, 2 %'",
            ),
            Run(
                "set_cnn.json",
                "--sets fashion_mnist --rows 5000 --parts widths --rates 0.001 "
                "--seeds 0 --resume",
            ),
        ),
        data=True,
        libraries=("torch", "skorch"),
    ),
    one(
        *("onnx_models", "onnx", 15, "--cases 1"),
        data=True,
        libraries=("onnx", "skl2onnx", "onnxruntime"),
    ),
    one(
        *("onnx_large", "onnx", 5, "--units 3000 --rows 1"),
        libraries=("onnx", "onnxruntime"),
        needs="10 GB of memory",
    ),
]
BENCHMARKS = {
    benchmark.name: benchmark
    for benchmark in STEPS + TRAININGS + SCALING + ACCURACIES + SELECTIONS + OTHERS
}


def drawn(name, page, minutes, file=""):
    """Return a script that draws pictures; they take the place of the old ones."""
    runs = (Run(file, quick=""),)
    told = {"libraries": ("matplotlib",), "folder": "docs/pictures"}
    return Benchmark(name, page, minutes, runs, **told)


PICTURES = {
    picture.name: picture
    for picture in (
        drawn("evolving_layer", "index", 0.5, "evolving_layer.svg"),
        drawn("idea", "idea", 1),
        drawn("learning_curve", "inspection", 0.5),
        drawn("selections_and_machines", "inspection", 2),
        drawn("topologies", "inspection", 0.5),
    )
}
