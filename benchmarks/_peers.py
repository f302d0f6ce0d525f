"""Selectors of other packages, where these are installed: none is needed by skset."""

from importlib.util import find_spec

import numpy as np
from _selectors import Selector, best, dense
from sklearn.ensemble import RandomForestClassifier

__all__ = ["ABSENT", "PEERS"]


def lassonet_path(task):
    """Rank by how long a feature stays on LassoNet's path, with its defaults."""
    import torch
    from lassonet import LassoNetClassifier

    torch.set_num_threads(1)
    model = LassoNetClassifier(
        device="cpu", verbose=0, random_state=task.seed, torch_seed=task.seed
    )
    X = dense(task.X).astype(np.float32)
    model.fit(X, np.unique(task.y, return_inverse=True)[1])
    return best(model.feature_importances_.numpy(), task.k)


def boruta_ranks(task):
    """Rank by Boruta's decision, then by the mean importance in its forests."""
    from boruta import BorutaPy

    forest = RandomForestClassifier(max_depth=5, class_weight="balanced", n_jobs=1)
    model = BorutaPy(forest, n_estimators="auto", random_state=task.seed)
    model.fit(dense(task.X), task.y)
    importances = np.nanmean(model.importance_history_[1:], axis=0)
    return best(-model.ranking_, task.k, importances)


def relief_weights(task):
    from skrebate import ReliefF

    counts = np.unique(task.y, return_counts=True)[1]
    model = ReliefF(
        n_features_to_select=task.k,
        n_neighbors=int(np.clip(counts.min() - 1, 1, 100)),
        label_type="binary" if len(counts) == 2 else "multiclass",
        n_jobs=1,
    )
    model.fit(dense(task.X).astype(float), task.y)
    return best(model.feature_importances_, task.k)


_ALL = {  # package, and what it selects with
    "LassoNet": ("lassonet", Selector(lassonet_path, 150_000, 5_000, True)),
    "Boruta": ("boruta", Selector(boruta_ranks, 150_000, 5_000, True)),
    "ReliefF": ("skrebate", Selector(relief_weights, 2_000_000, 1_000, True)),
}
PEERS = {name: peer for name, (package, peer) in _ALL.items() if find_spec(package)}
ABSENT = {name: package for name, (package, _) in _ALL.items() if name not in PEERS}
