"""Next runs: what is chosen, what it costs, what interval to expect, and the score afterwards."""

from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from tests.plan.fits import EPOCH, fitted, grid, two_recipes

from isoflop import laws
from isoflop.errors import LawError, TableError
from isoflop.fit import fit_law
from isoflop.plan.design.aim import aim_at
from isoflop.plan.design.candidates import candidates_of
from isoflop.plan.design.design import next_runs
from isoflop.plan.design.designed import Design
from isoflop.plan.design.exchange import Shop, choose, exchange, greedy
from isoflop.plan.design.explain import chances
from isoflop.plan.design.linear import from_delta, from_draws
from isoflop.plan.design.scoring import score_design
from isoflop.runs.table import RunTable
from isoflop.uncertainty.bootstrap import bootstrap
from isoflop.uncertainty.delta import covariance, delta

TARGET = {"params": 7e10, "tokens": 1.4e12}
BUDGET = 1e23


@cache
def eight() -> Design:
    return next_runs(fitted(), TARGET, budget=BUDGET, most=8)


def pool(count: int = 40, seed: int = 3) -> dict[str, np.ndarray]:
    """Return random candidates of a law in size and data."""
    rng = np.random.default_rng(seed)
    params = np.exp(rng.uniform(np.log(1e8), np.log(1e10), count))
    return {"params": params, "tokens": params * np.exp(rng.uniform(np.log(6), np.log(70), count))}


def test_the_design_keeps_to_budget_number_and_ratio() -> None:
    found = eight()
    assert 0 < len(found.runs) <= 8
    assert found.spent == pytest.approx(sum(run.cost for run in found.runs))
    assert found.spent <= BUDGET * (1 + 1e-9)
    for run in found.runs:
        assert run.cost == pytest.approx(6 * run.columns["params"] * run.columns["tokens"])
        assert 5 * (1 - 1e-6) <= run.columns["tokens"] / run.columns["params"] <= 80 * (1 + 1e-6)


def test_every_run_narrows_the_interval_that_is_expected() -> None:
    found = eight()
    widths = [found.half_width_before, *(run.half_width for run in found.runs)]
    assert all(after < before for before, after in pairwise(widths))
    assert widths[-1] == pytest.approx(found.half_width_after)
    low, high = found.after[0].interval
    assert np.log(high / low) / 2 == pytest.approx(found.half_width_after)
    assert found.before[0].interval[0] < low < found.after[0].value < high < found.before[0].interval[1]


def test_todays_interval_is_that_of_the_delta_method() -> None:
    fit, runs = fitted(), grid(laws.get("chinchilla"), EPOCH, 0.003)
    found = next_runs(fit, TARGET, budget=BUDGET, runs=runs, most=1)
    expected = delta(fit, runs, **TARGET).interval
    # The vague prior of the design holds the parameters a little.
    assert found.before[0].interval == pytest.approx(expected, rel=2e-4)


def test_expected_variance_is_that_of_a_fit_to_all_runs() -> None:
    law, fit, runs = laws.get("chinchilla"), fitted(), grid(laws.get("chinchilla"), EPOCH, 0.003)
    found = next_runs(fit, TARGET, budget=BUDGET, runs=runs, most=12)
    bought = {w: np.array([run.columns[w] for run in found.runs]) for w in ("params", "tokens")}
    loss = fit.evaluate(**bought)
    noise = np.random.default_rng(5).normal(0, 0.003, len(loss))
    columns = {w: np.concatenate([runs.column(w), bought[w]]) for w in bought}
    both = RunTable.from_columns({**columns, "loss": np.concatenate([runs.column("loss"), loss * np.exp(noise)])})
    again = delta(fit_law(law, both, objective="log-ls"), both, **TARGET).interval
    assert np.log(again[1] / again[0]) / 2 == pytest.approx(found.half_width_after, rel=0.2)


def test_draws_and_curvature_agree_on_a_well_determined_fit() -> None:
    runs = grid(laws.get("chinchilla"), EPOCH, 0.003)
    by_draws, by_delta = (
        next_runs(fitted(), TARGET, budget=BUDGET, candidates=pool(), most=6, **more) for more in ({}, {"runs": runs})
    )
    assert by_draws.half_width_before == pytest.approx(by_delta.half_width_before, rel=0.35)
    ratio = by_draws.half_width_after / by_draws.half_width_before
    assert ratio == pytest.approx(by_delta.half_width_after / by_delta.half_width_before, rel=0.2)


