"""Measures of continual learning, on matrices made by hand."""

import numpy as np
import pytest

from skset.metrics import (
    average_accuracy,
    backward_transfer,
    forgetting,
    forward_transfer,
)

# Three tasks. The first falls from 0.75 to 0.5, the second rises from 0.5 to 0.625.
HAND_MADE = np.array([[0.75, 0.25, 0.5], [0.875, 0.5, 0.375], [0.5, 0.625, 1.0]])
NAN = np.nan
PAIRS = [backward_transfer, forgetting]


def test_the_average_is_that_of_the_last_row():
    assert average_accuracy(HAND_MADE) == (0.5 + 0.625 + 1.0) / 3
    assert average_accuracy([[0.5]]) == 0.5


def test_backward_transfer_compares_the_end_with_the_diagonal():
    assert backward_transfer(HAND_MADE) == (-0.25 + 0.125) / 2


def test_forgetting_compares_the_end_with_the_best():
    assert forgetting(HAND_MADE) == ((0.875 - 0.5) + (0.5 - 0.625)) / 2


def test_forward_transfer_looks_before_or_after_the_task():
    baseline = [0.0, 0.125, 0.25]
    before = forward_transfer(HAND_MADE, baseline)
    assert before == ((0.25 - 0.125) + (0.375 - 0.25)) / 2
    after = forward_transfer(HAND_MADE, baseline, when="after")
    assert after == ((0.5 - 0.125) + (1.0 - 0.25)) / 2


def test_what_is_not_needed_may_be_nan():
    learned = np.where(np.tri(3, dtype=bool), HAND_MADE, NAN)
    assert backward_transfer(learned) == backward_transfer(HAND_MADE)
    assert forgetting(learned) == forgetting(HAND_MADE)
    forward_transfer(learned, [NAN, 0.5, 0.5], when="after")
    with pytest.raises(ValueError, match="not finite"):
        forward_transfer(learned, [0.5, 0.5, 0.5])


@pytest.mark.parametrize("measure", [average_accuracy, *PAIRS])
@pytest.mark.parametrize(
    "wrong", [[0.5, 0.5], np.ones((2, 3)), np.ones((0, 0))], ids=str
)
def test_a_matrix_that_is_not_square_is_refused(measure, wrong):
    with pytest.raises(ValueError, match="a row and a column for each task"):
        measure(wrong)


@pytest.mark.parametrize("measure", PAIRS)
def test_one_task_cannot_be_forgotten(measure):
    with pytest.raises(ValueError, match="2 at least"):
        measure([[0.5]])


def test_other_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="baseline must have 3 numbers"):
        forward_transfer(HAND_MADE, [0.5])
    with pytest.raises(ValueError, match="when must be"):
        forward_transfer(HAND_MADE, [0.5] * 3, when="never")
    with pytest.raises(ValueError, match="not finite"):
        average_accuracy([[NAN]])
