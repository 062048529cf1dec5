"""Intervals from samples hold the truth as often as they say: the kept simulation, and a fresh piece of it."""

import json

import numpy as np
import pytest
from experiments.sample_coverage import DESIGNS, LEVEL, RESULT, areas_hold, forecasts_hold

SLACK = 0.025
KEPT = json.loads(RESULT.read_text(encoding="utf-8"))
ERROR = (LEVEL * (1 - LEVEL) / KEPT["simulations"]) ** 0.5
"""Standard error of a share in the kept simulation."""


@pytest.mark.parametrize("name", list(DESIGNS))
def test_forecasts_hold_the_coverage_of_these_problems(name):
    """Too often is no failure of a power law that has to allow for its form."""
    for method, shares in KEPT["forecasts"][name].items():
        assert min(shares) >= LEVEL - SLACK - 2 * ERROR, (name, method, shares)
        if method != "power law":
            assert np.mean(shares) <= LEVEL + SLACK + ERROR, (name, method, shares)


@pytest.mark.parametrize("name", list(KEPT["areas"]))
def test_areas_are_held(name):
    for share in KEPT["areas"][name]:
        assert abs(share - LEVEL) <= SLACK + 2 * ERROR, (name, share)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(DESIGNS))
def test_a_fresh_piece_of_the_forecasts(name):
    """Other seeds; three standard errors of allowance."""
    count = 80
    allowed = SLACK + 3 * (LEVEL * (1 - LEVEL) / count) ** 0.5
    for method, shares in forecasts_hold(name, range(10_000, 10_000 + count)).items():
        assert min(shares) >= LEVEL - allowed, (name, method, shares)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "problems"), [("scores", 60), ("rare errors", 150)])
def test_a_fresh_piece_of_the_areas(kind, problems):
    count = 200
    allowed = SLACK + 3 * (LEVEL * (1 - LEVEL) / count) ** 0.5
    for share in areas_hold(kind, problems, range(10_000, 10_000 + count)):
        assert abs(share - LEVEL) <= allowed, (kind, problems, share)
