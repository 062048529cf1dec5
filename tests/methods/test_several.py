"""What widens intervals of quantities that follow from several fits."""

from dataclasses import replace

import numpy as np
import pytest

from isoflop.fit.fitting import fit_law
from isoflop.fit.result import Fit
from isoflop.laws.catalogue import as_law
from isoflop.methods.answers import answer
from isoflop.methods.multiplier import rate_multiplier
from isoflop.methods.several import correction_of_several
from isoflop.runs.table import RunTable
from isoflop.uncertainty.bootstrap import bootstrap

LAW = as_law("B/D^b")
FEW_LARGE = np.append(np.geomspace(1e8, 1e9, 8), 1e11)
EVEN = np.geomspace(1e8, 1e11, 30)
FAR = np.array([1e13])


def fitted(tokens: np.ndarray, seed: int, noise: float = 0.01, resample: str = "bayes") -> Fit:
    """A power law of tokens, whose far values hang on the large runs."""
    rng = np.random.default_rng(seed)
    loss = 40 * tokens**-0.1 * np.exp(noise * rng.standard_normal(len(tokens)))
    runs = RunTable.from_columns({"tokens": tokens, "loss": loss})
    return bootstrap(fit_law(LAW, runs, objective="log-ls"), runs, draws=200, rng=rng, resample=resample)


def far(fit: Fit) -> tuple[float, np.ndarray]:
    """The law far away, for the fit and for its draws."""
    return float(fit.evaluate(tokens=FAR)[0]), fit.evaluate_draws(tokens=FAR)[:, 0]


@pytest.fixture(scope="module")
def pair() -> tuple[Fit, Fit]:
    return fitted(FEW_LARGE, 1), fitted(EVEN, 2)


def test_of_one_fit_it_is_the_fits_own(pair):
    value, drawn = far(pair[0])
    found, own = correction_of_several(pair[:1], value, drawn), pair[0].correction_of(value, drawn)
    assert replace(found, kept=None) == replace(own, kept=None)
    assert found.kept == pytest.approx(own.kept, rel=1e-9)
    assert found.kept < 0.6 < found.freedom / found.rows


@pytest.mark.parametrize("which", [0, 1])
def test_a_quantity_of_one_fit_has_that_fits_share(pair, which):
    value, drawn = far(pair[which])
    found = correction_of_several(pair, value, drawn)
    assert found.kept == pytest.approx(pair[which].correction_of(value, drawn).kept, rel=1e-3)
    assert found.rows == len(FEW_LARGE)


def test_the_noisier_fit_decides_a_difference(pair):
    loud, calm = fitted(EVEN, 3, noise=0.1), fitted(FEW_LARGE, 4, noise=1e-4)
    (a, drawn), (b, other) = far(loud), far(calm)
    found = correction_of_several((loud, calm), a - b, drawn - other)
    assert found.kept == pytest.approx(loud.correction_of(a, drawn).kept, rel=0.01)
    even, few = (far(fit)[0] for fit in pair[::-1])
    both = correction_of_several(pair, few - even, far(pair[0])[1] - far(pair[1])[1])
    own = [fit.correction_of(*far(fit)).kept for fit in pair]
    assert min(own) < both.kept < max(own)


def test_several_quantities_have_a_share_each(pair):
    values, drawn = zip(*(far(fit) for fit in pair), strict=True)
    found = correction_of_several(pair, values, np.stack(drawn, axis=1))
    assert found.kept == pytest.approx([fit.correction_of(*far(fit)).kept for fit in pair], rel=1e-3)


def test_fewer_draws_or_draws_without_a_value_still_tell(pair):
    value, drawn = far(pair[0])
    assert correction_of_several(pair, value, drawn[:60]).kept == pytest.approx(
        correction_of_several(pair, value, drawn).kept, rel=0.02
    )
    holes = np.where(np.arange(200) % 5 == 0, np.nan, drawn)
    assert correction_of_several(pair, value, holes).kept is not None


def test_without_leverages_the_widest_fit_stands_for_all(pair):
    value, drawn = far(pair[0])
    drawn_in_pairs = fitted(EVEN, 2, resample="pairs")
    found = correction_of_several((pair[0], drawn_in_pairs), value, drawn)
    assert found == pair[0].correction
    assert correction_of_several(tuple(replace(fit, leverage=None) for fit in pair), value, drawn).kept is None


def test_a_multiplier_is_as_sure_as_the_large_runs_of_the_surer_fit_allow(pair):
    known = rate_multiplier(*pair, column="tokens", at=1e12)
    blind = rate_multiplier(*(replace(fit, leverage=None) for fit in pair), column="tokens", at=1e12)
    assert known.interval[1] / known.interval[0] > 1.02 * blind.interval[1] / blind.interval[0]
    assert known.value == blind.value


def test_an_answer_is_as_wide_as_the_forecast_that_it_repeats(pair):
    fit = pair[0]
    found = answer(fit, lambda p: p["B"] * 1e13 ** -p["b"])
    assert found.interval == pytest.approx(fit.predict(tokens=1e13, new_run=False).interval, rel=1e-9)
