"""SET-CNN: dense and sparse heads behind the same convolutions.

    python benchmarks/set_cnn.py --data ../shared/data --rows 10000
    python benchmarks/set_cnn.py --data ../shared/data --parts widths --resume

28 x 28 - 16 maps - 32 maps - 1568-1000-1000-10, kernels of 3 x 3, batch normalisation,
pooling; Adam with a cosine from each of `--rates`, batches of 128. Heads have He's
initial weights, by the fan-in that a unit really has, and for one seed the same
convolutions at first. The accuracy is that on the test set after the last epoch.
Differences are those of the same seed, mean and standard error. No head has a final
drop.

"heads" has the dense head, SET at 1, 2 and 5 %, static, RigL and GraNet at 2 %, a dense
head with as many weights as 2 %, and `SETConvClassifier` with SET at 2 %. "widths" has
dense and static heads at 2 %, 250 to 2,000 units wide. One thread. `--resume` leaves
out what the file has.
"""

import argparse
import math
import time
from itertools import product

import numpy as np
import torch
from _data import load_images
from _report import print_table, stored, with_others, write_json
from _set_cnn_nets import BATCH, CHANNELS, Head, build, cost, train

from skset.torch import SETConvClassifier

SHAPE = (1, 28, 28)
N_MAPS = CHANNELS[-1] * 7 * 7
WIDTHS = (250, 500, 1000, 2000)
KEYS = ("set", "rows", "epochs", "rate", "model", "seed")
ESTIMATOR = "SETConvClassifier, 2 %"


def equal_width(n_weights):
    """Return the width of two dense hidden layers with so many weights in all."""
    return round((math.sqrt(N_MAPS**2 + 4 * n_weights) - N_MAPS) / 2)


HEADS = {
    "dense": Head(),
    "SET, 1 %": Head(density=0.01, method="set"),
    "SET, 2 %": Head(density=0.02, method="set"),
    "SET, 5 %": Head(density=0.05, method="set"),
    "static, 2 %": Head(density=0.02),
    "RigL, 2 %": Head(density=0.02, method="rigl"),
    "GraNet, 2 %": Head(density=0.02, method="granet"),
    "dense, as many weights": Head((equal_width(0.02 * 1000 * (N_MAPS + 1000)),) * 2),
    ESTIMATOR: Head(density=0.02, method="set"),
}
OF_WIDTHS = {
    f"{kind}, {n} wide": Head((n, n), density)
    for n in WIDTHS
    for kind, density in (("dense", None), ("static 2 %", 0.02))
}
PARTS = {"heads": HEADS, "widths": OF_WIDTHS}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of the .npz files")
    parser.add_argument("--sets", nargs="+", default=["mnist", "fashion_mnist"])
    parser.add_argument("--parts", nargs="+", default=["heads"], choices=PARTS)
    parser.add_argument("--models", nargs="+", help="names of the heads; default all")
    parser.add_argument("--rows", type=int, help="train on the first rows only")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--rates", type=float, nargs="+", default=[0.001, 0.003])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--out", default="benchmarks/results/set_cnn.json")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name in options.sets:
        data = standardised(*load_images(options.data, name), options.rows)
        for part, rate in product(options.parts, options.rates):
            cells(name, PARTS[part], data, rate, options)
            report(name, PARTS[part], len(data[0]), rate, options)


def standardised(X, y, X_test, y_test, rows):
    """Return tensors of images in units of the training set, and labels."""
    X, y = X[:rows], y[:rows]
    shift, scale = X.mean(), X.std()
    parts = [(part - shift) / scale for part in (X, X_test)]
    X, X_test = (torch.tensor(part).reshape(-1, *SHAPE) for part in parts)
    return X, torch.tensor(y).long(), X_test, torch.tensor(y_test).long()


def cells(name, heads, data, rate, options):
    """Measure each head with each seed; the file grows cell by cell."""
    for seed in options.seeds:
        for model in options.models or heads:
            if model not in heads:
                continue
            values = name, len(data[0]), options.epochs, rate, model, seed
            case = dict(zip(KEYS, values, strict=True))
            if options.resume and case in known(options.out):
                continue
            measure = measured_estimator if model == ESTIMATOR else measured
            result = case | measure(heads[model], seed, data, options.epochs, rate)
            print(result, flush=True)
            results = with_others(options.out, [result], KEYS)
            write_json(options.out, results, told=False, peers=["torch", "skorch"])


