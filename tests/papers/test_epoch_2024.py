"""Besiroglu et al. 2024, arXiv:2404.10102: Chinchilla's constants from the points of its own figure."""

import math
from pathlib import Path

import numpy as np
import pytest
from tests.papers.support import assert_prints_as
from tests.papers.tables import epoch_points

from isoflop import laws
from isoflop.fit import fit_law
from isoflop.fit.objective import parse_objective
from isoflop.fit.result import Fit
from isoflop.laws.optimum import compute_optimum

OBJECTIVE = "log-huber:1e-3"
OPTIMUM = 0.00101827401780


@pytest.fixture(scope="module")
def refit(data_directory: Path) -> Fit:
    return fit_law(laws.get("chinchilla"), epoch_points(data_directory), objective=OBJECTIVE)


def test_the_fit_reaches_the_optimum_without_a_start_from_the_user(refit: Fit) -> None:
    assert refit.value == pytest.approx(OPTIMUM, rel=1e-10)
    assert refit.rows == 240


def test_the_optimum_has_the_replication_s_parameters(refit: Fit) -> None:
    for name, text in {"E": "1.8172", "A": "477.8", "B": "2143", "alpha": ".34731", "beta": ".36717"}.items():
        assert_prints_as(refit.parameters[name], text)
    for name, text in {"A": "6.16925", "B": "7.67016", "E": "0.597307"}.items():
        assert_prints_as(math.log(refit.parameters[name]), text)


def test_the_optimum_at_chinchilla_s_compute(refit: Fit) -> None:
    # The paper's own constants, a likelihood fit, give 7.225e10 and 18.39 (test_optima.py): 1.3 % away.
    best = compute_optimum(refit.law, refit.theta, 5.76e23)
    v = refit.parameters
    ratio = (v["alpha"] * v["A"] / (v["beta"] * v["B"])) ** (1 / (v["alpha"] + v["beta"]))
    assert best.params == pytest.approx(ratio * (5.76e23 / 6) ** (v["beta"] / (v["alpha"] + v["beta"])), rel=1e-12)
    assert best.params == pytest.approx(7.225e10, rel=0.02)
    assert_prints_as(best.tokens / best.params, "17.92")
    assert_prints_as(best.exponent, ".5139")


def test_the_paper_s_own_constants_are_within_half_a_percent_of_the_objective(refit: Fit, data_directory: Path) -> None:
    # The paper reports a likelihood fit with a free scale: close to this optimum, and not below it.
    paper = huber_sum("epoch-2024", data_directory)
    assert OPTIMUM <= paper <= 1.005 * OPTIMUM


def test_hoffmann_s_constants_are_not_the_optimum(data_directory: Path) -> None:
    assert_prints_as(huber_sum("hoffmann-2022-tex", data_directory), ".00123116")


def huber_sum(published: str, directory: Path) -> float:
    """Objective at published constants on the 240 points."""
    law, runs = laws.get("chinchilla"), epoch_points(directory)
    columns = {word: runs.column(word) for word in law.columns}
    predicted = law.predict(law.published_set(published).values, **columns)
    return float(parse_objective(OBJECTIVE).rho(np.log(runs.column("loss") / predicted)).sum())


def test_units_change_nothing(refit: Fit, data_directory: Path) -> None:
    runs = epoch_points(data_directory)
    small = {"params": runs.column("params") / 1e6, "tokens": runs.column("tokens") / 1e9}
    other = fit_law(
        laws.get("chinchilla"), type(runs).from_columns(small | {"loss": runs.column("loss")}), objective=OBJECTIVE
    )
    target = {"params": np.array([70e9]), "tokens": np.array([1.4e12])}
    scaled = {"params": target["params"] / 1e6, "tokens": target["tokens"] / 1e9}
    assert other.evaluate(**scaled) == pytest.approx(refit.evaluate(**target), rel=1e-8)
    np.testing.assert_allclose(other.residuals, refit.residuals, atol=1e-8)
    assert other.value == pytest.approx(refit.value, rel=1e-10)


@pytest.mark.parametrize(
    ("objective", "expected"),
    [
        ("log-huber:1e-2", {"A": "538.8", "B": "2906", "E": "1.8381", "alpha": ".3544", "beta": ".3815"}),
        ("log-huber:.1", {"A": "593.3", "B": "4876", "E": "1.8646", "alpha": ".3603", "beta": ".4059"}),
    ],
)
def test_other_thresholds(objective: str, expected: dict[str, str], data_directory: Path) -> None:
    fit = fit_law(laws.get("chinchilla"), epoch_points(data_directory), objective=objective)
    for name, text in expected.items():
        assert_prints_as(fit.parameters[name], text)
