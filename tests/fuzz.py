"""Run the property tests over and over with fresh seeds, from the repository's root.

``python -m tests.fuzz --minutes 60`` takes the properties in turn, each in a process of
its own, so that a crash is found as well. It prints how many examples were tried and
refused, and for what fell the seed and the example; then it goes on. It ends with
status 1 if anything fell. ``--property NAME --seed N`` runs one of them once.
"""

import argparse
import importlib
import inspect
import json
import secrets
import subprocess
import sys
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path

TESTS = Path(__file__).parent
ROOT = TESTS.parent
SLICE = 30  # seconds for a property before the next one has its turn
SHOWN = 60  # lines of a failure
REPORT = "fuzz: "


def names():
    """Return the names of all properties, as ``module:function``."""
    return [name for path in property_files() for name in properties_of(path)]


def property_files():
    return sorted((TESTS / "properties").glob("test_*.py"))


def properties_of(path):
    """Return a dictionary of the properties and machines in a file."""
    module = importlib.import_module(f"properties.{path.stem}")
    return {
        f"{path.stem}:{name}": thing
        for name, thing in vars(module).items()
        if is_machine(thing) or (name.startswith("test_") and is_property(thing))
    }


def is_property(thing):
    return getattr(thing, "is_hypothesis_test", False)


def is_machine(thing):
    """Return whether it is a class of random sequences of calls."""
    from hypothesis.stateful import RuleBasedStateMachine as Base

    return inspect.isclass(thing) and issubclass(thing, Base) and thing is not Base


# In a process of its own: one property, seed after seed.


def prepare():
    """Make the tests importable, with fresh examples in every run."""
    sys.path[:0] = [str(ROOT), str(TESTS)]
    from properties.profiles import load

    load("fuzz")
    warnings.simplefilter("error")


def run_one(name, seed, seconds):
    """Run a property with this seed and the next ones; return what came of it."""
    stem = name.partition(":")[0]
    thing = properties_of(TESTS / "properties" / f"{stem}.py")[name]
    tried, run = counted(thing)
    end = time.monotonic() + seconds
    while True:
        print(f"{name}, seed {seed}", flush=True)
        try:
            run(seed)
        except BaseException:
            traceback.print_exc()
            return report(name, tried, seed)
        if time.monotonic() >= end:
            return report(name, tried)
        seed += 1


def counted(thing):
    """Return a counter of examples, and a function that runs the property once."""
    from hypothesis import seed as seeded

    tried: Counter[str] = Counter()
    if is_machine(thing):
        return tried, lambda seed: run_machine(thing, seed, tried)
    inner = thing.hypothesis.inner_test

    def counting(*args, **kwargs):
        tried["examples"] += 1
        return inner(*args, **kwargs)

    thing.hypothesis.inner_test = counting
    return tried, lambda seed: seeded(seed)(thing)()


def run_machine(machine, seed, tried):
    """Run a state machine once, whose every sequence of calls is an example."""
    from hypothesis import seed as seeded
    from hypothesis.stateful import run_state_machine_as_test

    def counting():
        tried["examples"] += 1
        return machine()

    seeded(seed)(counting)
    run_state_machine_as_test(counting, settings=machine.TestCase.settings)


def report(name, tried, seed=None):
    """Print what came of a property, and return the exit status."""
    from properties.cases import refusals

    found = {"name": name, "tried": tried["examples"], "seed": seed}
    print(REPORT + json.dumps({**found, "refused": sum(refusals.values())}))
    return int(seed is not None)


# In the process that is called: one child after the other.


def run_all(minutes, only):
    """Run the properties in turn until the time is over; return the exit status."""
    end = time.monotonic() + 60 * minutes
    totals: dict[str, Counter] = {name: Counter() for name in only or names()}
    while time.monotonic() < end:
        for name, total in totals.items():
            left = end - time.monotonic()
            if left > 0:
                total.update(run_child(name, min(SLICE, left)))
    print(f"\n{'examples':>9} {'refused':>8} {'failures':>8}  property")
    for name, total in totals.items():
        numbers = total["tried"], total["refused"], total["failures"]
        print("{:>9} {:>8} {:>8}  {}".format(*numbers, name))
    return int(any(total["failures"] for total in totals.values()))


def run_child(name, seconds):
    """Run one property in a process of its own; print and count what fell."""
    seed = secrets.randbelow(2**32)
    command = [sys.executable, "-X", "faulthandler", "-m", "tests.fuzz"]
    command += ["--property", name, "--seed", str(seed), "--seconds", str(seconds)]
    child = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    lines = child.stdout.splitlines()
    found = [json.loads(x.removeprefix(REPORT)) for x in lines if x.startswith(REPORT)]
    if child.returncode == 0 and found:
        return {"tried": found[0]["tried"], "refused": found[0]["refused"]}
    last = next((line for line in reversed(lines) if ", seed " in line), name)
    print(f"\nFAILED {last} (status {child.returncode})")
    print("\n".join(child.stderr.splitlines()[-SHOWN:]), flush=True)
    counts = {"failures": 1}
    if found:
        counts |= {"tried": found[0]["tried"], "refused": found[0]["refused"]}
    return counts


def main():
    """Read the command line, run, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument(
        "--property", action="append", help="module:name; all if absent"
    )
    parser.add_argument("--seed", type=int, help="run one property once, here")
    parser.add_argument("--seconds", type=float, default=0, help="go on with the next")
    given = parser.parse_args()
    prepare()
    if given.seed is None:
        return run_all(given.minutes, given.property)
    return run_one(given.property[0], given.seed, given.seconds)


if __name__ == "__main__":
    sys.exit(main())
