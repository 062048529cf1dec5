"""Limits that must hold exactly: shares of a mixture that sum to one, a budget that is spent."""

import re
from functools import cache

import numpy as np
import pytest
from tests.plan.fits import fitted

from isoflop.errors import InfeasibleError, InputError
from isoflop.fit import Fit, fit_law
from isoflop.laws.law import Law
from isoflop.laws.mixing import mixing_law
from isoflop.methods.mixing import best_shares
from isoflop.plan.within.within import plan_within
from isoflop.runs.table import RunTable
from isoflop.uncertainty.bootstrap import bootstrap

DOMAINS = ("web", "books", "code")
FREE = dict.fromkeys(DOMAINS, (0.0, 1.0))
SUM = "web + books + code = 1"
SLOPES = {"talk": (-1.2, 0.4, 0.9), "programs": (0.8, 0.6, -2.0)}
BOTH = {"params": None, "tokens": None}


@cache
def mixed(name: str) -> Fit:
    """Mixing law of one validation domain, fitted to 14 mixtures with a little noise."""
    rng = np.random.default_rng(5)
    shares = rng.dirichlet(np.ones(3), 14)
    loss = 1.5 + np.exp(shares @ np.array(SLOPES[name])) * np.exp(rng.normal(0, 0.002, 14))
    runs = RunTable.from_columns({**dict(zip(DOMAINS, shares.T, strict=True)), name: loss})
    plain = mixing_law(DOMAINS)
    law = Law(name, plain.formula.replace("L =", f"{name} ="), variables=DOMAINS, parameters=plain.parameters)
    fit = fit_law(law, runs, objective="log-ls", response=name)
    return bootstrap(fit, runs, draws=60, rng=np.random.default_rng(1), workers=1)


def mixture(**more):
    """The mixture with the least sum of both validation losses."""
    asked = {"choose": FREE, "limits": [SUM], "minimise": "0.5*talk + 0.5*programs", **more}
    return plan_within(mixed("talk"), also={"programs": mixed("programs")}, **asked)


def test_the_best_mixture_is_that_of_the_mixing_laws_own_search() -> None:
    """Shares, loss and every share's interval against the search that knows nothing but mixing laws."""
    found = mixture()
    fits = {name: mixed(name) for name in SLOPES}
    known = best_shares(fits, dict.fromkeys(SLOPES, 0.5), DOMAINS)
    assert set(found.variables) == set(DOMAINS)
    for name, share in known.shares.items():
        assert found.value(name) == pytest.approx(share, abs=2e-5)
    assert sum(found.value(name) for name in DOMAINS) == pytest.approx(1.0, abs=1e-12)
    assert float(found.best.value) == pytest.approx(known.loss, abs=1e-9)
    draws = np.array([found.variables[name].draws for name in DOMAINS])
    assert draws.sum(axis=0) == pytest.approx(np.ones(60), abs=1e-12)
    assert draws.min() > -1e-6


def test_the_flat_region_is_told_of_a_share_that_follows() -> None:
    """Least and largest share of every domain with which the loss is within 1 %, against samples of mixtures."""
    found = mixture()
    flat = {item.word: item for item in found.flat}
    assert set(flat) == set(DOMAINS)
    shares = np.random.default_rng(0).dirichlet(np.ones(3), 200_000)
    columns = dict(zip(DOMAINS, shares.T, strict=True))
    losses = 0.5 * sum(mixed(name).evaluate(**columns) for name in SLOPES)
    good = shares[losses <= 1.01 * float(found.best.value)]
    for k, name in enumerate(DOMAINS):
        assert flat[name].low == pytest.approx(good[:, k].min(), abs=0.01)
        assert flat[name].high == pytest.approx(good[:, k].max(), abs=0.01)