@pytest.mark.parametrize("criterion", ["c", "V", "A", "D"])
def test_gains_are_what_buying_gives(criterion: str) -> None:
    fit, runs = fitted(), grid(laws.get("chinchilla"), EPOCH, 0.003)
    candidates = candidates_of(fit, pool())
    linear = from_delta(fit, runs, candidates, aim_at(fit, TARGET))
    shop = Shop(criterion, linear, candidates.cost, np.full(40, 1e-6), BUDGET, 40, replicates=2)  # type: ignore[arg-type]
    counts = np.zeros(40)
    counts[[3, 5]] = 1
    gain = shop.next_gains(counts)
    for place in (3, 7):
        more = counts.copy()
        more[place] += 1
        assert shop.value(counts) - shop.value(more) == pytest.approx(gain[place], rel=1e-6)


def test_an_exchange_is_never_worse_and_near_the_best_of_all_pairs() -> None:
    fit, runs = fitted(), grid(laws.get("chinchilla"), EPOCH, 0.003)
    candidates = candidates_of(fit, pool())
    linear = from_delta(fit, runs, candidates, aim_at(fit, TARGET))
    budget = float(np.sort(candidates.cost)[-8:-6].sum())
    shop = Shop("V", linear, candidates.cost, np.zeros(40), budget, 2)
    first = greedy(shop, np.zeros(40), 1.0)
    assert shop.value(exchange(shop, first)) <= shop.value(first)
    best = min(
        shop.value(np.bincount([i, j], minlength=40).astype(float))
        for i in range(40)
        for j in range(i)
        if candidates.cost[[i, j]].sum() <= budget
    )
    assert shop.value(choose(shop, power=None, swap=True)) <= 1.02 * best


def test_seeds_share_the_laws_own_error() -> None:
    one = {"params": np.array([1e10]), "tokens": np.array([2e11])}
    free, tied = (
        next_runs(fitted(), TARGET, budget=1e24, candidates=one, replicates=10, discrepancy=tau) for tau in (0.0, 0.01)
    )
    assert [run.seed for run in free.runs] == list(range(1, 11))
    assert free.half_width_after < tied.half_width_after
    candidates = candidates_of(fitted(), one)
    linear = from_draws(fitted(), candidates, aim_at(fitted(), TARGET))
    shop = Shop("V", linear, candidates.cost, np.array([0.01**2]), 1e24, 10, replicates=10)
    many, single = (float(shop.weight(np.array([n]))[0]) for n in (1e6, 1.0))
    assert many == pytest.approx(1 / 0.01**2, rel=1e-4)
    assert single == pytest.approx(1 / (linear.noise[0] ** 2 + 0.01**2))


def test_a_back_test_widens_and_asks_for_a_discrepancy() -> None:
    from dataclasses import replace

    plain, inflated = eight(), next_runs(replace(fitted(), inflation=2.0), TARGET, budget=BUDGET, most=8)
    assert inflated.half_width_before == pytest.approx(2 * plain.half_width_before)
    assert plain.discrepancy == 0 < inflated.discrepancy
    assert any("no back-test" in text for text in plain.warnings)
    assert any("2.00 times widened" in text for text in inflated.warnings)


def test_the_stop_rules_end_the_buying() -> None:
    found = eight()
    goal = 0.8 * found.half_width_before + 0.2 * found.half_width_after
    narrow = next_runs(fitted(), TARGET, budget=BUDGET, most=20, half_width=goal)
    assert narrow.half_width_after <= goal
    assert narrow.spent < found.spent
    assert "narrow enough" in narrow.stopped
    picky = next_runs(fitted(), TARGET, budget=BUDGET, most=50, least_gain=0.3, power=1.0)
    assert len(picky.runs) < 50
    assert "takes off 30.0%" in picky.stopped


def test_a_decision_between_recipes() -> None:
    fit = two_recipes()
    found = next_runs(fit, {"flops": 1e24}, beats=("better", "plain"), budget=1e22, most=6)
    assert found.decision
    assert found.decided_before == 1.0
    assert found.after[0].interval[1] < 0
    assert 0.9 < found.decided_after <= 1.0
    assert {run.columns["recipe"] for run in found.runs} <= {"better", "plain"}
    back = next_runs(fit, {"params": 1e10, "tokens": 2e11}, beats=("plain", "better"), budget=1e22, most=6)
    assert back.before[0].value > 0


def test_far_runs_are_marked_in_decades() -> None:
    found = eight()
    assert found.distance_decades["tokens"] == pytest.approx(np.log10(1.4), abs=1e-6)
    largest = max(found.runs, key=lambda run: run.columns["params"])
    if largest.columns["params"] > 1e10:
        assert largest.distance_decades["params"] == pytest.approx(np.log10(largest.columns["params"] / 1e10))
    assert "decades" in str(found)


