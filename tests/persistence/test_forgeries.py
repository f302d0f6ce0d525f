"""A thousand forged files; `forgeries.py` makes as many more as one likes."""

import random

import pytest
from persistence.forgeries import forged, sources, tried

N_FILES = 1000


@pytest.mark.filterwarnings("ignore:The network took only")
def test_a_thousand_forged_files_raise_value_errors_or_nothing(tmp_path):
    rng, given, found = random.Random(0), sources(tmp_path), []
    for _ in range(N_FILES):
        found.append(tried(forged(rng.choice(given), rng), tmp_path / "forged.npz"))
    assert found.count("refused") > N_FILES // 2
    assert found.count("predicts") > N_FILES // 50  # a changed weight, for one
