"""SparseRBM beside scikit-learn's BernoulliRBM, and the same machine without evolution.

    python benchmarks/rbm.py --data ../shared/data

Five parts, each of which can be run alone with ``--parts``:

- reconstruction: coil20, two thirds for training, 200 hidden units, epsilon 10, up to
  1000 epochs; the squared difference between test images and their reconstruction.
- likelihood: test log-likelihood on binary tables (`_boltzmann.py` tells how each is
  divided), its partition function by annealed importance sampling.
- features: logistic regression on 500 hidden units, and on raw pixels, of digits and of
  10,000 images of MNIST.
- speed: samples per second at 784-5000 and batch 100, one thread each, interleaved.
- memory: peak of training 100,000 visible and 20,000 hidden units.

Contestants: "SET"; "static", the same random topology never evolved; "dense", the same
recipe at density 1; "Bernoulli", scikit-learn's. In the parts on quality each one's
settings are chosen on the validation part among a few, with the first seed; the test
part is looked at after the last epoch of the chosen ones, with every seed.
"""

import argparse
import json
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
from _boltzmann import BINARY_SETS, binary_table, image_table, reconstruction_table
from _report import print_table, write_json
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import BernoulliRBM
from threadpoolctl import threadpool_limits

from skset import SparseRBM
from skset.metrics import log_likelihood

CONTESTANTS = ["SET", "static", "dense", "Bernoulli"]
# Settings that each may choose among. BernoulliRBM's chains are always persistent, its
# rate is constant, and a step is not lengthened by momentum.
RATES = [{"learning_rate": rate} for rate in (0.03, 0.1, 0.3)]
BERNOULLI = [{"learning_rate": rate} for rate in (0.001, 0.003, 0.01, 0.03, 0.1)]
PHASES = {
    "CD": [{"learning_rate": rate, "n_gibbs": 3} for rate in (0.1, 0.3)],
    "PCD": [{"learning_rate": r, "persistent": True} for r in (0.003, 0.01, 0.03)],
}
# Epochs on each binary table: so many that none has less than about 10,000 steps, but
# nips, whose 400 rows are learned by heart.
EPOCHS = {
    "mushrooms": 200,
    "connect4": 30,
    "adult": 100,
    "nips": 60,
    "ocr_letters": 100,
    "rcv1": 50,
    "mnist": 30,
}


def main():
    options = parsed()
    warnings.simplefilter("ignore", ConvergenceWarning)
    path = Path(options.out)
    results = json.loads(path.read_text())["results"] if path.exists() else {}
    with threadpool_limits(1):
        for part in options.parts:
            for title, figures in PARTS[part](options):
                of_part = results.setdefault(part, {})
                of_part[title] = {**of_part.get(title, {}), **figures}
                write_json(options.out, results)


def parsed():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of the .npz files")
    parser.add_argument("--parts", nargs="+", default=list(PARTS), choices=PARTS)
    parser.add_argument("--sets", nargs="+", default=BINARY_SETS, choices=BINARY_SETS)
    parser.add_argument("--contestants", nargs="+", default=CONTESTANTS)
    parser.add_argument("--hidden", type=int, default=500, help="units, likelihood")
    parser.add_argument("--phases", nargs="+", default=list(PHASES), choices=PHASES)
    parser.add_argument("--rate", type=float, help="likelihood, in place of a choice")
    parser.add_argument(
        "--epsilon", type=float, default=11, help="likelihood, features"
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, help="in place of each part's own")
    parser.add_argument("--repeats", type=int, default=7, help="of the timing")
    parser.add_argument("--out", default="benchmarks/results/rbm.json")
    return parser.parse_args()


def machine(contestant, seed, **params):
    """Return an unfitted machine; BernoulliRBM gets those parameters that it has."""
    if contestant == "Bernoulli":
        known = {k: v for k, v in params.items() if k in BernoulliRBM().get_params()}
        return BernoulliRBM(random_state=seed, **known)
    own = {
        "SET": {},
        "static": {"method": "static"},
        "dense": {"method": "static", "density": 1.0},
    }[contestant]
    return SparseRBM(random_state=seed, **{**params, **own})


def n_parameters(rbm):
    """Return the numbers of weights and of biases, added up."""
    weights = rbm.components_
    n_weights = weights.nnz if hasattr(weights, "nnz") else weights.size
    return n_weights + sum(weights.shape)


def fitted(rbm, X):
    """Return the machine, fitted to X, and the seconds that it took."""
    began = time.perf_counter()
    rbm.fit(X)
    return rbm, time.perf_counter() - began


