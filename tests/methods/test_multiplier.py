"""The rate multiplier: what is equal at equal shapes, depends on x otherwise, and does not exist below a floor."""

import numpy as np
import pytest

from isoflop import laws
from isoflop.errors import FitError
from isoflop.fit.fitting import fit_law
from isoflop.fit.result import Fit
from isoflop.methods.multiplier import rate_multiplier
from isoflop.runs.table import RunTable
from isoflop.uncertainty.bootstrap import bootstrap

AMOUNTS = np.geomspace(1e3, 1e6, 24)


def fitted(scale: float, rng: np.random.Generator, *, floor: float = 0.2, exponent: float = 0.4) -> Fit:
    loss = (floor + scale * AMOUNTS**-exponent) * np.exp(rng.normal(0.0, 2e-3, len(AMOUNTS)))
    runs = RunTable.from_columns({"tokens": AMOUNTS, "loss": loss})
    return bootstrap(fit_law(laws.get("power-tokens-floor"), runs, objective="log-ls"), runs, draws=200, rng=rng)


@pytest.mark.parametrize("at", [3e3, 3e4])
def test_eightfold_at_equal_floor_and_exponent(at: float, rng: np.random.Generator) -> None:
    # Sheet testtime_and_rl 29: m solves err_base(m D) = err_method(D).
    found = rate_multiplier(fitted(8.0, rng), fitted(8.0 * 8**0.4, rng), column="tokens", at=at)
    assert found.value == pytest.approx(8.0, rel=0.1)
    low, high = found.interval
    assert low < 8.0 < high


def test_other_exponents_make_it_depend_on_the_amount(rng: np.random.Generator) -> None:
    method, baseline = fitted(8.0, rng, exponent=0.5), fitted(8.0, rng)
    few, many = (rate_multiplier(method, baseline, column="tokens", at=at).value for at in (3e3, 3e4))
    # x^(0.5/0.4) = m x, so m = x^0.25.
    assert few == pytest.approx(3e3**0.25, rel=0.1)
    assert many == pytest.approx(3e4**0.25, rel=0.15)


def test_a_floor_above_the_method_has_no_multiplier(rng: np.random.Generator) -> None:
    found = rate_multiplier(fitted(8.0, rng, floor=0.1), fitted(8.0, rng, floor=0.4), column="tokens", at=1e5)
    assert np.isnan(found.value)
    assert any("never gets as good" in text for text in found.leaves_out)


def test_a_fit_without_draws_is_refused(rng: np.random.Generator) -> None:
    runs = RunTable.from_columns({"tokens": AMOUNTS, "loss": 0.2 + AMOUNTS**-0.4})
    bare = fit_law(laws.get("power-tokens-floor"), runs, objective="log-ls")
    with pytest.raises(FitError, match="bootstrap=1000"):
        rate_multiplier(bare, fitted(8.0, rng), column="tokens", at=1e4)


def test_the_law_of_one_multiplier_finds_it_too(rng: np.random.Generator) -> None:
    treated = np.tile([0.0, 1.0], len(AMOUNTS))
    tokens = np.repeat(AMOUNTS, 2)
    law = laws.get("rate-multiplier")
    truth = {"E": 0.15, "B": 8.0, "m": 8.0, "beta": 0.4}
    loss = law.predict(truth, tokens=tokens, treated=treated) * np.exp(rng.normal(0.0, 2e-3, len(tokens)))
    fit = fit_law(law, RunTable.from_columns({"tokens": tokens, "treated": treated, "loss": loss}))
    assert fit.parameters["m"] == pytest.approx(8.0, rel=0.05)
    assert fit.certificate.ok
