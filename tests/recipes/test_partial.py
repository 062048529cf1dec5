"""Exponents that recipes share in part: between one common value and each its own."""

from dataclasses import replace

import numpy as np
import pytest
from tests.recipes.support import compared, power_runs

from isoflop.errors import LawError
from isoflop.fit.fitting import fit_law
from isoflop.laws.catalogue import as_law
from isoflop.recipes.partial import TYPICAL, between, judged, partial_family, prior_of, spreads_of
from isoflop.recipes.pool import family_of, fit_each

LAW = as_law("K/(C/1e18)^a")
FLOPS = np.geomspace(1e18, 1e20, 6)


def recipes(exponents):
    return {f"r{k}": {"E": 0.0, "K": 1.2 + 0.02 * k, "a": a} for k, a in enumerate(exponents)}


def plain(law, runs, prior=None):
    return fit_law(law, runs, objective="log-ls", prior=prior)


def exponents_of(table, sd=None):
    """Exponent of each recipe by the three ways."""
    family = family_of(LAW)
    apart = fit_each(family, table, plain)
    separate = np.array([fit.parameters["a"] for fit in apart.values()])
    prior = prior_of(spreads_of(family, table, apart)) if sd is None else {"a_gap": (0.0, sd)}
    fit = plain(partial_family(family).joint, table, prior)
    partly = fit.parameters["a"] + np.array([fit.parameters[f"a_gap[recipe={name}]"] for name in apart])
    return separate, partly, plain(family.joint, table).parameters["a"]


def test_a_small_spread_gives_the_common_exponent_and_a_large_one_the_separate_ones():
    table = power_runs(recipes([0.05, 0.055, 0.06]), noise=3e-3, flops=FLOPS)
    separate, tight, shared = exponents_of(table, sd=1e-5)
    np.testing.assert_allclose(tight, shared, rtol=1e-3)
    _, wide, _ = exponents_of(table, sd=10.0)
    np.testing.assert_allclose(wide, separate, rtol=1e-3)


def test_shrinkage_is_that_of_the_closed_form():
    """With equal errors s every exponent moves to the mean by s^2/(s^2 + tau^2)."""
    table = power_runs(recipes([0.05, 0.055, 0.06, 0.045]), noise=3e-3, flops=FLOPS)
    separate, partly, _ = exponents_of(table, sd=0.003)
    error = 3e-3 / np.sqrt(np.sum((np.log(FLOPS) - np.log(FLOPS).mean()) ** 2))
    share = error**2 / (error**2 + 0.003**2)
    mean = separate.mean()
    # The noise in the prior's weight is that of the residuals.
    np.testing.assert_allclose(partly - mean, (separate - mean) * (1 - share), rtol=0.15, atol=1e-5)


@pytest.mark.parametrize("errors", [[], [0.01]])
def test_one_recipe_says_nothing_about_the_spread(errors):
    assert between([0.3] * len(errors), errors) == TYPICAL


def test_the_spread_grows_with_the_estimates_and_not_with_their_errors():
    assert between([0.3, 0.3, 0.3], [0.01] * 3) < between([0.28, 0.3, 0.32], [0.01] * 3)
    assert between([0.28, 0.3, 0.32], [0.05] * 3) < between([0.28, 0.3, 0.32], [0.001] * 3)
    many = between(np.random.default_rng(0).normal(0.3, 0.04, 200), np.full(200, 0.001))
    assert many == pytest.approx(0.04, rel=0.15)


def test_the_comparison_says_how_much_exponents_vary():
    table = power_runs(recipes([0.05, 0.06, 0.055]), noise=3e-3)
    found = compared("K/(C/1e18)^a", table, flops=1e22, way="partial", draws=100)
    assert (found.way, found.shared, found.spreads[0].name) == ("partial", ("a",), "a")
    assert any("varies between recipes" in text for text in found.conclusions())
    assert found.to_dict()["spreads"][0]["sd"] == found.spreads[0].sd
    gaps = [
        compared("K/(C/1e18)^a", table, flops=1e22, way=way, draws=5)["r1"].difference.value
        for way in ("shared", "partial", "separate")
    ]
    assert gaps[0] > gaps[1] > gaps[2]


def test_nothing_in_common_cannot_be_pooled():
    with pytest.raises(LawError, match="no parameter is common"):
        partial_family(family_of(LAW, shared=[]))


def test_a_name_that_is_taken_is_refused():
    with pytest.raises(LawError, match="a_gap already"):
        partial_family(family_of(as_law("K/(C/1e18)^a + a_gap"), shared=["a"]))


def test_a_spread_that_the_runs_gave_is_no_lack_of_runs():
    """Own shares lean on it by design; an assumed spread and a prior of the user keep their word."""
    table = power_runs(recipes([0.05, 0.055, 0.06, 0.045]), noise=3e-3, flops=np.geomspace(1e18, 1e20, 12))
    family = family_of(LAW)
    spreads = spreads_of(family, table, fit_each(family, table, plain))
    fit = plain(partial_family(family).joint, table, prior_of(spreads))
    assert fit.certificate.verdict == "weakly identified"
    assert judged(fit, spreads).certificate.verdict == "certified"
    assumed = [replace(spread, errors=(np.nan,) * 4) for spread in spreads]
    assert judged(fit, assumed).certificate.verdict == "weakly identified"
    tight = plain(partial_family(family).joint, table, prior_of(spreads) | {"a": (0.05, 1e-6)})
    own = judged(tight, spreads).certificate
    assert own.verdict == "weakly identified"
    assert own.reasons == ("a: known from the prior, not from the runs. Say so, or add runs that determine it.",)
    found = compared(LAW, table, flops=1e21, way="partial", draws=20)
    assert {f.certificate.verdict for f in found.fits.values()} == {"certified"}