def chosen_and_judged(contestants, candidates, seeds, train, choose, judge, **params):
    """Return the figures of each contestant with the settings that it chose.

    ``candidates(name)`` are settings, ``choose(rbm)`` is greater for a better machine,
    ``judge(rbm)`` returns a dict of figures.
    """
    figures = {}
    for name in contestants:
        tried = []
        for settings in candidates(name):
            run = fitted(machine(name, 0, **params, **settings), train)
            tried.append((choose(run[0]), settings, run))
        _, settings, run = max(tried, key=lambda attempt: attempt[0])
        runs = [run] + [
            fitted(machine(name, seed, **params, **settings), train)
            for seed in range(1, seeds)
        ]
        figures[name] = {
            "settings": {**params, **settings},
            "tried": [[settings, float(score)] for score, settings, _ in tried],
            "parameters": int(n_parameters(run[0])),
            **summary([{**judge(rbm), "seconds": seconds} for rbm, seconds in runs]),
        }
    return figures


def summary(runs):
    """Return mean and deviation of each figure over the runs."""
    return {
        key: {
            "mean": float(np.mean([run[key] for run in runs])),
            "deviation": float(np.std([run[key] for run in runs], ddof=1))
            if len(runs) > 1
            else None,
        }
        for key in runs[0]
    }


def show(title, figures, keys):
    def cell(figure):
        spread = figure["deviation"]
        return f"{figure['mean']:.4g}" + (f" ± {spread:.2g}" if spread else "")

    print()
    print_table(
        [title, "parameters", "settings", *keys],
        [
            [
                name,
                f"{run['parameters']:,}",
                chosen(name, run["settings"]),
                *(cell(run[key]) for key in keys),
            ]
            for name, run in figures.items()
        ],
    )


def chosen(name, settings):
    """Return what was chosen, in few letters."""
    persistent = name == "Bernoulli" or settings.get("persistent")
    phase = "PCD" if persistent else f"CD-{settings.get('n_gibbs', 1)}"
    return f"{phase}, {settings['learning_rate']:g}"


def mean_reconstruction(rbm, X):
    """Return P(v | h) for h = P(h | X)."""
    if isinstance(rbm, SparseRBM):
        return rbm.reconstruct(X)
    sums = rbm.transform(X) @ rbm.components_ + rbm.intercept_visible_
    return 1 / (1 + np.exp(-sums))


def reconstruction(options):
    """Measure how well machines rebuild images of coil20 that they have not seen."""
    n_epochs = options.epochs or 1000
    splits = []
    for seed in range(options.seeds):
        table = reconstruction_table(options.data, seed)

        def error(rbm, X):
            return float(np.mean((mean_reconstruction(rbm, X) - X) ** 2))

        splits.append(
            chosen_and_judged(
                options.contestants,
                lambda name: BERNOULLI if name == "Bernoulli" else RATES,
                1,
                table.train,
                lambda rbm, table=table: -error(rbm, table.valid),
                lambda rbm, table=table: {"mse": error(rbm, table.test)},
                n_components=200,
                epsilon=10,
                n_iter=n_epochs,
                batch_size=10,
            )
        )
    figures = {name: over_splits(name, splits, n_epochs) for name in splits[0]}
    title = f"coil20, {n_epochs} epochs, {options.seeds} splits"
    show(title, figures, ["mse", "ms_per_epoch"])
    yield title, figures


def over_splits(name, splits, n_epochs):
    """Return the figures of one contestant, over all splits."""
    runs = [
        {
            "mse": split[name]["mse"]["mean"],
            "ms_per_epoch": 1e3 * split[name]["seconds"]["mean"] / n_epochs,
        }
        for split in splits
    ]
    chosen_on = [split[name]["settings"] for split in splits]
    return {**splits[0][name], "settings_by_split": chosen_on, **summary(runs)}


def likelihood(options):
    """Measure test log-likelihoods, in nats."""
    ours = [settings for phase in options.phases for settings in PHASES[phase]]
    if options.rate:
        ours = [{**PHASES[options.phases[0]][0], "learning_rate": options.rate}]
    for name in options.sets:
        table = binary_table(options.data, name)
        n_epochs = options.epochs or EPOCHS[name]

        def judge(rbm, table=table):
            """Return the estimate, its error, and what a fifth of the steps gives."""
            (value, error), (coarse, _) = (
                log_likelihood(
                    rbm, table.test, n_chains=200, n_steps=n_steps, random_state=0
                )
                for n_steps in (5000, 1000)
            )
            return {"test": value, "ais_error": error, "with_fewer_steps": coarse}

        figures = chosen_and_judged(
            options.contestants,
            lambda name: BERNOULLI if name == "Bernoulli" else ours,
            options.seeds,
            table.train,
            lambda rbm, table=table: cautious_likelihood(rbm, table.valid),
            judge,
            n_components=options.hidden,
            epsilon=options.epsilon,
            n_iter=n_epochs,
            batch_size=20,
        )
        title = f"{name}, {options.hidden} hidden, {n_epochs} epochs"
        if options.epsilon != 11:
            title += f", epsilon {options.epsilon:g}"
        show(title, figures, ["test", "ais_error", "with_fewer_steps", "seconds"])
        yield title, figures


def cautious_likelihood(rbm, X):
    """Return the log-likelihood less three standard errors.

    An estimate whose chains went astray is rather too high, and must not be chosen.
    """
    value, error = log_likelihood(rbm, X, n_chains=100, n_steps=2000, random_state=0)
    return value - 3 * error


