"""Spending by difficulty: what it gains on other problems, and that groups without meaning gain nothing."""

import csv
from pathlib import Path

import numpy as np
import pytest
from tests.testtime.budget_support import counts_of, two_models

from isoflop.errors import ColumnError, InputError, TableError
from isoflop.testtime.budgets.budget import frontier, menu
from isoflop.testtime.budgets.by_difficulty import adapt, ease_of, probe_counts, probe_samples, treated
from isoflop.testtime.budgets.charge import charge_observed
from isoflop.testtime.budgets.routes import routes_from_counts
from isoflop.testtime.counts import Counts
from isoflop.testtime.estimators.bins import difficulty_bins
from isoflop.testtime.samples import Samples


def halves(problems: int = 200):
    """Half of the problems are solved at once, half of them at a rate of 5 %."""
    rng = np.random.default_rng(8)
    rates = np.repeat([1.0, 0.05], problems // 2)
    counts = counts_of(rates, 64, rng)
    routes = routes_from_counts("m", counts, charge_observed(np.ones(problems)), ["pass@k"])
    return menu(routes, counts.problems, rng=rng, draws=200), (rates < 1).astype(int)


def test_easy_problems_get_one_sample_and_hard_ones_the_rest():
    """At 10 samples a problem: 1 and 19 instead of 10 for all."""
    found, groups = halves()
    made = adapt(found, groups, 10.0)
    easy, hard = (treated(found, row) for row in made.allocation.shares)
    assert [(o["k"], o["share"]) for o in easy] == [(1, 1.0)]
    assert sum(o["k"] * o["share"] for o in hard) == pytest.approx(19.0)
    expected = (1 - 0.95**19) / 2 - (1 - 0.95**10) / 2
    assert made.gain.value == pytest.approx(expected, abs=0.03)
    assert made.gain.interval[0] > 0
    assert made.cost.value == pytest.approx(10.0, abs=0.3)
    assert made.accuracy.value - made.uniform.value == pytest.approx(made.gain.value)


def test_groups_without_meaning_gain_nothing_on_other_problems():
    found = two_models(problems=80, n=8)
    groups = np.random.default_rng(0).integers(0, 8, 80)
    made = adapt(found, groups, 0.2)
    assert made.gain_in_sample > 0
    assert made.gain.value < made.gain_in_sample
    assert made.gain.interval[0] < 0.005


def test_a_probe_is_paid_for():
    found, groups = halves()
    free, paid = adapt(found, groups, 10.0), adapt(found, groups, 10.0, probe=4.0)
    assert paid.accuracy.value < free.accuracy.value
    assert paid.cost.value == pytest.approx(free.cost.value, abs=0.5)
    with pytest.raises(InputError, match="Probing costs 10"):
        adapt(found, groups, 10.0, probe=10.0)


def test_probing_counts_sets_samples_apart(rng):
    counts = counts_of(rng.random(300), 20, rng)
    ease, rest = probe_counts(counts, 8, rng=rng)
    assert np.array_equal(np.round(ease * 8) + rest.c, counts.c)
    assert set(rest.n.tolist()) == {12}
    assert np.all(rest.c <= 12)
    assert ease.mean() == pytest.approx(counts.rates.mean(), abs=0.02)
    with pytest.raises(TableError, match="k = 21 is above"):
        probe_counts(counts, 20, rng=rng)


def test_probing_samples_sets_rows_apart(rng):
    table = Samples.from_columns(
        [f"p{k % 5}" for k in range(60)], correct=rng.integers(0, 2, 60), score=np.arange(60.0)
    )
    ease, rest = probe_samples(table, 4, rng=rng)
    assert rest.sizes.tolist() == [8] * 5
    assert np.array_equal(np.round(ease * 4) + rest.counts().c, table.counts().c)
    assert len(set(rest.column("score").tolist())) == 40


def test_ease_needs_no_checker(rng):
    """Scores and agreement tell easy problems from hard ones nearly as well as correctness."""
    rates = np.repeat([0.95, 0.1], 20)
    right = rng.random((40, 30)) < rates[:, None]
    answer = np.where(right, 0, rng.integers(1, 9, right.shape))
    table = Samples.from_columns(
        [f"p{k:02}" for k in range(40) for _ in range(30)], correct=right.ravel(),
        score=(right + 0.5 * rng.standard_normal(right.shape)).ravel(), answer=[str(a) for a in answer.ravel()],
    )  # fmt: skip
    assert ease_of(table) == pytest.approx(right.mean(axis=1))
    for by in ("score", "agreement"):
        ease = ease_of(table, by)
        assert ease[:20].min() > ease[20:].max()
        assert np.array_equal(
            np.sort(difficulty_bins(probe_samples(table, 15, rng=rng, by=by)[0], 2).members[0]), range(20)
        )
    with pytest.raises(InputError, match="Choose among correct, score, agreement"):
        ease_of(table, "length")
    with pytest.raises(ColumnError, match="answer"):
        ease_of(Samples.from_columns(["a"], correct=[1]), "agreement")


def test_bins_by_a_probe_gain_where_difficulty_varies():
    rng = np.random.default_rng(2)
    counts = counts_of(np.where(rng.random(400) < 0.5, 0.9, 0.03), 72, rng)
    ease, rest = probe_counts(counts, 8, rng=rng)
    routes = routes_from_counts("m", rest, charge_observed(np.ones(400)), ["pass@k"])
    found = menu(routes, rest.problems, rng=rng, draws=200)
    made = adapt(found, difficulty_bins(ease, 2).of, 24.0, probe=8.0)
    assert made.gain.interval[0] > 0


def test_what_cannot_be_divided():
    found, groups = halves()
    with pytest.raises(InputError, match="do not divide"):
        adapt(found, groups[:-1], 10.0)


def small_study(seed: int, problems: int = 20, samples: int = 16, probe: int = 4):
    """Two models on few problems with few samples, in bins of four by a probe of the cheap one."""
    rng = np.random.default_rng(seed)
    small = rng.beta(0.5, 1.0, problems)
    large = small + 0.5 * (1 - small) * rng.random(problems)
    ease, cheap = probe_counts(counts_of(small, samples + probe, rng), probe, rng=rng)
    priced = ((cheap, 0.01), (counts_of(large, samples, rng), 0.1))
    routes = [
        route
        for k, (counts, price) in enumerate(priced)
        for route in routes_from_counts(str(k), counts, charge_observed(np.full(problems, price)), ["pass@k"])
    ]
    return menu(routes, cheap.problems, rng=rng, draws=20), difficulty_bins(ease, 5).of


def test_few_problems_a_bin_do_not_waste_an_ample_budget():
    """A bin whose few problems are all solved by a cheap option hides harder ones: 9 points were lost in the mean."""
    gains = []
    for seed in range(6):
        found, groups = small_study(seed)
        made = adapt(found, groups, 1.6)
        gains.append(made.gain.value)
        assert made.gain.value > -0.05
        assert made.cost.value > 0.8 * made.uniform_cost.value
    assert np.mean(gains) > -0.01


@pytest.mark.parametrize("budget", [0.01, 0.04, 0.13, 0.45, 1.6])
def test_bins_of_equal_count_never_lose_on_the_problems_that_they_were_made_on(budget):
    for seed in range(4):
        found, groups = small_study(seed)
        assert adapt(found, groups, budget).gain_in_sample > -1e-12


def test_a_gain_in_sample_is_counted_on_the_problems_themselves():
    """Not with the problem more that every group is given."""
    found, groups = small_study(0)
    made = adapt(found, groups, 0.13)
    reached = sum(
        float((shares * table).sum())
        for shares, table in zip(made.allocation.shares[groups], found.tables[0], strict=True)
    )
    alone = adapt(found, np.zeros_like(groups), 0.13)
    assert made.gain_in_sample == pytest.approx(reached / len(groups) - alone.allocation.value, abs=1e-12)
    assert alone.gain_in_sample == pytest.approx(0.0, abs=1e-12)
    assert alone.gain.value == 0.0


def test_spending_by_difficulty_pays_on_published_tasks(data_directory: Path):
    """EvalPerf: 20 tasks of pairs of models, 16 samples each; by difficulty an ample budget lost 3 points."""
    with (data_directory / "evalperf_per_task.csv").open(encoding="utf-8") as lines:
        table = [row for row in csv.DictReader(lines) if row["prompt"] == "default" and row["n_samples"] == "100"]
    solved: dict[str, dict[str, int]] = {}
    for row in table:
        solved.setdefault(row["model"], {})[row["task"]] = int(row["n_correct"])
    rng, gains = np.random.default_rng(5), []
    for _ in range(8):
        pair = sorted((solved[m] for m in rng.choice(sorted(solved), 2, replace=False)), key=lambda c: sum(c.values()))
        names = rng.choice(sorted(set(pair[0]) & set(pair[1])), 20, replace=False).tolist()
        cheap, dear = (np.array([rng.hypergeometric(own[t], 100 - own[t], n) for t in names])
                       for own, n in zip(pair, (24, 16), strict=True))  # fmt: skip
        ease, rest = probe_counts(Counts(tuple(names), np.full(20, 24), cheap), 8, rng=rng)
        counts = (rest, Counts(tuple(names), np.full(20, 16), dear))
        routes = [
            routes_from_counts(str(k), one, charge_observed(np.full(20, 0.1**k)), ["pass@k"])[0]
            for k, one in zip((2, 1), counts, strict=True)
        ]
        found = menu(routes, names, rng=rng, draws=20)
        budgets = np.geomspace(0.01, frontier(found)[-1].cost.value, 5)
        gains.append([adapt(found, difficulty_bins(ease, 5).of, budget).gain.value for budget in budgets])
    mean = np.mean(gains, axis=0)
    assert mean.min() > -0.01
    assert mean.max() > 0.01
