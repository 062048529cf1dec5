"""Do intervals of forecast coverage hold the coverage of the problems themselves?"""

import numpy as np
import pytest

from isoflop.testtime.forecasts.forecast import METHODS, forecast

TRIALS = 100
FAR = np.array([64.0, 640.0, 6400.0])
NIL = 5e-4
"""A twentieth of a point of percent: a truth of 1 - 1e-9 above an upper end of 1 - 1e-6 is no miss."""


@pytest.mark.slow
@pytest.mark.parametrize(("alpha", "beta"), [(0.3, 2.0), (0.6, 0.4)])
def test_forecasts_cover_the_problems_at_hand(alpha: float, beta: float) -> None:
    held: dict[str, list[np.ndarray]] = {name: [] for name in METHODS}
    for trial in range(TRIALS):
        rng = np.random.default_rng([11, trial])
        rates = rng.beta(alpha, beta, 120)
        made = forecast(np.full(120, 64), rng.binomial(64, rates), FAR, rng=rng, draws=100)
        truth = (1 - (1 - rates[:, None]) ** FAR).mean(axis=0)
        for name, one in made.by.items():
            held[name].append((one.interval[0] - NIL <= truth) & (truth <= one.interval[1] + NIL))
    for name, inside in held.items():
        share = np.mean(inside, axis=0)
        # Nominal 0.9; three standard errors of 100 trials are 0.09.
        assert np.all(share >= 0.81), (name, share)