def features(options):
    """Measure a linear classifier on hidden units, and on the raw pixels."""
    for name in ("digits", "mnist"):
        table = image_table(options.data, name)

        def linear_model(transformed, table=table):
            """Return the model on transformed images, C chosen on those set aside."""
            train, valid = transformed(table.train), transformed(table.valid)
            models = [
                LogisticRegression(C=C, max_iter=300).fit(train, table.y_train)
                for C in (0.01, 0.1, 1, 10)
            ]
            return max(models, key=lambda model: model.score(valid, table.y_valid))

        def on_hidden(rbm, X, y, linear_model=linear_model):
            return float(linear_model(rbm.transform).score(rbm.transform(X), y))

        figures = chosen_and_judged(
            [name for name in options.contestants if name != "dense"],
            lambda name: BERNOULLI if name == "Bernoulli" else RATES,
            options.seeds,
            table.train,
            lambda rbm, table=table, on_hidden=on_hidden: on_hidden(
                rbm, table.valid, table.y_valid
            ),
            lambda rbm, table=table, on_hidden=on_hidden: {
                "accuracy": on_hidden(rbm, table.test, table.y_test)
            },
            n_components=500,
            epsilon=options.epsilon,
            n_iter=options.epochs or 30,
            batch_size=20,
        )
        title = (
            name if options.epsilon == 11 else f"{name}, epsilon {options.epsilon:g}"
        )
        show(title, figures, ["accuracy", "seconds"])
        raw = float(linear_model(lambda X: X).score(table.test, table.y_test))
        print(f"raw pixels: {raw:.4f}")
        yield title, {**figures, "raw pixels": raw}


def speed(options):
    """Time three epochs, with two evolutions, on 2,000 samples of MNIST's shape.

    SparseRBM computes in float32 whatever X is, BernoulliRBM in the type of X.
    """
    X = np.random.default_rng(0).random((2000, 784), np.float32)
    X *= X > 0.8
    shape = {"n_components": 5000, "batch_size": 100, "n_iter": 3}
    machines = {
        "SET": SparseRBM(epsilon=11, random_state=0, **shape),
        "SET, 2 threads": SparseRBM(epsilon=11, random_state=0, n_jobs=2, **shape),
        "Bernoulli": BernoulliRBM(random_state=0, **shape),
    }
    inputs = {"float32": X, "float64": X.astype(float)}
    contestants = [(name, dtype) for dtype in inputs for name in machines]
    seconds = {contestant: [] for contestant in contestants}
    for rbm in machines.values():
        rbm.fit(X[:200])  # compilation and first touch of the memory
    for _ in range(options.repeats):
        for name, dtype in contestants:
            _, taken = fitted(machines[name], inputs[dtype])
            seconds[name, dtype].append(taken / shape["n_iter"])
    medians = {who: float(np.median(times)) for who, times in seconds.items()}
    rows = [
        [
            f"{name}, X in {dtype}",
            f"{len(X) / median:,.0f}",
            f"{medians['Bernoulli', dtype] / median:.1f}",
        ]
        for (name, dtype), median in medians.items()
    ]
    print()
    print_table(["784-5000, batch 100", "samples per second", "ratio"], rows)
    for (name, dtype), median in medians.items():
        yield f"{name}, {dtype}", {"samples_per_second": len(X) / median}


WIDE = """
import resource, time
import numpy as np
from scipy import sparse
from skset import SparseRBM

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

rng = np.random.default_rng(0)
indptr = np.arange(0, 200_001, 100)
ones = np.ones(200_000, np.float32)
columns = rng.integers(100_000, size=200_000)
X = sparse.csr_array((ones, columns, indptr), (2000, 100_000))
X.sum_duplicates()
X.data[:] = 1
SparseRBM(n_iter=1).fit(X[:, :100])
before, began = peak(), time.perf_counter()
rbm = SparseRBM(20_000, n_iter=2, batch_size=20, random_state=0).fit(X)
print(time.perf_counter() - began, rbm.nnz_, before, peak())
"""


def memory(options):
    """Measure the peak memory of 100,000 visible and 20,000 hidden units."""
    done = subprocess.run(
        [sys.executable, "-c", WIDE], capture_output=True, text=True, check=True
    )
    seconds, nnz, before, peak = map(float, done.stdout.split())
    unit = 1024 if sys.platform == "linux" else 1
    figures = {
        "connections": int(nnz),
        "peak_mb": round(peak * unit / 1e6),
        "before_fit_mb": round(before * unit / 1e6),
        "seconds_per_epoch": round(seconds / 2, 1),
    }
    print()
    print_table(list(figures), [[str(value) for value in figures.values()]])
    yield "100,000 x 20,000", figures


PARTS = {
    "reconstruction": reconstruction,
    "likelihood": likelihood,
    "features": features,
    "speed": speed,
    "memory": memory,
}

if __name__ == "__main__":
    main()
