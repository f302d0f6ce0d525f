"""What `to_onnx` says of estimators and parameters that do not fit."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from with_onnx.runs import THREE, X, classifier, continual

import skset
from skset.onnx import to_onnx

NAMES = ["ContinualSETClassifier", "QuickSelection", "SETClassifier", "SETRegressor"]


@pytest.mark.parametrize("name", [*NAMES, "SparseRBM"])
def test_an_estimator_that_is_not_fitted(name):  # row 32
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        to_onnx(getattr(skset, name)())


@pytest.mark.parametrize(
    "given", [None, 3, LinearRegression().fit(X, THREE), skset.SETClassifier]
)
def test_no_estimator_of_skset(given):
    with pytest.raises(TypeError, match="An estimator of skset is needed"):
        to_onnx(given)


@pytest.mark.parametrize("given", [np.complex64, np.longdouble, "M8[s]", str, object])
def test_types_that_x_cannot_have(given):
    with pytest.raises(TypeError, match="input_dtype must be a real type of ONNX"):
        to_onnx(classifier(), input_dtype=given)


@pytest.mark.parametrize("given", [12, 1000, -1, 17.0, "17"])
def test_opsets_that_there_are_not(given):
    with pytest.raises(ValueError, match="target_opset must be an integer from 13 to"):
        to_onnx(classifier(), target_opset=given)


def test_a_task_must_be_named_if_there_are_several():
    with pytest.raises(ValueError, match="There are several tasks"):
        to_onnx(continual())
    with pytest.raises(ValueError, match="Task 'third' is unknown"):
        to_onnx(continual(), task="third")


def test_other_estimators_have_no_tasks():
    with pytest.raises(ValueError, match="SETClassifier has no tasks, got 'first'"):
        to_onnx(classifier(), task="first")
