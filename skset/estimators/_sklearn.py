"""The one door through which scikit-learn's private names come in.

Whatever scikit-learn may rename is imported here and nowhere else. Its callbacks exist
from version 1.9 on; before, stand-ins do nothing.
"""

import re

import numpy as np
from sklearn.base import _fit_context as fit_context
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    Options,
    RealNotInt,
    StrOptions,
    validate_parameter_constraints,
)
from sklearn.utils.multiclass import (
    _check_partial_fit_first_call as check_partial_fit_first_call,
)
from sklearn.utils.validation import _check_sample_weight

from skset.estimators._columns import refuse_dates

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # scikit-learn before 1.9

    class _NoCallbacks:
        """Answers every call of a callback context and does nothing."""

        def subcontext(self, **kwargs):
            return self

        def call_on_fit_task_begin(self, **kwargs):
            return self

        def call_on_fit_task_end(self, **kwargs):
            return False

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stand-in for scikit-learn's mixin."""

        def _init_callback_context(self, **kwargs):
            return _NoCallbacks()

    def with_callbacks(method):
        """Return the method as it is."""
        return method


__all__ = [
    "CallbackSupportMixin",
    "HasMethods",
    "Interval",
    "Options",
    "RealNotInt",
    "StrOptions",
    "check_partial_fit_first_call",
    "checked_sample_weight",
    "fit_context",
    "validate_parameter_constraints",
    "with_callbacks",
]


def checked_sample_weight(sample_weight, X, name="sample_weight"):
    """Return finite non-negative float64 weights, of which one at least is positive.

    An error always has the name of the parameter in it.
    """
    refuse_dates(sample_weight, name)
    try:
        # One such number would lose its imaginary part; arrays are looked at below.
        if isinstance(sample_weight, (complex, np.complexfloating)):
            raise ValueError("Complex data not supported.")
        weight = _check_sample_weight(
            sample_weight, X, dtype="float64", ensure_non_negative=True
        )
        if not weight.any():  # scikit-learn checks this from 1.9 on
            raise ValueError(
                "Sample weights must contain at least one non-zero number."
            )
        if not np.isfinite(weight).all():  # scikit-learn does not look at one number
            raise ValueError("Sample weights must be finite.")
    except (TypeError, ValueError) as error:
        if re.search(rf"\b{name}\b", str(error)):
            raise
        raise type(error)(f"{name}: {error}") from error
    return weight
