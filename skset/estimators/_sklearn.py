"""The only file that imports scikit-learn's private names.

Every name that scikit-learn may rename is imported here. Its callbacks exist from
version 1.9 on. For older versions there are stand-ins that do nothing.
"""

import re
from collections.abc import Callable
from typing import Any, Self

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils import _safe_indexing as safe_indexing
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    Options,
    RealNotInt,
    StrOptions,
    validate_parameter_constraints,
)
from sklearn.utils.metaestimators import available_if as _available_if
from sklearn.utils.multiclass import (
    _check_partial_fit_first_call as check_partial_fit_first_call,
)
from sklearn.utils.validation import _check_sample_weight

from skset.estimators._columns import refuse_dates
from skset.estimators._types import Array, Function

try:
    from sklearn.callback import CallbackSupportMixin
    from sklearn.callback import with_callbacks as _with_callbacks
except ImportError:  # scikit-learn before 1.9

    class _NoCallbacks:
        """Answers every call of a callback context and does nothing."""

        parent = source_task_name = None

        def subcontext(self, **kwargs: Any) -> Self:
            return self

        def call_on_fit_task_begin(self, **kwargs: Any) -> Self:
            return self

        def call_on_fit_task_end(self, **kwargs: Any) -> bool:
            return False

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stand-in for scikit-learn's mixin."""

        def _init_callback_context(self, **kwargs: Any) -> _NoCallbacks:
            return _NoCallbacks()

    def _with_callbacks(method: Function) -> Function:
        """Return the method as it is."""
        return method


__all__ = [
    "CallbackSupportMixin",
    "HasMethods",
    "Interval",
    "Options",
    "RealNotInt",
    "StrOptions",
    "available_if",
    "callback_transport",
    "check_partial_fit_first_call",
    "checked_part_of_weights",
    "checked_sample_weight",
    "fit_context",
    "safe_indexing",
    "validate_parameter_constraints",
    "with_callbacks",
]


def callback_transport() -> Any:
    """Return the module by which scikit-learn's callbacks talk between processes.

    It is imported when it is asked for: it is the newest of the private names, and only
    a callback that keeps records needs it.
    """
    try:
        from sklearn.callback import _transport
    except ImportError as error:
        raise ImportError(
            "Callbacks that keep records need scikit-learn 1.9 or later."
        ) from error
    return _transport


# Decorators, with the types that scikit-learn's do not have: without them a decorated
# method has no signature for a type checker.


def available_if(check: Callable[[Any], bool]) -> Callable[[Function], Function]:
    """Return scikit-learn's decorator: the method exists if the check says so."""
    decorator: Callable[[Function], Function] = _available_if(check)
    return decorator


def fit_context(
    *, prefer_skip_nested_validation: bool
) -> Callable[[Function], Function]:
    """Return scikit-learn's decorator: the method begins by checking parameters."""
    decorator: Callable[[Function], Function] = _fit_context(
        prefer_skip_nested_validation=prefer_skip_nested_validation
    )
    return decorator


def with_callbacks(method: Function) -> Function:
    """Return the method, which ends what its callbacks began."""
    decorated: Function = _with_callbacks(method)
    return decorated


def checked_sample_weight(
    sample_weight: Any, X: Any, name: str = "sample_weight"
) -> Array:
    """Return finite non-negative float64 weights with at least one above 0, or raise.

    An error always has the name of the parameter in it.
    """
    refuse_dates(sample_weight, name)
    try:
        # One complex number would lose its imaginary part; arrays are checked below.
        if isinstance(sample_weight, (complex, np.complexfloating)):
            raise ValueError("Complex data not supported.")
        weight: Array = _check_sample_weight(
            sample_weight, X, dtype="float64", ensure_non_negative=True
        )
        if not weight.any():  # scikit-learn checks this from 1.9 on
            raise ValueError(
                "Sample weights must contain at least one non-zero number."
            )
        if not np.isfinite(weight).all():  # scikit-learn does not check one number
            raise ValueError("Sample weights must be finite.")
    except (TypeError, ValueError) as error:
        if re.search(rf"\b{name}\b", str(error)):
            raise
        raise type(error)(f"{name}: {error}") from error
    return weight


def checked_part_of_weights(sample_weight: Any, X: Any) -> Array:
    """Return weights of some rows of many: here all of them may be 0."""
    given = np.asarray(sample_weight)
    fits = given.dtype.kind in "biuf" and given.shape in ((), (X.shape[0],))
    if fits and not given.any():
        return np.zeros(X.shape[0])
    return checked_sample_weight(sample_weight, X)
