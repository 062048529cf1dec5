"""Refits of laws that the runs do not determine: they do not stay where the fit happens to stand."""

import numpy as np
import pytest

from isoflop import laws
from isoflop.fit.evaluate import Evaluator
from isoflop.fit.fitting import fit_law
from isoflop.runs.table import RunTable
from isoflop.uncertainty.bootstrap import bind_fit, bootstrap
from isoflop.uncertainty.far_ends import APART, LIKELY, MOST, far_ends

TRUTH = {"E": 1.69, "A": 406.4, "B": 410.7, "alpha": 0.34, "beta": 0.28}
LAW = laws.get("chinchilla")


def near_one_ratio(scatter: float, seed: int | list[int], noise: float = 0.003) -> RunTable:
    """Twenty runs with about twenty tokens per parameter."""
    rng = np.random.default_rng(seed)
    params = np.geomspace(1e7, 1e10, 20)
    tokens = 20 * params * np.exp(scatter * rng.standard_normal(20))
    loss = LAW.predict(TRUTH, params=params, tokens=tokens) * np.exp(noise * rng.standard_normal(20))
    return RunTable.from_columns({"params": params, "tokens": tokens, "loss": loss})


def test_ends_are_apart_and_as_likely() -> None:
    runs = near_one_ratio(0.0, 0)
    fit = fit_law(LAW, runs)
    problem = bind_fit(fit, runs)
    optimum = problem.search(fit.theta[None])[0]
    ends = np.stack(far_ends(problem, fit.objective, optimum))
    assert 2 <= len(ends) <= MOST
    value = Evaluator(problem, fit.objective).value(np.concatenate([optimum[None], ends]))
    assert value.max() <= value.min() * (1 + LIKELY / 20)
    every = np.concatenate([optimum[None], ends])
    away = np.abs(every[:, None] - every[None]).max(axis=2)
    assert away[~np.eye(len(every), dtype=bool)].min() > APART


def test_a_law_that_the_runs_determine_has_no_other_end() -> None:
    runs = near_one_ratio(2.0, 0)
    fit = fit_law(LAW, runs)
    assert fit.certificate.ok
    problem = bind_fit(fit, runs)
    assert far_ends(problem, fit.objective, problem.search(fit.theta[None])[0]) == []


def test_what_no_run_tells_has_a_wide_interval() -> None:
    # With one ratio any split of A + B/20^beta predicts the same; at that ratio forecasts are as good as ever.
    runs = near_one_ratio(0.0, 0)
    fit = bootstrap(fit_law(LAW, runs), runs, rng=np.random.default_rng(0), draws=200)
    low, high = fit.interval("A")
    assert high / low > 100
    same, other = (fit.predict(params=n, tokens=1.4e12) for n in (7e10, 7e9))
    assert np.ptp(other.interval) > 5 * np.ptp(same.interval)


@pytest.mark.parametrize("seed", [[27, 1], [29, 1]])
def test_a_term_whose_scale_overflows_is_no_end(seed: list[int]) -> None:
    # The lowest search explains the smallest run by a term so steep that B is beyond the largest number.
    runs = near_one_ratio(0.01, seed)
    fit = fit_law(LAW, runs)
    assert np.isfinite(fit.theta).all()
    drawn = bootstrap(fit, runs, rng=np.random.default_rng(0), draws=100).draws
    assert drawn is not None
    assert np.isfinite(drawn).all(axis=1).mean() > 0.9
