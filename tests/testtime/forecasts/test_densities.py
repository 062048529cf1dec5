"""Densities on cells: against sums over fine mixtures, differences, and the fit of one distribution."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import expit, gammaln

from isoflop.testtime.forecasts.cells import Cells, cells_for
from isoflop.testtime.forecasts.densities import KINDS, Density, Kind, density_of
from isoflop.testtime.forecasts.difficulty import Difficulty
from isoflop.testtime.forecasts.distributions import fit_difficulty

N, C = np.array([8.0, 8, 8, 5]), np.array([0.0, 2, 8, 1])
TIMES = np.array([[5.0, 3, 1, 2]])


def small(scale: float = 1.0) -> Cells:
    """Cells of a few small counts."""
    return cells_for(N, C, scale, 8.0)


def away(density: Density, seed: int = 0) -> np.ndarray:
    """Coefficients near no maximum."""
    return density.start + 0.3 * np.random.default_rng(seed).standard_normal((1, len(density.start)))


def log_likelihood(density: Density, at: np.ndarray, impossible: float) -> float:
    """The penalised log-likelihood of the counts."""
    return float(density.slopes(at, np.array([impossible]), TIMES)[0][0])


@pytest.mark.parametrize("scale", [1.0, 0.7])
@pytest.mark.parametrize("kind", KINDS)
def test_chances_are_sums_over_a_fine_mixture(kind: Kind, scale: float) -> None:
    """A density that is even inside every cell, by 200 rates in each."""
    cells = small(scale)
    density = density_of(kind, cells)
    at = away(density)
    share = density.weights(at)[0]
    assert share.sum() == pytest.approx(1)
    p = scale * expit(cells.t[:, None] + cells.width[:, None] * ((np.arange(200) + 0.5) / 200 - 0.5))
    for pi in (0.0, 0.3):
        chance = [
            (1 - pi) * float(share @ (p**c * (1 - p) ** (n - c)).mean(axis=1)) + pi * (c == 0)
            for n, c in zip(N, C, strict=True)
        ]
        penalty = float((density.stiff * (at - density.start) ** 2).sum()) / 2
        expected = float(TIMES[0] @ (np.log(chance) - cells.height)) - penalty
        assert log_likelihood(density, at, pi) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("impossible", [0.0, 0.25])
@pytest.mark.parametrize("kind", KINDS)
def test_slopes_are_those_of_differences(kind: Kind, impossible: float) -> None:
    density = density_of(kind, small(0.9))
    at, pi, step = away(density), np.array([impossible]), 1e-4
    _, slope, bend = density.slopes(at, pi, TIMES)
    for one in range(at.shape[1]):
        moved = step * np.eye(at.shape[1])[one]
        up, down = (density.slopes(at + sign * moved, pi, TIMES) for sign in (1, -1))
        assert slope[0, one] == pytest.approx((up[0][0] - down[0][0]) / (2 * step), abs=1e-6)
        np.testing.assert_allclose(bend[0, one], (up[1][0] - down[1][0]) / (2 * step), atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_no_impossible_problems_are_none_to_the_last_bit(kind: Kind) -> None:
    density = density_of(kind, small())
    at = away(density)
    own = np.log(density.weights(at) @ density.cells.chance.T)[0]
    penalty = (density.stiff * (at - density.start) ** 2).sum() / 2
    assert log_likelihood(density, at, 0.0) == float((TIMES[0] * own).sum() - penalty)


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_a_scaled_beta_is_the_one_that_is_fitted_elsewhere(scale: float) -> None:
    rng = np.random.default_rng(0)
    n, c = np.full(400, 50), rng.binomial(50, scale * rng.beta(0.4, 1.5, 400))
    exact = fit_difficulty(n, c, scale=scale)
    density = density_of("scaled beta", cells_for(n, c, scale, 5000.0))
    found = density.climb(density.start[None], np.zeros(1), np.ones((1, 400)))
    assert found.at[0] == pytest.approx([exact.difficulty.alpha, exact.difficulty.beta], rel=0.01)
    choose = gammaln(51) - gammaln(c + 1) - gammaln(51 - c)
    mean = (found.value[0] + (density.cells.height + choose).sum()) / 400
    assert mean == pytest.approx(exact.log_likelihood, abs=1e-3)
    # Far below the rates that the counts tell apart, too.
    cells = density.cells
    p = scale * expit(cells.t[:, None] + cells.width[:, None] * ((np.arange(200) + 0.5) / 200 - 0.5))
    failed = density.weights(found.at)[0] @ ((1 - p) ** 5000).mean(axis=1)
    own = Difficulty(float(found.at[0, 0]), float(found.at[0, 1]), scale)
    assert failed == pytest.approx(float(own.failure(5000)), rel=0.02)


def test_normal_log_odds_are_found() -> None:
    rng = np.random.default_rng(1)
    n, c = np.full(3000, 60), rng.binomial(60, expit(-2 + 1.5 * rng.standard_normal(3000)))
    density = density_of("normal log-odds", cells_for(n, c, 1.0, 60.0))
    share = density.weights(density.climb(density.start[None], np.zeros(1), np.ones((1, 3000))).at)[0]
    mean = float(share @ density.cells.t)
    assert mean == pytest.approx(-2, abs=0.12)
    assert np.sqrt(share @ (density.cells.t - mean) ** 2) == pytest.approx(1.5, rel=0.05)


def test_a_free_form_has_room_for_two_heaps() -> None:
    rng = np.random.default_rng(2)
    p = np.where(rng.random(600) < 0.5, 0.03, 0.85)
    cells = cells_for(np.full(600, 60), rng.binomial(60, p), 1.0, 60.0)
    value, middle = {}, {}
    for kind in KINDS:
        density = density_of(kind, cells)
        found = density.climb(density.start[None], np.zeros(1), np.ones((1, 600)))
        value[kind] = float(found.evidence(density)[0])
        middle[kind] = float(density.weights(found.at)[0][np.abs(cells.t + 0.7) < 1].sum())
    assert value["free form"] > max(value["scaled beta"], value["normal log-odds"]) + 20
    assert middle["free form"] < 0.5 * min(middle["scaled beta"], middle["normal log-odds"])


def test_evidence_integrates_the_heights_of_bumps() -> None:
    """One bump whose height has a normal density beforehand, by quadrature at the best other coefficients."""
    rng = np.random.default_rng(3)
    cells = cells_for(np.full(600, 20), rng.binomial(20, rng.beta(1, 2, 600)), 1.0, 20.0)
    free = density_of("free form", cells)
    density = replace(free, basis=free.basis[:, [0, 1, 5]], start=free.start[[0, 1, 5]], stiff=free.stiff[[0, 1, 5]])
    ones = np.ones((1, 600))
    peak = density.climb(density.start[None], np.zeros(1), ones)

    def best(height: float) -> float:
        """Likelihood at a height, the other two at their best."""
        stiff = np.array([*density.stiff[:2], 1e9])
        held = replace(density, start=np.array([*density.start[:2], height]), stiff=stiff)
        found = held.climb(np.array([[*peak.at[0, :2], height]]), np.zeros(1), ones)
        return float(found.value[0]) - density.stiff[2] * height**2 / 2

    top = best(float(peak.at[0, 2]))
    assert top == pytest.approx(float(peak.value[0]), abs=1e-2)
    area = quad(lambda height: np.exp(best(height) - top), -9, 9, limit=40, epsrel=1e-3)[0]
    exact = top + np.log(area) + np.log(density.stiff[2] / (2 * np.pi)) / 2
    assert float(peak.evidence(density)[0]) == pytest.approx(exact, abs=0.15)


def test_many_searches_end_where_single_ones_do() -> None:
    rng = np.random.default_rng(4)
    density = density_of("free form", cells_for(np.full(80, 30), rng.binomial(30, rng.beta(0.5, 1, 80)), 1.0, 30.0))
    weights, pi = rng.standard_exponential((6, 80)), np.linspace(0, 0.1, 6)
    many = density.climb(np.tile(density.start, (6, 1)), pi, weights)
    for one in range(6):
        alone = density.climb(density.start[None], pi[one : one + 1], weights[one : one + 1])
        np.testing.assert_allclose(many.at[one], alone.at[0], rtol=1e-6, atol=1e-8)
    _, slope, bend = density.slopes(many.at, pi, weights)
    # What a further Newton step would still gain is far below what draws differ by.
    gain = np.einsum("dm,dm->d", slope, np.linalg.solve(-bend, slope[..., None])[..., 0])
    assert np.all(np.abs(gain) < 1e-3)