def known(path):
    """Return the cases that a file has."""
    return [{key: result[key] for key in KEYS} for result in stored(path)]


def measured(head, seed, data, epochs, rate):
    """Return the figures of a training by hand."""
    X, y, X_test, y_test = data
    net = build(head, SHAPE, seed)
    _, seconds, cpu = train(net, head, X, y, epochs, rate)
    accuracy = float((logits(net, X_test).argmax(1) == y_test).double().mean())
    layers = [part for part in net.hidden if hasattr(part, "weight")]
    return {
        "accuracy": accuracy,
        "weights": sum(layer.weight.numel() for layer in layers),
        "seconds": seconds,
        "cpu_seconds": cpu,
        **cost(net.train(), SHAPE),
    }


@torch.no_grad()
def logits(net, X):
    return torch.cat([net.eval()(part) for part in X.split(500)])


def measured_estimator(head, seed, data, epochs, rate):
    """Return the figures of `SETConvClassifier` with the same network and recipe."""
    X, y, X_test, y_test = (part.numpy() for part in data)
    model = SETConvClassifier(
        head.widths,
        channels=CHANNELS,
        density=head.density,
        method=head.method,
        final_drop=False,
        alpha=0.0,
        batch_size=BATCH,
        learning_rate_init=rate,
        max_iter=epochs,
        random_state=seed,
    )
    began = time.perf_counter(), time.process_time()
    model.fit(X, y)
    ended = time.perf_counter(), time.process_time()
    seconds, cpu = ((b - a) / epochs for a, b in zip(began, ended, strict=True))
    return {
        "accuracy": model.score(X_test, y_test),
        "weights": model.nnz_,
        "seconds": seconds,
        "cpu_seconds": cpu,
        **cost(model.module_.train(), SHAPE),
    }


def report(name, heads, rows, rate, options):
    """Print the table of one set: all that the file has for these rows and epochs."""
    found = {model: {} for model in heads}
    for result in stored(options.out):
        same = tuple(result[key] for key in KEYS[:4])
        if same == (name, rows, options.epochs, rate) and result["model"] in found:
            found[result["model"]][result["seed"]] = result
    print(f"\n{name}, {rows:,} images, {options.epochs} epochs, rate {rate}")
    header = ["", "accuracy", "over dense", "over static", "weights", "s per epoch"]
    header += ["head, ms", "net, ms", "head, MB", "net, MB"]
    print_table(header, [line(model, found) for model in found if found[model]])


def line(model, found):
    """Return the figures of a head, and its lead over two others."""
    runs = found[model]
    ending = model.split(", ")[-1] if "wide" in model else None
    dense = f"dense, {ending}" if ending else "dense"
    static = f"static 2 %, {ending}" if ending else "static, 2 %"
    keys = ("weights", "cpu_seconds", "head_ms", "net_ms", "head_mb", "net_mb")
    middle = [np.median([run[key] for run in runs.values()]) for key in keys]
    forms = ("{:,.0f}", "{:.1f}", "{:.1f}", "{:.1f}", "{:.2f}", "{:.2f}")
    return [
        model,
        f"{100 * np.mean([run['accuracy'] for run in runs.values()]):.2f}",
        lead(runs, found.get(dense, {})),
        lead(runs, found.get(static, {})),
        *(form.format(x) for form, x in zip(forms, middle, strict=True)),
    ]


def lead(runs, others):
    """Return the mean difference of common seeds in points, and its standard error."""
    both = runs.keys() & others.keys()
    if not both or runs is others:
        return ""
    gaps = [100 * (runs[s]["accuracy"] - others[s]["accuracy"]) for s in both]
    if len(gaps) == 1:
        return f"{gaps[0]:+.2f}"
    return f"{np.mean(gaps):+.2f} ± {np.std(gaps, ddof=1) / math.sqrt(len(gaps)):.2f}"


if __name__ == "__main__":
    main()
