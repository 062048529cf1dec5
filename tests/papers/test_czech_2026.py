"""Czech et al. 2026, arXiv:2603.22339: variable projection on 217 digitised Chinchilla points."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.papers.support import assert_prints_as
from tests.papers.tables import epoch_points

from isoflop import laws
from isoflop.fit import fit_law
from isoflop.laws.optimum import compute_optimum
from isoflop.runs.table import RunTable

BELOW_1E21 = "outlier = 0 AND C < 1e21"


def in_millions_and_billions(values: Mapping[str, float]) -> dict[str, float]:
    """The paper's units: N/1e6 and D/1e9."""
    scaled = {"A": values["A"] / 1e6 ** values["alpha"], "B": values["B"] / 1e9 ** values["beta"]}
    return dict(values) | scaled


@pytest.mark.parametrize(
    ("objective", "expected"),
    [
        ("ls", {"E": "1.90509", "A": "4.00052", "B": "1.05095", "alpha": ".35106", "beta": ".45874"}),
        ("log-ls", {"E": "1.8926", "A": "4.0146", "B": "1.0571", "alpha": ".3522", "beta": ".4430"}),
    ],
)
def test_least_squares_on_217_points(objective: str, expected: dict[str, str], data_directory: Path) -> None:
    fit = fit_law(laws.get("chinchilla"), epoch_points(data_directory, BELOW_1E21), objective=objective)
    assert fit.rows == 217
    found = in_millions_and_billions(fit.parameters)
    for name, text in expected.items():
        assert_prints_as(found[name], text)


def test_the_residual_sum_of_squares(data_directory: Path) -> None:
    fit = fit_law(laws.get("chinchilla"), epoch_points(data_directory, BELOW_1E21), objective="ls")
    # The objective is half the residual sum of squares.
    assert_prints_as(2 * fit.value, ".0624143")


def test_the_exponent_of_the_optimal_size(data_directory: Path) -> None:
    fit = fit_law(laws.get("chinchilla"), epoch_points(data_directory, BELOW_1E21), objective="ls")
    assert_prints_as(compute_optimum(fit.law, fit.theta, 1e21).exponent, ".5665")


@pytest.mark.parametrize(
    ("constants", "expected"),
    [("czech-2026-vpnls", "4.00052"), ("czech-2026-log", "4.0146"), ("czech-2026-huber", "3.7066")],
)
def test_published_sets_are_in_parameters_and_tokens(constants: str, expected: str) -> None:
    values = laws.get("chinchilla").published_set(constants).values
    assert_prints_as(in_millions_and_billions(values)["A"], expected)


def test_noise_free_runs_give_the_parameters_back_to_ten_digits() -> None:
    law = laws.get("chinchilla")
    truth = law.published_set("hoffmann-2022").values
    sizes = [1e7 * 2.0**k for k in range(8)]
    params = [n for n in sizes for _ in sizes]
    tokens = [20 * n for _ in sizes for n in sizes]
    runs = RunTable.from_columns(
        {"params": params, "tokens": tokens, "loss": law.predict(truth, params=params, tokens=tokens)}
    )
    fit = fit_law(law, runs, objective="ls")
    for name, value in truth.items():
        assert fit.parameters[name] == pytest.approx(value, rel=1e-10)
