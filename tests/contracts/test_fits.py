"""What every law of the catalogue keeps when it is fitted: recovery, units, JSON."""

import re
from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.contracts.design import Design
from tests.contracts.designs import DESIGNS

from isoflop import laws
from isoflop.fit import fit_law
from isoflop.fit.result import Fit
from isoflop.laws.rescale import rescaling
from isoflop.runs.table import RunTable

every_design = pytest.mark.parametrize("design", [pytest.param(d, id=d.law) for d in DESIGNS])


@pytest.fixture(scope="module")
def fits() -> dict[str, Fit]:
    """Fits already made, by name of the law."""
    return {}


def fitted(design: Design, made: dict[str, Fit]) -> Fit:
    """Fit to noise-free runs, made once."""
    if design.law not in made:
        made[design.law] = fit_law(
            laws.get(design.law), RunTable.from_columns(design.runs()), objective=design.objective
        )
    return made[design.law]


@every_design
def test_recovers_its_own_parameters(design: Design, fits: dict[str, Fit]) -> None:
    fit = fitted(design, fits)
    columns = design.columns()
    np.testing.assert_allclose(
        fit.evaluate(**columns), laws.get(design.law).predict(design.values, **columns), rtol=1e-6
    )
    assert in_order_of_breaks(fit.parameters) == pytest.approx(dict(design.values), rel=1e-5)


def in_order_of_breaks(values: Mapping[str, float]) -> dict[str, float]:
    """Parameters with the breaks of a broken power law numbered from small to large: they are exchangeable."""
    breaks = sorted((values[name], name[1:]) for name in values if re.fullmatch(r"d\d", name))
    renamed = {f"{letter}{old}": f"{letter}{new}" for new, (_, old) in enumerate(breaks, 1) for letter in "cdf"}
    return {renamed.get(name, name): value for name, value in values.items()}


@every_design
def test_other_units_change_no_prediction(design: Design, fits: dict[str, Fit]) -> None:
    law = laws.get(design.law)
    units = {word: 1e6 if word == "params" else 1e3 for word in law.columns if word not in design.open_units}
    runs = with_noise(design.runs(), law.response)
    plain = fit_law(law, RunTable.from_columns(runs), objective=design.objective)
    scaled = {word: values / units.get(word, 1.0) for word, values in runs.items()}
    other = fit_law(law, RunTable.from_columns(scaled), objective=design.objective)
    np.testing.assert_allclose(other.residuals, plain.residuals, atol=1e-8)


@every_design
def test_a_good_table_gives_a_fit_that_can_be_trusted(design: Design) -> None:
    law = laws.get(design.law)
    runs = with_noise(design.runs(), law.response)
    # What depends on no scale of the response (ls has one) is fitted with the default objective.
    fit = fit_law(law, RunTable.from_columns(runs), objective="log-huber" if design.objective == "log-ls" else "ls")
    # Several breaks may be doubted; what is certified must be at least as good as the truth itself.
    assert fit.certificate.verdict == "certified" or design.doubted, fit.certificate.reasons
    predicted = law.predict(design.values, **{w: runs[w] for w in law.columns})
    truth = runs[law.response] - predicted
    if design.objective == "log-ls":
        truth = np.log(runs[law.response]) - np.log(predicted)
    assert fit.certificate.verdict != "certified" or fit.value <= fit.objective.rho(truth).sum()


@every_design
def test_runs_without_noise_are_no_reason_for_doubt(design: Design, fits: dict[str, Fit]) -> None:
    certificate = fitted(design, fits).certificate
    assert certificate.verdict != "not converged" or design.law == "bnsl-3-flops", certificate.reasons


def with_noise(runs: Mapping[str, NDArray[np.float64]], response: str) -> dict[str, NDArray[np.float64]]:
    """Runs with half a percent of noise on the response, the same every time."""
    rng = np.random.default_rng(7)
    noisy = runs[response] * np.exp(rng.normal(0.0, 0.005, len(runs[response])))
    return {**runs, response: noisy}


@pytest.mark.parametrize(
    ("design", "column"),
    [pytest.param(d, c, id=f"{d.law}-{c}") for d in DESIGNS for c in laws.get(d.law).columns],
)
def test_units_are_absorbed_by_parameters(design: Design, column: str) -> None:
    found = rescaling(laws.get(design.law).parsed, column)
    assert (found is None) == (column in design.open_units)


@every_design
def test_json_round_trip_keeps_every_bit(design: Design, fits: dict[str, Fit]) -> None:
    fit = fitted(design, fits)
    text = fit.to_json()
    again = Fit.from_json(text)
    assert again.to_json() == text
    np.testing.assert_array_equal(again.theta, fit.theta)
    columns = design.columns(points=3)
    np.testing.assert_array_equal(again.evaluate(**columns), fit.evaluate(**columns))
    assert again.law.formula == fit.law.formula
    assert again.certificate == fit.certificate
