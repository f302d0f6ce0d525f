"""Searches whose scores must not depend on where the fits run, and their threads."""

import numpy as np
from sklearn.datasets import make_classification, make_regression
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skset import SETClassifier, SETRegressor, SparseRBM


def data(n_samples=60, numbers=False):
    make = make_regression if numbers else make_classification
    return make(n_samples, n_features=6, n_informative=4, random_state=0)


def grid_search(**params):
    """Return the scores of a grid search, and its best parameters."""
    small = {"hidden_layer_sizes": (8,), "max_iter": 3, "random_state": 0, **params}
    grid = {"epsilon": [2, 20], "zeta": [0.1, 0.3]}
    search = GridSearchCV(SETClassifier(**small), grid, cv=2).fit(*data())
    return results(search)


def halving():
    """Return the results of successive halving by epochs, with all defaults.

    A warning is an error here, as it is in all tests: none is expected.
    """
    grid = {"epsilon": [2, 20], "zeta": [0.1, 0.3], "hidden_layer_sizes": [(4,), (8,)]}
    budget = {"resource": "max_iter", "min_resources": 2, "max_resources": 18}
    search = HalvingGridSearchCV(
        SETClassifier(random_state=0), grid, cv=2, random_state=0, **budget
    )
    found = results(search.fit(*data()))
    assert search.n_resources_ == [2, 6]
    return *found, search.best_estimator_.n_iter_


def results(search):
    names = [f"split{k}_test_score" for k in range(2)]
    return [search.cv_results_[name].tolist() for name in names], search.best_params_


def cross_validated():
    """Return the scores of a regressor, and of a machine in a pipeline."""
    model = SETRegressor((8,), max_iter=20, learning_rate="cosine", random_state=0)
    scores = cross_val_score(model, *data(numbers=True), cv=3)
    machine = SparseRBM(8, n_iter=3, random_state=0)
    pipeline = make_pipeline(MinMaxScaler(clip=True), machine, LogisticRegression())
    return [*scores, *cross_val_score(pipeline, *data(), cv=3)]


SEARCHES = [grid_search, halving, cross_validated]


def threads_used(folder, n_fits=2, n_jobs=-1):
    """Make a search, and return how many threads each process used for a fit.

    Parameters
    ----------
    folder : pathlib.Path
        An empty folder for messages.
    n_fits : int, default=2
        Folds of the cross-validation.
    n_jobs : int, default=-1
        Of the estimator.

    Returns
    -------
    threads : dict
        The most threads at once, by number of the process.
    """

    def rate(progress):
        """Return a learning rate; on the way note the team of the training that asks.

        It is found among the callers. To look at all objects would hold some that
        another thread is just making.
        """
        import inspect
        import os
        import uuid

        from skset.training import Training

        frame = inspect.currentframe().f_back
        while not isinstance(asking := frame.f_locals.get("self"), Training):
            frame = frame.f_back
        team = asking.team
        n = team.n_threads if team._helpers else 1
        (folder / uuid.uuid4().hex).write_text(f"{os.getpid()} {n}")
        return 0.01

    model = SETClassifier((8,), max_iter=2, learning_rate=rate, n_jobs=n_jobs)
    assert np.isfinite(cross_val_score(model, *data(), cv=n_fits)).all()
    threads: dict[int, int] = {}
    for path in folder.iterdir():
        process, n = map(int, path.read_text().split())
        threads[process] = max(n, threads.get(process, 0))
    return threads
