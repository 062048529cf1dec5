"""Conformal p-values of drafts: ranks, ties, budgets, what one pool keeps, and the turns of draft and target."""

import math

import numpy as np
import pytest

from isoflop.errors import FitError, InputError
from isoflop.testtime.samplers.protocol import FromFunctions
from isoflop.testtime.selection.conformal import (
    Rounds,
    alpha_for_budget,
    conformal_p_values,
    draft_and_continue,
    kept_share,
    rejected,
)


def test_p_values_are_their_formula(rng):
    scores, pool = rng.integers(0, 8, 50), rng.integers(0, 8, 30)
    plain = [(1 + sum(s <= other for other in pool)) / 31 for s in scores]
    assert conformal_p_values(scores, pool).tolist() == plain


def test_an_empty_pool_rejects_all():
    assert conformal_p_values([0.3, 0.9], []).tolist() == [1.0, 1.0]
    assert conformal_p_values(0.3, [0.1]).tolist() == 0.5


def test_infinite_scores_are_the_ends():
    assert conformal_p_values([-np.inf, np.inf], [0.0, 1.0, 2.0]).tolist() == [1.0, 0.25]


def test_ranks_are_uniform_under_exchangeability():
    """Every p-value m/(n + 1) is equally likely, so that p ≤ α has a chance of at most α, for any α."""
    rng, pool, count = np.random.default_rng(1), 9, 20_000
    table = rng.standard_normal((count, pool + 1))
    p = np.array([conformal_p_values(row[0], row[1:]) for row in table])
    seen = np.bincount(np.rint(10 * p).astype(int), minlength=11)[1:]
    assert np.abs(seen - count / 10).max() < 4 * math.sqrt(count * 0.09)
    for alpha in (0.05, 0.1, 0.25, 0.3, 0.99):
        assert rejected(p, alpha).mean() >= 1 - alpha - 4 * math.sqrt(alpha * (1 - alpha) / count)


def test_ties_only_reject_more():
    rng, count = np.random.default_rng(2), 5000
    table = rng.integers(0, 3, (count, 20))
    p = np.array([conformal_p_values(row[0], row[1:]) for row in table])
    for alpha in (0.1, 0.5):
        assert rejected(p, alpha).mean() >= 1 - alpha


@pytest.mark.parametrize(("stored", "alpha"), [(19, 0.1), (50, 0.3), (99, 0.29), (7, 0.05)])
def test_one_pool_keeps_a_beta_share(stored, alpha):
    """The kept share of uniform scores is the distance from the k-th largest of the pool to 1."""
    rng, count = np.random.default_rng(3), 4000
    expected = kept_share(stored, alpha, level=0.9)
    grid = np.linspace(0, 1, 2001)
    shares = np.array([1 - rejected(conformal_p_values(grid, rng.random(stored)), alpha).mean() for _ in range(count)])
    assert abs(shares.mean() - expected.value) < 4 * shares.std() / math.sqrt(count) + 1e-3
    low, high = expected.interval
    inside = ((shares >= low - 5e-4) & (shares <= high + 5e-4)).mean()
    assert inside >= 0.9 - 4 * math.sqrt(0.09 / count)
    if expected.value > 0:
        assert inside <= 0.92 + 4 * math.sqrt(0.09 / count)


def test_alpha_on_a_step_is_not_lost_to_rounding():
    # .29 * 100 is 28.999999999999996, and 29/100 is not above .29.
    assert kept_share(99, 0.29).value == 0.29
    assert kept_share(9, 0.0).value == 0.0
    assert kept_share(9, 1.0).value == 1.0


def test_a_budget_is_never_exceeded_and_used_up_without_ties(rng):
    for _ in range(50):
        p = conformal_p_values(rng.standard_normal(12), rng.standard_normal(40))
        for budget in range(14):
            count = rejected(p, alpha_for_budget(p, budget)).sum()
            assert count <= budget
    distinct = np.arange(1, 13) / 12
    used = [rejected(distinct, alpha_for_budget(distinct, b)).sum() for b in range(13)]
    assert used == list(range(13))


