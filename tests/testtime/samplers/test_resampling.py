"""Weights of particles and who lives on."""

import numpy as np
import pytest

from isoflop.errors import InputError
from isoflop.testtime.samplers.resampling import effective_particles, normalised, resample, step_weights


def test_effective_size_runs_from_one_to_all():
    assert effective_particles(np.zeros(7)) == pytest.approx(7)
    assert effective_particles([0.0, -np.inf, -np.inf]) == 1.0


def test_weights_survive_any_common_factor():
    logs = np.array([-1e4, -1e4 - 1, -1e4 - 2])
    assert normalised(logs) == pytest.approx(normalised(logs + 1e4))


def test_odds_are_clipped_as_in_the_library():
    assert step_weights([0.0, 1.0], "odds") == pytest.approx([-16.11809555, 16.11809555])
    assert step_weights([0.0, 1.0]).tolist() == [-np.inf, 0.0]


@pytest.mark.parametrize("scheme", ["multinomial", "systematic"])
def test_offspring_are_unbiased(scheme, rng):
    weights = np.array([0.05, 0.0, 0.15, 0.8])
    counts = np.array([np.bincount(resample(weights, 10, rng=rng, scheme=scheme), minlength=4) for _ in range(4000)])
    error = counts.std(axis=0) / np.sqrt(4000)
    assert (np.abs(counts.mean(axis=0) - 10 * weights) <= 4 * error + 1e-12).all()


def test_systematic_offspring_are_within_one_of_their_share(rng):
    for _ in range(200):
        weights = rng.dirichlet(np.ones(6))
        counts = np.bincount(resample(weights, 50, rng=rng, scheme="systematic"), minlength=6)
        assert (np.abs(counts - 50 * weights) < 1).all()


@pytest.mark.parametrize("scores", [[1.5], [-0.1], [np.nan], [0.2, 2.0]])
def test_scores_are_chances(scores):
    with pytest.raises(InputError, match="no probability"):
        step_weights(scores)


@pytest.mark.parametrize("logs", [[], [-np.inf, -np.inf], [np.nan, 0.0], [np.inf]])
def test_no_weight_is_left(logs):
    with pytest.raises(InputError, match="No particle"):
        normalised(logs)


@pytest.mark.parametrize("weights", [[0, 0], [-1, 2], [np.nan, 1], [np.inf, 1], []])
def test_weights_are_not_negative(weights, rng):
    with pytest.raises(InputError, match="0 or more"):
        resample(weights, 3, rng=rng)


def test_unknown_words():
    with pytest.raises(InputError, match="score, odds"):
        step_weights([0.5], "logit")
    with pytest.raises(InputError, match="multinomial, systematic"):
        resample([1.0], 1, rng=np.random.default_rng(0), scheme="residual")
