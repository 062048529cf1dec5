"""Rolling validation on the points of Besiroglu et al. 2024: errors, coverage, inflation, averages of laws.

The numbers are those of the project's own statistics sheet, recomputed there from the published points
with another program; no paper prints them.
"""

from pathlib import Path

import numpy as np
import pytest
from tests.papers.support import assert_prints_as
from tests.papers.tables import epoch_points

from isoflop import laws
from isoflop.runs.table import RunTable
from isoflop.validate import Backtest, Split, backtest, compare
from isoflop.validate.comparison import UNDECIDED
from isoflop.validate.folds import inputs

CHINCHILLA, SKALING = laws.get("chinchilla"), laws.get("skaling")
CUTS = (3e19, 1e20, 3e20, 1e21)
SIZES = ((82, 158), (136, 104), (177, 63), (217, 23))

# Per cut: RMSE in percent, coverage of nominal 90 % delta intervals, inflation.
CASES = {
    "chinchilla log-ls": ("1.30 .72 1.56", "1.42 .55 2.10", "1.40 .54 2.08", "1.38 .43 1.76"),
    "chinchilla log-huber:1e-3": ("1.29 .79 1.31", "1.14 .66 1.54", "1.25 .62 1.87", "1.25 .65 1.72"),
    "chinchilla log-huber:.0065": ("1.24 .75 1.43", "1.24 .62 1.95", "1.26 .59 1.84", "1.26 .61 1.68"),
    "skaling log-ls": ("2.92 .44 2.49", "1.89 .41 2.54", "1.34 .52 1.91", "1.13 .61 1.53"),
}


@pytest.fixture(scope="module")
def runs(data_directory: Path) -> RunTable:
    return epoch_points(data_directory)


def rolled(case: str, runs: RunTable) -> Backtest:
    law, objective = case.split()
    rng = np.random.default_rng(0)
    return backtest(laws.get(law), runs, cuts=CUTS, objective=objective, bootstrap=0, rng=rng)


def standard_scores(split: Split, runs: RunTable) -> np.ndarray:
    """|error| / sqrt(g' cov g + s^2) with cov = s^2 (J'J)^-1, everything in ln L and ln parameters."""
    fit, places = split.fit, {int(row): k for k, row in enumerate(runs.source_rows)}

    def slopes(rows: tuple[int, ...]) -> np.ndarray:
        columns = inputs(fit.law, runs, np.array([places[row] for row in rows]))
        return fit.theta * fit.law.gradient(fit.theta, columns) / fit.law.evaluate(fit.theta, columns)[:, None]

    jacobian, g = slopes(split.train_rows), slopes(split.test_rows)
    variance = float(fit.residuals @ fit.residuals) / (len(jacobian) - len(fit.theta))
    root = np.linalg.qr(jacobian, mode="r")
    spread = np.square(np.linalg.solve(root.T, g.T)).sum(axis=0)
    errors = np.log([p.observed / p.predicted for p in split.predictions])
    return np.abs(errors) / np.sqrt(variance * (1 + spread))


@pytest.mark.parametrize("case", CASES)
def test_errors_coverage_and_inflation_per_cut(case: str, runs: RunTable) -> None:
    found = rolled(case, runs)
    assert [(len(s.train_rows), len(s.test_rows)) for s in found.splits] == list(SIZES)
    for split, line in zip(found.splits, CASES[case], strict=True):
        error, coverage, inflation = line.split()
        assert split.rms_log_error is not None
        assert_prints_as(100 * split.rms_log_error, error)
        z = standard_scores(split, runs)
        assert_prints_as(float(np.mean(z <= 1.645)), coverage)
        assert_prints_as(float(np.quantile(z, 0.9)) / 1.645, inflation)


def test_bootstrap_intervals_cover_as_little_and_the_inflation_says_so(runs: RunTable) -> None:
    found = backtest(CHINCHILLA, runs, cuts=CUTS, objective="log-huber:1e-3", rng=np.random.default_rng(0))
    for split in found.splits:
        assert split.coverage is not None
        assert 0.40 <= split.coverage <= 0.85
    assert found.inflation is not None
    assert 1.3 <= found.inflation <= 2.5


def test_the_criterion_prefers_the_law_that_extrapolates_worse(runs: RunTable) -> None:
    # Per cut: weight of Skaling by AICc, RMSE of the AICc average, of Skaling, and of Chinchilla.
    printed = {
        2e19: (".98", "3.75", "3.83", "2.64"),
        3e19: (".95", "2.82", "2.92", "1.30"),
        1e20: (".77", "1.78", "1.89", "1.42"),
        3e20: (".28", "1.39", "1.34", "1.40"),
        6e20: (".74", "1.32", "1.28", "1.43"),
        1e21: ("1.00", "1.13", "1.13", "1.38"),
    }
    found = compare(
        [CHINCHILLA, SKALING], runs, objective="log-ls", cuts=list(printed), bootstrap=0, rng=np.random.default_rng(0)
    )
    averaged = {a.name: a for a in found.averages}["aicc"].rms_log_error
    tests = found.backtests
    for k, (weight, average, skaling, chinchilla) in enumerate(printed.values()):
        pair = [tests["chinchilla"].splits[k], tests["skaling"].splits[k]]
        assert_prints_as(1 / (1 + np.exp((pair[1].aicc - pair[0].aicc) / 2)), weight)
        assert_prints_as(100 * float(averaged[k] or 0), average)
        assert_prints_as(100 * float(pair[1].rms_log_error or 0), skaling)
        assert_prints_as(100 * float(pair[0].rms_log_error or 0), chinchilla)
    # In the sample Skaling is better by 44 units; its forecasts are not distinguishably so.
    criteria = {entry.label: entry.aicc for entry in found.entries}
    assert_prints_as(float(criteria["chinchilla"] or 0) - float(criteria["skaling"] or 0), "44")
    assert found.verdict == UNDECIDED


def test_equal_and_stacked_averages(runs: RunTable) -> None:
    three = [(CHINCHILLA, "log-ls"), (CHINCHILLA, "log-huber:1e-3"), (SKALING, "log-ls")]
    cuts = [2e19, 3e19, 1e20, 3e20, 6e20, 1e21]
    found = compare(three, runs, cuts=cuts, bootstrap=0, rng=np.random.default_rng(0))
    means = {a.name: a.rms_log_error for a in found.averages}
    for error, text in zip(means["equal"], ("2.01", "1.52", "1.45", "1.33", "1.32", "1.24"), strict=True):
        assert_prints_as(100 * float(error or 0), text)
    stacked = dict(zip(cuts, means["stacked"], strict=True))
    assert stacked[2e19] is None
    # At 1e20 the sheet has 1.42 and this program 1.4255: the weights differ in their third digit.
    for cut, text in {3e19: "1.94", 3e20: "1.28", 6e20: "1.27", 1e21: "1.22"}.items():
        assert_prints_as(100 * float(stacked[cut] or 0), text)
    assert 100 * float(stacked[1e20] or 0) == pytest.approx(1.4255, abs=1e-4)