def test_an_end_of_a_share_that_follows_binds_with_its_price() -> None:
    """At least 30 % of the domain that nobody wants: the end of its range shows as a limit with a price."""
    free = mixture()
    assert free.value("books") == pytest.approx(0.0, abs=1e-5)
    # The last variable follows, whatever the order; its range is kept as a limit.
    found = mixture(choose={"web": (0.0, 1.0), "code": (0.0, 1.0), "books": (0.3, 1.0)})
    assert found.value("books") == pytest.approx(0.3, abs=1e-6)
    assert found.active == (SUM, "books >= 0.3")
    more = mixture(choose={"web": (0.0, 1.0), "code": (0.0, 1.0), "books": (0.301, 1.0)})
    price = float(found.limits[1].shadow_price.value)
    assert price * 0.001 == pytest.approx(float(more.best.value) - float(found.best.value), rel=5e-3)


@pytest.mark.parametrize(
    ("asked", "moved", "step"),
    [
        ({"limits": ["flops = 1e22"]}, ["flops = 1.001e22"], 1e19),
        ({"minimise": "flops", "limits": ["loss <= 2.2", "tokens = 40*params"]}, None, 1e8),
    ],
)
def test_the_price_of_an_equality_is_what_one_more_unit_buys(asked, moved, step: float) -> None:
    """Against solving again, for the loss of a spent budget and for the compute of a fixed ratio."""
    found = plan_within(fitted(draws=20), choose=BOTH, **asked)
    used = found.limits[-1]
    assert used.active
    again = moved or ["loss <= 2.2", f"tokens = 40*params + {step!r}"]
    other = plan_within(fitted(draws=20), choose=BOTH, **{**asked, "limits": again})
    change = float(other.best.value) - float(found.best.value)
    assert float(used.shadow_price.value) * step == pytest.approx(change, rel=5e-3)


def test_a_spent_budget_is_the_plan_that_may_spend_it() -> None:
    """Equality and inequality agree where the inequality binds, draw by draw."""
    exact, most = (plan_within(fitted(), choose=BOTH, limits=[f"flops {s} 1e22"]) for s in ("=", "<="))
    for word in BOTH:
        assert exact.variables[word].draws == pytest.approx(most.variables[word].draws, rel=1e-5)
    prices = [float(plan.limits[0].shadow_price.value) for plan in (exact, most)]
    assert prices[0] == pytest.approx(prices[1], rel=1e-4)
    step = next(step for step in exact.steps if "follows from the others" in step.text)
    assert step.formula == "tokens from flops = 1e22"


def test_what_is_left_may_be_one_variable_or_none() -> None:
    """Two equalities of three shares leave one; one equality fixes the data of a given size."""
    found = mixture(limits=[SUM, "web = 2*books"])
    assert found.value("web") == pytest.approx(2 * found.value("books"), rel=1e-9)
    assert sum(found.value(name) for name in DOMAINS) == pytest.approx(1.0, abs=1e-12)
    shares = np.linspace(0, 1 / 3, 2001)
    columns = {"web": 2 * shares, "books": shares, "code": 1 - 3 * shares}
    losses = 0.5 * sum(mixed(name).evaluate(**columns) for name in SLOPES)
    assert float(found.best.value) <= losses.min() + 1e-9
    one = plan_within(fitted(draws=20), choose={"tokens": None}, limits=["flops = 1e22"], given={"params": "7B"})
    assert one.value("tokens") == pytest.approx(1e22 / 6 / 7e9, rel=1e-12)


@pytest.mark.parametrize(
    ("limits", "part"),
    [
        (["loss = 2"], "cannot be met exactly"),
        (["params^2 + tokens^2 = 1e20"], "linear in no variable of its own"),
        (["params + tokens = 1e12", "params + 2*tokens = 2e12"], "cannot be met exactly"),
    ],
)
def test_equalities_that_give_no_variable_are_refused(limits: list[str], part: str) -> None:
    with pytest.raises(InputError, match=re.escape(part)):
        plan_within(fitted(draws=20), choose=BOTH, limits=limits)


def test_a_contradiction_names_the_equality() -> None:
    with pytest.raises(InfeasibleError, match=re.escape(f"With code from {SUM}: ")) as caught:
        mixture(choose={"web": (0.6, 1.0), "books": (0.6, 1.0), "code": (0.0, 1.0)})
    assert caught.value.limits == ("code >= 0",)
