"""The defaults of SparseRBM, one at a time, on the parts of binary tables to choose by.

    python benchmarks/rbm_defaults.py --data ../shared/data

256 hidden units; log-likelihood in nats of the validation part, its partition function
by annealed importance sampling; one seed. MNIST is left out, as it takes too long.
"""

import argparse
import time

from _boltzmann import BINARY_SETS, binary_table
from _report import print_table, write_json
from threadpoolctl import threadpool_limits

from skset import SparseRBM
from skset.metrics import log_likelihood

VARIANTS = [
    {},
    {"learning_rate": 0.03},
    {"learning_rate": 0.05},
    {"learning_rate": 0.3},
    {"learning_rate_schedule": "constant"},
    {"momentum": 0.5, "learning_rate": 0.5},
    {"alpha": 0.0},
    {"alpha": 1e-3},
    {"batch_size": 10},
    {"batch_size": 50},
    {"n_iter": 10},
    {"n_iter": 100},
    {"n_gibbs": 3},
    {"persistent": True, "learning_rate": 0.01},
    {"zeta": 0.1},
    {"zeta": 0.5},
    {"zeta_schedule": "cosine"},
    {"drop": "magnitude"},
    {"newborn": "init"},
    {"method": "static"},
]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of the .npz files")
    names = [name for name in BINARY_SETS if name != "mnist"]
    parser.add_argument("--sets", nargs="+", default=names, choices=names)
    parser.add_argument("--variants", type=int, help="only the first so many")
    parser.add_argument("--out", default="benchmarks/results/rbm_defaults.json")
    options = parser.parse_args()
    names = options.sets
    tables = [binary_table(options.data, name) for name in names]
    results = []
    with threadpool_limits(1):
        for variant in VARIANTS[: options.variants]:
            began = time.perf_counter()
            machines = [
                SparseRBM(256, random_state=0, **variant).fit(table.train)
                for table in tables
            ]
            seconds = time.perf_counter() - began
            found = [
                log_likelihood(rbm, table.valid, n_steps=2000, random_state=0)[0]
                for rbm, table in zip(machines, tables, strict=True)
            ]
            results.append(
                {
                    "variant": variant,
                    "seconds": seconds,
                    "log_likelihood": dict(zip(names, found, strict=True)),
                }
            )
    print_table(["", *names, "seconds"], [row(result) for result in results])
    write_json(options.out, results)


def row(result):
    variant = ", ".join(f"{k}={v}" for k, v in result["variant"].items())
    found = [f"{value:.2f}" for value in result["log_likelihood"].values()]
    return [variant or "defaults", *found, f"{result['seconds']:.1f}"]


if __name__ == "__main__":
    main()
