"""Models in onnxruntime: the same answers, the bytes of files, and the time of rows.

    python benchmarks/onnx_models.py --data ../shared/data

Each estimator is fitted, made an ONNX model by `skset.onnx` (Pipelines by skl2onnx),
and run by onnxruntime on all its rows. "difference" is the greatest one from what the
estimator itself says: of probabilities and features as it is, of numbers as a share of
the greatest. Then one row and 1,000 rows are timed beside scikit-learn's
dense network of the same units, which skl2onnx converts. One thread each, medians of
interleaved runs. Fits are short: nothing here depends on what was learned.
"""

import argparse
import math
import subprocess
import sys
import tempfile
import time
import warnings
from itertools import islice
from pathlib import Path

import numpy as np
import onnxruntime
import skl2onnx
from _onnx_cases import cases
from _onnx_tables import WIDE, equality_rows, memory_rows, size_rows, time_rows
from _report import print_table, write_json
from sklearn.base import is_classifier
from threadpoolctl import threadpool_limits

from skset.onnx import to_onnx

# Rows of a call, turns, and calls in each of them: those of one row are short.
ROWS = {"1": (1, 31, 10), "1000": (1000, 25, 1)}
TURNS_OF_WIDE = 9
LOAD = """
import sys, numpy, onnxruntime
def now():
    [line] = [line for line in open("/proc/self/status") if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1e3
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
before = now()
session = onnxruntime.InferenceSession(sys.argv[1], options)
session.run(None, {"X": numpy.zeros((1, session.get_inputs()[0].shape[1]), "f4")})
print(now() - before)
"""
PEERS = "onnx", "skl2onnx", "onnxruntime"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="../shared/data")
    parser.add_argument("--cases", type=int, help="only the first so many")
    parser.add_argument("--out", default="benchmarks/results/onnx_models.json")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    results = []
    with threadpool_limits(1):
        for case in islice(cases(options.data), options.cases):
            results.append(measured(case))
            print(results[-1], flush=True)
    for rows in (equality_rows, size_rows, time_rows, memory_rows):
        header, *others = rows(results)
        print_table(header, others)
    write_json(options.out, results, peers=PEERS)


def measured(case):
    """Return the figures of a case."""
    model = case.model.fit(case.X, case.y)
    own = type(model).__module__.startswith("skset.")
    made = {"auto": to_onnx(model) if own else converted(model, case.X)}
    if own:
        made["gather"] = to_onnx(model, sparse="gather")
        made["dense"] = to_onnx(model, sparse=False)
    if case.rival is not None:
        rival = case.rival.fit(case.X[:200], case.y[:200])
        made["MLP"] = converted(rival, case.X)
    contestants = {name: session(model) for name, model in made.items()}
    differences = {
        name: compared(model, ask(case.X), case)
        for name, ask in contestants.items()
        if name != "MLP"
    }
    shares = [share for _, share in differences.values()]
    contestants["skset"] = said_by(model)
    wide = case.kind == WIDE
    return {
        "set": case.name,
        "model": case.kind,
        "rows": len(case.X),
        "columns": case.X.shape[1],
        "difference": max(gap for gap, _ in differences.values()),
        "agreement": None if math.isnan(shares[0]) else min(shares),
        "bytes": {name: len(m.SerializeToString()) for name, m in made.items()},
        "megabytes": {name: memory(m) for name, m in made.items()} if wide else {},
        "seconds": {
            rows: timed(contestants, case.X, n, TURNS_OF_WIDE if wide else turns, calls)
            for rows, (n, turns, calls) in ROWS.items()
        },
    }


def converted(model, X):
    """Return the model that skl2onnx makes, with probabilities as a matrix."""
    options = {id(model): {"zipmap": False}} if is_classifier(model) else None
    return skl2onnx.to_onnx(model, X[:1], options=options)


def session(model):
    """Return a function that asks onnxruntime."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    found = onnxruntime.InferenceSession(model.SerializeToString(), options)
    return lambda X: found.run(None, {"X": X})


def said_by(model):
    """Return the method of an estimator that has most to say."""
    for name in ("predict_proba", "predict", "transform"):
        if hasattr(model, name):
            return getattr(model, name)
    raise TypeError(f"{model!r} says nothing")


def compared(model, found, case):
    """Return the greatest difference of numbers, and the share of equal labels.

    The share is NaN where there are none.
    """
    expected = said_by(model)(case.X)
    numbers = found[-1].reshape(expected.shape)
    gap = np.abs(numbers - expected).max(axis=0)
    if not is_classifier(model):
        unit = 1.0 if case.y is None else np.abs(expected).max(axis=0)
        return float(np.max(gap / unit)), math.nan
    return float(gap.max()), float(np.mean(found[0] == model.predict(case.X)))


def memory(model):
    """Return by how many MB a process grows that loads a model and asks for a row."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        path.write_bytes(model.SerializeToString())
        command = [sys.executable, "-c", LOAD, str(path)]
        return float(subprocess.run(command, capture_output=True, check=True).stdout)


def timed(contestants, X, n_rows, n_turns, n_calls):
    """Return the median seconds of a call of each contestant."""
    rows = np.resize(X, (n_rows, X.shape[1]))
    seconds = {name: [] for name in contestants}
    for _ in range(n_turns):
        for name, ask in contestants.items():
            ask(rows)  # whoever was before it has filled the caches
            began = time.perf_counter()
            for _ in range(n_calls):
                ask(rows)
            seconds[name].append((time.perf_counter() - began) / n_calls)
    return {name: float(np.median(times)) for name, times in seconds.items()}


if __name__ == "__main__":
    main()
