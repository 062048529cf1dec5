"""Optimal designs: the reference's sections D6 and D11."""

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.papers.support import assert_prints_as

from isoflop import laws
from isoflop.fit import fit_law
from isoflop.plan.design.shares import best_shares, elfving
from isoflop.runs.table import RunTable

HOFFMANN = {"A": 406.4, "B": 410.7, "E": 1.69, "alpha": 0.34, "beta": 0.28}
SKALING = {"A": 3909, "B": 3.352e4, "E": 1.7920, "alpha": 0.4526, "beta": 0.4866, "k": 0.737}
SIZES = np.geomspace(10**7.5, 1e10, 12)


def rungs(reach: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Candidates of a line in ln C from 1 on, and the target's slopes."""
    flops = np.exp(np.linspace(0.0, np.log(40.0), 40_001))
    return flops, np.array([1.0, -np.log(reach)])


@pytest.mark.parametrize("reach", [1e3, 1e6, 1e30])
def test_two_rungs_lie_a_factor_of_12_896_apart(reach: float) -> None:
    flops, target = rungs(reach)
    found = elfving(np.stack([np.ones_like(flops), -np.log(flops)], axis=1), target, 1.0, flops)
    low, high = flops[found.support[0]], flops[found.support[-1]]
    assert low == 1.0
    # The candidates stand a factor of 1.0000922 apart.
    assert high == pytest.approx(12.896, rel=2e-4)
    assert np.sqrt(found.variance) == pytest.approx(1.7955 * np.log(reach) - 1, abs=1e-4 * np.log(reach))


def test_the_top_rung_gets_78_2_percent_of_the_budget_far_away() -> None:
    slopes = np.array([[1.0, 0.0], [1.0, -np.log(12.896)]])
    found = elfving(slopes, [1.0, -1e9], 1.0, [1.0, 12.896])
    assert_prints_as(100 * float(found.share[1]), "78.2")


def test_the_linear_program_agrees_with_the_multiplicative_algorithm() -> None:
    flops = np.exp(np.linspace(0.0, np.log(40.0), 41))
    slopes = np.stack([np.ones_like(flops), -np.log(flops)], axis=1)
    target = np.array([1.0, -np.log(1e6)])
    exact = elfving(slopes, target, 1.0, flops)
    found = best_shares(slopes, 1.0, flops, targets=target[None])
    assert found.excess < 1e-3
    assert found.variance == pytest.approx(exact.variance, rel=1e-3)


def errors(params: NDArray[np.float64], tokens: NDArray[np.float64]) -> dict[str, float]:
    """Standard errors per unit of relative noise, by the law's own generated slopes."""
    law = laws.get("chinchilla")
    table = RunTable.from_columns(
        {"params": params, "tokens": tokens, "loss": law.predict(HOFFMANN, params=params, tokens=tokens)}
    )
    theta = np.array([HOFFMANN[n] for n in law.parameter_names])
    step, size = 1e-5, len(theta)
    moved = theta * np.exp(step * np.concatenate([np.eye(size), -np.eye(size)]))
    logs = np.log(law.evaluate(moved, {w: table.column(w) for w in law.columns}))
    slopes = ((logs[:size] - logs[size:]) / (2 * step)).T
    scale = np.linalg.norm(slopes, axis=0)
    _, values, axes = np.linalg.svd(slopes / scale, full_matrices=False)
    relative = np.sqrt(((axes.T / values) ** 2).sum(axis=1)) / scale
    # Slopes are in ln theta; exponents are quoted in themselves, the floor in its logarithm.
    return {
        n: float(e * (1.0 if n == "E" else HOFFMANN[n])) for n, e in zip(law.parameter_names, relative, strict=True)
    }


def test_a_collinear_design_does_not_know_the_exponents() -> None:
    found = errors(SIZES, 20 * SIZES)
    assert found["alpha"] == pytest.approx(5676, rel=0.005)
    assert found["beta"] == pytest.approx(4773, rel=0.005)
    assert found["E"] == pytest.approx(199, rel=0.005)


def test_a_spread_design_knows_them() -> None:
    found = errors(SIZES, np.tile([5.0, 20.0, 80.0], 4) * SIZES)
    assert_prints_as(found["alpha"], "6.6")
    assert_prints_as(found["beta"], "2.5")
    assert_prints_as(found["E"], "3.2")


def bias(params: NDArray[np.float64], tokens: NDArray[np.float64], target: dict[str, float]) -> float:
    """Error of a Chinchilla fit to runs without noise that follow Skaling's law."""
    truth = laws.get("skaling")
    table = RunTable.from_columns(
        {"params": params, "tokens": tokens, "loss": truth.predict(SKALING, params=params, tokens=tokens)}
    )
    fit = fit_law(laws.get("chinchilla"), table, objective="log-ls")
    return float(fit.evaluate(**target)[0] / truth.predict(SKALING, **target) - 1)


@pytest.mark.parametrize(("target", "said"), [((7e9, 140e9), "+.08"), ((1e9, 20e9), "+.17")])
def test_a_grid_around_the_targets_ratio_is_hardly_biased(target: tuple[float, float], said: str) -> None:
    params, ratio = (x.ravel() for x in np.meshgrid(np.geomspace(20e6, 250e6, 5), [5.0, 20.0, 80.0]))
    found = bias(params, params * ratio, {"params": target[0], "tokens": target[1]})
    assert_prints_as(100 * found, said)


def test_an_l_shape_is_biased_by_more_than_a_hundred_times_as_much() -> None:
    """The sheet prints +14.8 % without saying where its arms' corner and ends lie.

    A corner at 20M parameters and 500M tokens with arms to 1B and 25.6B gives +14.8 % at 7B on 140B tokens
    (and +8.2 % at 1B on 20B, where the sheet has +8.6 %); one at 20 tokens per parameter gives +15.7 %.
    """
    arms = np.concatenate([np.geomspace(20e6, 1e9, 6), np.full(5, 20e6)])
    found = []
    for corner in (5e8, 4e8):
        tokens = np.concatenate([np.full(6, corner), np.geomspace(corner, 25.6e9, 6)[1:]])
        found.append(100 * bias(arms, tokens, {"params": 7e9, "tokens": 140e9}))
    assert_prints_as(found[0], "+14.8")
    assert found[1] == pytest.approx(15.7, abs=0.05)
