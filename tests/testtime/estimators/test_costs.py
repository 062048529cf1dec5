"""Costs of a pass, infinite ones included, tokens per correct answer, and ARISE."""

import numpy as np
import pytest

from isoflop.errors import FitError, InputError, TableError
from isoflop.testtime.estimators.costs import (
    arise,
    cost_frontier,
    cost_of_pass,
    sample_cost,
    scaling_metric,
    tokens_per_correct,
)


def test_cost_of_a_pass_is_what_retries_spend(rng):
    """Independent retries until the first success, paid by the attempt."""
    p, cost = 0.3, np.array([1.0, 5.0])
    right, paid = rng.random(4000) < p, cost[rng.integers(0, 2, 4000)]
    spent, at = [], 0
    for stop in np.flatnonzero(right):
        spent.append(paid[at : stop + 1].sum())
        at = stop + 1
    found = cost_of_pass(paid, right, [0, 2000, 4000], rng=rng)
    assert np.mean(spent) == pytest.approx(found.pooled.value, rel=0.02)
    assert found.infinite == 0.0


def test_infinite_cells_are_counted_not_hidden(rng):
    found = cost_of_pass(np.ones(8), [1, 1, 0, 0, 0, 0, 1, 0], [0, 2, 4, 6, 8], rng=rng)
    assert found.problems.tolist() == [1.0, np.inf, np.inf, 2.0]
    assert found.infinite == 0.5
    assert found.finite_mean is not None
    assert found.finite_mean.value == 1.5
    assert "never solved" in found.finite_mean.leaves_out[0]
    assert found.pooled.value == pytest.approx(8 / 3)


def test_nothing_solved_is_infinite(rng):
    found = cost_of_pass(np.ones(4), np.zeros(4), [0, 2, 4], rng=rng)
    assert (found.infinite, found.finite_mean, found.pooled.value) == (1.0, None, np.inf)
    assert tokens_per_correct([1, 2, 3, 4], [0, 0, 0, 0], [0, 2, 4], rng=rng).value == np.inf


def test_the_frontier_takes_the_cheapest_and_a_person_where_cheaper():
    least, who = cost_frontier([[1.0, np.inf, 9.0], [2.0, np.inf, 3.0]])
    assert least.tolist() == [1.0, np.inf, 3.0]
    assert who.tolist() == [0, -2, 1]
    least, who = cost_frontier([[1.0, np.inf, 9.0]], baseline=[5.0, 5.0, 5.0])
    assert least.tolist() == [1.0, 5.0, 5.0]
    assert who.tolist() == [0, -1, -1]
    least, who = cost_frontier([[np.inf, np.inf], [np.inf, 1.0]], baseline=np.inf)
    assert least.tolist() == [np.inf, 1.0]
    assert who.tolist() == [-2, 1]


def test_tokens_per_correct_weigh_problems_alike(rng):
    found = tokens_per_correct([10, 10, 10, 40], [1, 1, 1, 0], [0, 3, 4], rng=rng)
    assert found.value == pytest.approx((10 + 40) / 2 / 0.5)
    assert found.unit == "tokens"


def test_steps_without_tokens_are_left_out():
    assert arise([0, 1, 0.5], [0, 100, 200]).tolist() == [-1.0]
    assert arise([1, 1, 1], [1, 2, 3]).tolist() == [0.0]
    # With fewer tokens than before a gain counts for more, a loss for less.
    assert arise([[0, 1], [1, 0]], [[3, 2], [3, 2]]).round(6).tolist() == [1.5, -0.666667]
    assert scaling_metric([[0, 1]], [[5, 5]]).tolist() == [0.0]


@pytest.mark.parametrize(("call", "error", "said"), [
    (lambda rng: sample_cost(-1, 2, price_in=1, price_out=1), InputError, "0 or more"),
    (lambda rng: cost_of_pass([1, 1], [1, 2], [0, 1, 2], rng=rng), TableError, "1 or 0"),
    (lambda rng: cost_of_pass([1, np.nan], [1, 0], [0, 1, 2], rng=rng, names=["a", "b"]), TableError, "problem b"),
    (lambda rng: cost_of_pass([1, 1], [1, 0], [0, 2], rng=rng), TableError, "two problems"),
    (lambda rng: cost_frontier([[1.0], [1.0, 2.0]]), InputError, "one per problem"),
    (lambda rng: cost_frontier([[np.nan, 1], [2, 2]]), InputError, "missing"),
    (lambda rng: cost_frontier([[-1.0]]), InputError, "negative"),
    (lambda rng: cost_frontier([[1.0]], baseline=np.nan), InputError, "missing"),
    (lambda rng: cost_frontier([[1.0, 1.0, 1.0]], baseline=[1.0]), InputError, "not for 3 problems"),
    (lambda rng: sample_cost([np.nan], [1], price_in=1, price_out=1), InputError, "none missing"),
    (lambda rng: sample_cost([1], [1], price_in=np.nan, price_out=1), InputError, "none missing"),
    (lambda rng: cost_of_pass([1, 1], [1, 1], [0, 1, 2], rng=rng, draws=0), FitError, "0 draws"),
    (lambda rng: arise([1], [1]), InputError, "two levels"),
    (lambda rng: arise([0, np.nan, 1], [1, 2, 3]), InputError, "shares from 0 to 1"),
    (lambda rng: arise([0, 2], [1, 2]), InputError, "shares from 0 to 1"),
    (lambda rng: arise([0, 1], [-1, 2]), InputError, "tokens 0 or more"),
    (lambda rng: scaling_metric([0, 1], [1, np.inf]), InputError, "tokens 0 or more"),
])  # fmt: skip
def test_what_cannot_be_priced(call, error, said, rng):
    with pytest.raises(error, match=said):
        call(rng)
