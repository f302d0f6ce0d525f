import numpy as np
import pytest

from skset.metrics import selection_stability


def masks(n_features, *selections):
    return np.array([np.isin(np.arange(n_features), chosen) for chosen in selections])


# r common ones of k_1 and k_2 in n, and what the formulas say by hand.
@pytest.mark.parametrize(
    ("selections", "kuncheva", "jaccard"),
    [
        (masks(10, [0, 1, 2], [0, 1, 2]), 1, 1),
        (masks(10, [0, 1], [2, 3]), (0 - 0.4) / (2 - 0.4), 0),
        (masks(4, [0, 1], [0, 2]), 0, 1 / 3),
        (masks(10, [0, 1, 2, 3], [2, 3, 4, 5]), (2 - 1.6) / (4 - 1.6), 2 / 6),
        (masks(10, [0, 1], [0, 1, 2, 3, 4]), (2 - 1) / (2 - 1), 2 / 5),
        (masks(5, [], []), 1, 1),
        (masks(5, [], [1]), 0, 0),
        (masks(3, [0, 1, 2], [0, 1, 2]), 1, 1),
        (masks(3, [0, 1, 2], [0]), 0, 1 / 3),
    ],
)
def test_of_a_pair(selections, kuncheva, jaccard):
    assert selection_stability(selections) == pytest.approx(kuncheva)
    assert selection_stability(selections, index="jaccard") == pytest.approx(jaccard)


def test_of_several_is_the_mean_over_all_pairs():
    selections = masks(10, [0, 1], [0, 1], [2, 3])
    assert selection_stability(selections, index="jaccard") == pytest.approx(1 / 3)
    assert selection_stability(selections) == pytest.approx((1 - 0.25 - 0.25) / 3)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_random_selections_have_none_whatever_their_size(share):
    rng = np.random.default_rng(0)
    n = 200
    selections = [rng.permutation(n) < share * n for _ in range(60)]
    assert abs(selection_stability(selections)) < 0.02


def test_lists_of_masks_are_taken():
    assert selection_stability([[True, False], [True, False]]) == 1.0


@pytest.mark.parametrize(
    ("selections", "message"),
    [
        (masks(4, [0]), "At least 2 selections"),
        ([[0, 1], [1, 2]], "boolean masks"),
        ([True, False], "boolean masks"),
        (np.zeros((2, 0), bool), "boolean masks"),
        (np.zeros((0, 2), bool), "boolean masks"),
    ],
)
def test_what_are_no_selections_is_refused(selections, message):
    with pytest.raises(ValueError, match=message):
        selection_stability(selections)


def test_an_unknown_index_is_refused():
    with pytest.raises(ValueError, match="jaccard"):
        selection_stability(masks(4, [0], [1]), index="dice")