SMALL = FromFunctions(lambda text, rng: "s", lambda text: len(text) == 6)
LARGE = FromFunctions(lambda text, rng: "L", lambda text: len(text) == 6)


def test_accepted_drafts_cost_the_target_nothing(rng):
    rounds = Rounds(drafts=3, draft_steps=2, target_steps=1, alpha=1.0)
    found = draft_and_continue(SMALL, LARGE, lambda text: 0.0, rounds, pool=[-1.0], rng=rng)
    assert set(found.texts) == {tuple("ssssss")}
    assert (found.drafted, found.continued, found.rejected) == (18, 0, (0.0, 0.0, 0.0))
    assert len(found.pool) == 1 + 9


def test_rejected_drafts_alternate(rng):
    rounds = Rounds(drafts=2, draft_steps=2, target_steps=2, alpha=0.0)
    found = draft_and_continue(SMALL, LARGE, lambda text: 0.0, rounds, pool=[-1.0], rng=rng)
    assert set(found.texts) == {tuple("ssLLss")}
    assert (found.drafted, found.continued) == (8, 4)


def test_only_low_scores_are_rejected(rng):
    """Texts that begin with a 0 score low, below the whole pool."""
    model = FromFunctions(lambda text, rng: int(rng.integers(2)), lambda text: len(text) == 2)
    large = FromFunctions(lambda text, rng: 7, lambda text: len(text) == 2)
    rounds = Rounds(drafts=400, draft_steps=1, target_steps=1, alpha=0.9)
    found = draft_and_continue(model, large, lambda text: float(text[0]), rounds, pool=[0.5] * 9, rng=rng)
    assert {text for text in found.texts if text[0] == 0} == {(0, 7)}
    assert {text for text in found.texts if text[0] == 1} == {(1, 0), (1, 1)}
    assert found.rejected[0] == sum(text[0] == 0 for text in found.texts) / 400


@pytest.mark.parametrize("alpha", [-0.1, 1.1, math.nan])
def test_alpha_is_a_chance(alpha):
    for call in (lambda: rejected([0.5], alpha), lambda: kept_share(5, alpha), lambda: Rounds(1, 1, 1, alpha)):
        with pytest.raises(InputError, match="no probability"):
            call()


@pytest.mark.parametrize("p", [[1.5], [np.nan], [-0.1]])
def test_p_values_are_chances(p):
    with pytest.raises(InputError, match="outside 0 to 1"):
        rejected(p, 0.1)
    with pytest.raises(InputError, match="outside 0 to 1"):
        alpha_for_budget(p, 1)


def test_what_cannot_be_counted(rng):
    with pytest.raises(InputError, match="without NaN"):
        conformal_p_values([0.1, np.nan], [0.2])
    with pytest.raises(InputError, match="without NaN"):
        conformal_p_values([0.1], [0.2, np.nan])
    with pytest.raises(InputError, match="impossible"):
        alpha_for_budget([0.1], -1)
    with pytest.raises(InputError, match="says nothing"):
        kept_share(0, 0.1)
    with pytest.raises(FitError, match="between 0 and 1"):
        kept_share(5, 0.1, level=2)
    with pytest.raises(InputError, match="at least 1"):
        Rounds(drafts=0, draft_steps=1, target_steps=1, alpha=0.1)


def test_texts_that_do_not_end(rng):
    endless = FromFunctions(lambda text, rng: "s", lambda text: False)
    rounds = Rounds(drafts=1, draft_steps=1, target_steps=0, alpha=0.1, most_rounds=5)
    with pytest.raises(InputError, match="after 5 steps"):
        draft_and_continue(endless, endless, lambda text: 0.0, rounds, pool=[], rng=rng)