def test_a_score_compares_what_came_with_what_was_expected() -> None:
    law, fit, runs = laws.get("chinchilla"), fitted(), grid(laws.get("chinchilla"), EPOCH, 0.003)
    found = next_runs(fit, TARGET, budget=BUDGET, most=8)
    bought = {w: np.array([run.columns[w] for run in found.runs]) for w in ("params", "tokens")}
    loss = law.predict(EPOCH, **bought) * np.exp(np.random.default_rng(11).normal(0, 0.003, len(found.runs)))
    columns = {w: np.concatenate([runs.column(w), bought[w]]) for w in bought}
    both = RunTable.from_columns({**columns, "loss": np.concatenate([runs.column("loss"), loss])})
    after = bootstrap(fit_law(law, both, objective="log-ls"), both, draws=200, rng=np.random.default_rng(2), workers=1)
    score = score_design(found, after, truth=law.predict(EPOCH, **TARGET))
    assert 0.5 < score.width_ratio[0] < 2
    assert score.surprise[0] < 3
    assert score.covered == (True,)
    assert score.decided is None


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"budget": 0}, "positive amount"),
        ({"budget": 1e12, "candidates": pool()}, "cheapest costs"),
        ({"criterion": "G"}, "Choose one of"),
        ({"tokens_per_param": (1000.0, 2000.0), "candidates": pool()}, "None of the 40 candidates"),
        ({"beats": ("a", "b")}, "per recipe"),
        ({"most": 0}, "from 1 on"),
        ({"method": "magic"}, "exchange or greedy"),
        ({"criterion": "D", "half_width": 0.01}, "half-width"),
    ],
)
def test_what_cannot_be_designed_is_refused(more: dict[str, object], said: str) -> None:
    with pytest.raises(LawError, match=said):
        next_runs(fitted(), TARGET, **{"budget": BUDGET, **more})


def test_candidates_with_gaps_are_refused_by_row() -> None:
    with pytest.raises(TableError, match="first in row 2"):
        next_runs(fitted(), TARGET, budget=BUDGET, candidates={"params": [1e9, 2e9], "tokens": [2e10, None]})


def test_directions_of_draws_are_those_of_the_parameters() -> None:
    fit, runs = fitted(), grid(laws.get("chinchilla"), EPOCH, 0.003)
    aim, candidates = aim_at(fit, TARGET), candidates_of(fit, pool())
    by_draws, by_delta = from_draws(fit, candidates, aim), from_delta(fit, runs, candidates, aim)
    cross = [
        linear.runs @ linear.targets.T / np.linalg.norm(linear.targets) / np.linalg.norm(linear.runs, axis=1)[:, None]
        for linear in (by_draws, by_delta)
    ]
    # 200 draws know a correlation to 1/sqrt(200).
    assert np.abs(cross[0] - cross[1]).max() < 4 / np.sqrt(200)
    assert by_delta.noise[0] == pytest.approx(covariance(fit, runs).noise, rel=1e-6)


def test_draws_that_spread_further_than_the_curvature_are_told() -> None:
    """Twice the spread of the draws: the warning has the factor; with the draws as they are nothing is said."""
    fit = fitted()
    assert fit.draws is not None
    runs = grid(laws.get("chinchilla"), EPOCH, 0.003)
    wide = replace(fit, draws=fit.theta * np.exp(2 * np.log(fit.draws / fit.theta)))
    said = [next_runs(one, TARGET, budget=BUDGET, most=2, runs=runs).warnings for one in (fit, wide)]
    assert not any("curvature used here" in text for text in said[0])
    told = [text for text in said[1] if "curvature used here" in text]
    assert len(told) == 1
    assert 1.6 < float(told[0].split("spreads ")[1].split(" times")[0]) < 2.6
    assert not any("curvature used here" in text for text in next_runs(wide, TARGET, budget=BUDGET, most=2).warnings)


def test_the_limits_bracket_the_targets_ratio_by_a_factor_of_four() -> None:
    """D11: ratio about 4 on each side of the target's 20 tokens per parameter."""
    assert eight().limits == pytest.approx((5.0, 80.0))


def test_the_discrepancy_is_what_the_back_test_adds() -> None:
    """`tau^2 h = (kappa^2 - 1) Var` at the target: none for a factor of 1, and sqrt(3) to sqrt(8) for 2 and 3."""
    found = [
        next_runs(replace(fitted(), inflation=factor), TARGET, budget=BUDGET, most=1).discrepancy
        for factor in (1.0, 2.0, 3.0)
    ]
    assert found[0] == 0.0
    assert found[2] / found[1] == pytest.approx(np.sqrt(8 / 3))


def test_the_chance_that_runs_decide_is_that_of_the_estimate_to_come() -> None:
    """Against drawing it: value 0.1, standard error 0.1 today and 0.06 after, half-width 1.6 errors."""
    value, before, after = (np.array([x]) for x in (0.1, 0.1, 0.06))
    now, then = chances(value, before, after, 1.6, 1.6)
    drawn = np.random.default_rng(0).normal(0.1, np.sqrt(0.1**2 - 0.06**2), 400_000)
    assert now == 0.0
    assert then == pytest.approx(np.mean(np.abs(drawn) > 1.6 * 0.06), abs=0.004)
