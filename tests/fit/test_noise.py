"""Noise from seeds is the noise that was there."""

import numpy as np

from isoflop.fit.noise import seed_noise
from isoflop.laws import as_law
from isoflop.runs.table import RunTable


def test_two_seeds_a_size_give_the_noise_without_bias():
    """The logarithm of a standard deviation of two is .635 too low on average; the line makes up for it."""
    rng = np.random.default_rng(0)
    sizes = np.geomspace(1e7, 1e10, 400)
    params = np.repeat(sizes, 2)
    sigma = 0.02 * (params / 1e7) ** -0.2
    loss = (2 + 400 * params**-0.34) * np.exp(sigma * rng.standard_normal(800))
    runs = RunTable.from_columns({"params": params, "loss": loss})
    found = seed_noise(runs, as_law("E + A/N^alpha"), "loss")
    # 400 groups of one degree of freedom: the level is known to 1.11/sqrt(400) = 5.5 %.
    assert np.abs(np.log(found / sigma)).max() < 0.2
    assert abs(np.log(found / sigma).mean()) < 0.12


def test_noise_is_not_extrapolated_beyond_the_sizes_with_seeds():
    rng = np.random.default_rng(1)
    params = np.concatenate([np.repeat([1e7, 1e8], 6), [1e6, 1e9]])
    loss = (2 + 400 * params**-0.34) * np.exp(0.01 * rng.standard_normal(14))
    found = seed_noise(RunTable.from_columns({"params": params, "loss": loss}), as_law("E + A/N^alpha"), "loss")
    assert found[-2] == found[0]
    assert found[-1] == found[6]
