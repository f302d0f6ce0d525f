"""Numbers of the ways to learn that can forget, chosen on the first tasks of one seed.

What forgets depends on the penalty, on the steps and on a strength or a memory. So each
of these ways gets the best of its list: the greatest accuracy over three tasks of a
seed that is not among those measured. Of two that are equal the first is taken.
"""

from itertools import product

from skset.metrics import average_accuracy

__all__ = ["LISTS", "tuned"]

SEED, N_TASKS = 1000, 3
ADAM = [{"learning_rate_init": rate} for rate in ("auto", 1e-3, 3e-4)]
SGD = {"solver": "sgd", "learning_rate_init": 0.05, "weight_init": "he"}
SHORT = {"batch_size": 64, "max_iter": 10}
RATES = [{"rate": rate} for rate in (1e-3, 3e-4)]


def each(*lists):
    """Return every combination of one dict of each list."""
    return [{k: v for d in dicts for k, v in d.items()} for dicts in product(*lists)]


LISTS = {
    "naive_alpha": [{"alpha": 1e-4}],  # nothing to choose, but a weak penalty
    "naive_tuned": each(
        [{"alpha": 1e-4}], [{"zeta": 0.0}, {"zeta": 0.5}], [*ADAM, {**SGD, **SHORT}]
    ),
    "dense_naive": RATES,
    "ewc": each(RATES, [{"ewc_lambda": 10.0**power} for power in range(1, 8)]),
    "replay": each(RATES, [{"mem_size": rows} for rows in (50, 200, 500)]),
}


def tuned(name, learn, tasks_of, density):
    """Return the parameters that a learner is measured with; {} if it has no list.

    ``tasks_of(seed)`` returns the sequence of a seed.
    """
    if name not in LISTS:
        return {}
    tasks = tasks_of(SEED)[:N_TASKS]

    def accuracy(params):
        try:
            accuracies, _ = learn(tasks, SEED, density, **params)
        except ValueError:  # training has diverged
            return 0.0
        return average_accuracy(accuracies)

    return max(LISTS[name], key=accuracy)
