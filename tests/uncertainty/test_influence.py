"""How far runs pull a quantity: against leverages that are known, and fits that are made again."""

import math

import numpy as np
import pytest

from isoflop.fit.estimate import Correction
from isoflop.fit.fitting import fit_law
from isoflop.fit.quantiles import normal_quantile, student_quantile
from isoflop.laws.catalogue import as_law
from isoflop.runs.table import RunTable
from isoflop.uncertainty.influence import NUDGE, corrected, influence

FLOPS = np.geomspace(1e18, 1e21, 9)


def runs(moved: int | None = None, by: float = 0.0) -> RunTable:
    noise = 3e-3 * np.random.default_rng(1).standard_normal(len(FLOPS))
    if moved is not None:
        noise[moved] += by
    return RunTable.from_columns({"flops": FLOPS, "loss": 1.2 * (FLOPS / 1e18) ** -0.05 * np.exp(noise)})


def test_the_parameters_move_as_the_fit_with_one_run_moved():
    law = as_law("K/(C/1e18)^a")
    fit = fit_law(law, runs(), objective="log-ls")
    found = influence(fit, runs())
    noise = float(np.sqrt(np.sum(fit.residuals**2) / 7))
    for k in (0, 3, 8):
        again = fit_law(law, runs(k, NUDGE * noise), objective="log-ls")
        np.testing.assert_allclose(found.theta[k] - fit.theta, again.theta - fit.theta, rtol=2e-3)


def test_leverages_of_a_line_are_the_closed_form():
    table = runs()
    fit = fit_law(as_law("K/(C/1e18)^a"), table, objective="log-ls")
    x = np.log(FLOPS) - np.log(FLOPS).mean()
    known = 1 / len(x) + x**2 / np.sum(x**2)
    np.testing.assert_allclose(1 - np.diag(influence(fit, table).maker), known, rtol=1e-6)


def test_a_quantity_that_one_end_decides_has_a_wide_interval():
    table = runs()
    fit = fit_law(as_law("K/(C/1e18)^a"), table, objective="log-ls")
    maker, base = influence(fit, table).maker, Correction(9, 2)
    even, end = corrected(base, np.ones(9), maker), corrected(base, np.eye(9)[8], maker)
    assert end.factor(0.9) > even.factor(0.9) > base.factor(0.9)
    # One run alone: E[r^2] = sigma^2 (1 - h), the jackknife's sigma^2/(1 - h).
    assert end.kept == pytest.approx(maker[8, 8] ** 2)
    assert end.factor(0.9) == pytest.approx(base.factor(0.9) * math.sqrt(7 / 9) / maker[8, 8])


@pytest.mark.parametrize("pull", [np.zeros(9), np.full(9, np.nan)])
def test_where_no_run_moves_the_quantity_the_fits_own_correction_stays(pull):
    base = Correction(9, 2)
    assert corrected(base, pull, np.eye(9) - 1 / 9) == base


def test_draws_with_replacement_are_left_as_they_are():
    base = Correction(9, 2, lost=False)
    assert corrected(base, np.ones(9), np.eye(9) - 1 / 9) == base
    assert math.isclose(base.factor(0.9), student_quantile(7, 0.95) / normal_quantile(0.95))
