import numpy as np
import pytest
import reference
from model.cases import OUTPUTS as NAMES
from reference import assert_close

from skset.model import OUTPUTS, log_softmax

dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])


def test_every_output_is_tested():
    assert set(NAMES) == set(OUTPUTS)


@pytest.mark.parametrize("name", NAMES)
@dtypes
def test_outputs_are_the_functions_of_their_names(name, dtype):
    Z = np.random.default_rng(0).standard_normal((3, 23)).astype(dtype)
    predicted = OUTPUTS[name](Z)
    assert predicted.dtype == dtype
    expected = reference.OUTPUTS[name](Z.T.astype("float64"))
    assert_close(predicted.T, expected, dtype)


@pytest.mark.parametrize("axis", [0, 1])
def test_log_softmax_is_the_logarithm_of_the_softmax(axis):
    Z = np.random.default_rng(0).standard_normal((3, 5))
    expected = np.log(np.exp(Z) / np.exp(Z).sum(axis=axis, keepdims=True))
    assert_close(log_softmax(Z, axis), expected)


@dtypes
def test_log_softmax_of_far_out_sums_is_finite(dtype):
    Z = 1000 * np.random.default_rng(0).standard_normal((3, 5)).astype(dtype)
    assert np.isfinite(log_softmax(Z)).all()
