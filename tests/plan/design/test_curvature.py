"""What a law misses in second order: how a fit carries it, and how large the runs say it is."""

import numpy as np
import pytest
from tests.plan.fits import EPOCH, grid

from isoflop import laws
from isoflop.errors import LawError
from isoflop.fit.fitting import fit_law
from isoflop.plan.design.aim import aim_at
from isoflop.plan.design.candidates import as_candidates, candidates_of
from isoflop.plan.design.curvature import TYPICAL, bias_of, learned
from isoflop.plan.design.design import next_runs
from isoflop.plan.design.exchange import Shop
from isoflop.plan.design.linear import from_delta
from isoflop.runs.table import RunTable

TARGET = {"params": 7e9, "tokens": 1.4e11}
LAW = laws.get("chinchilla")
CENTRE = np.log([7e9, 1.4e11])


def runs(missed: float = 0.0, noise: float = 1e-3) -> RunTable:
    """Return runs of Chinchilla's law whose ln L bends by `missed` in ln N times ln D around the target."""
    table = grid(LAW, EPOCH, noise)
    z = np.log(table.column("params")) - CENTRE[0], np.log(table.column("tokens")) - CENTRE[1]
    columns = {w: table.column(w) for w in ("params", "tokens")}
    return RunTable.from_columns({**columns, "loss": table.column("loss") * np.exp(missed * z[0] * z[1])})


def pool() -> dict[str, np.ndarray]:
    flops, ratio = (g.ravel() for g in np.meshgrid(np.geomspace(1e19, 1e21, 5), np.geomspace(5, 80, 5)))
    params = np.sqrt(flops / 6 / ratio)
    return {"params": params, "tokens": params * ratio}


def shop(criterion: str = "V", size: float = 0.003) -> Shop:
    table = runs()
    fit = fit_law(LAW, table, objective="log-ls")
    candidates, aim = candidates_of(fit, pool()), aim_at(fit, TARGET)
    own = from_delta(fit, table, as_candidates(fit, table), aim)
    linear = from_delta(fit, table, candidates, aim)
    bias = bias_of(fit, table, candidates, aim, own, size=size)
    cost = candidates.cost
    return Shop(criterion, linear, cost, np.zeros(len(cost)), 1e24, 40, replicates=2, bias=bias)  # type: ignore[arg-type]


@pytest.mark.parametrize("criterion", ["c", "V", "A"])
def test_gains_are_what_buying_gives_with_the_bias(criterion: str) -> None:
    held = shop(criterion)
    counts = np.zeros(25)
    counts[[3, 5]] = 1
    gain = held.next_gains(counts)
    for place in (3, 7, 20):
        more = counts.copy()
        more[place] += 1
        assert held.value(counts) - held.value(more) == pytest.approx(gain[place], rel=1e-6, abs=1e-14)
    assert held.value(counts) > held.variance(counts)


def test_the_bias_is_what_a_fit_to_bent_runs_shows() -> None:
    """One entry of H at a time: a fit to noise-free runs that bend misses the target by what is foretold."""
    table, bent = runs(noise=0.0), runs(1e-4, noise=0.0)
    fit, again = (fit_law(LAW, t, objective="log-ls") for t in (table, bent))
    moved = float(np.log(again.evaluate(**TARGET) / fit.evaluate(**TARGET))[0])
    noisy = runs()
    at = fit_law(LAW, noisy, objective="log-ls")
    aim, candidates = aim_at(at, TARGET), candidates_of(at, pool())
    own = from_delta(at, noisy, as_candidates(at, noisy), aim)
    found = bias_of(at, noisy, candidates, aim, own, size=1e-4)
    assert found is not None
    # Terms are N², ND, D²; the prior of the design holds the parameters a little.
    assert float((own.targets @ found.taken)[0, 1]) == pytest.approx(moved, rel=0.05)


def test_runs_that_bend_ask_for_a_larger_size_and_straight_ones_for_a_small_one() -> None:
    sizes = {}
    for missed in (0.0, 0.01):
        table = runs(missed)
        fit = fit_law(LAW, table, objective="log-ls")
        sizes[missed] = next(
            step.value for step in next_runs(fit, TARGET, budget=1e21, runs=table, most=3).steps if "miss" in step.text
        )
    assert sizes[0.0] < TYPICAL < sizes[0.01]


def test_few_runs_have_no_say() -> None:
    rng = np.random.default_rng(0)
    assert learned(rng.standard_normal(7), rng.standard_normal((7, 4)), rng.standard_normal((7, 3))) == TYPICAL


def test_the_size_that_made_the_residuals_is_found() -> None:
    rng = np.random.default_rng(2)
    slopes, features = rng.standard_normal((60, 5)), 20 * rng.standard_normal((60, 6))
    found = [
        learned(1e-3 * rng.standard_normal(60) + features @ (0.01 * rng.standard_normal(6)), slopes, features)
        for _ in range(30)
    ]
    assert np.median(found) == pytest.approx(0.01, rel=0.3)


def test_a_law_that_may_bend_buys_fewer_runs_far_from_the_target() -> None:
    table = runs()
    fit = fit_law(LAW, table, objective="log-ls")
    asked = {"budget": 3e21, "candidates": pool(), "runs": table, "most": 12, "tokens_per_param": None}
    right, wrong = (next_runs(fit, TARGET, curvature=size, **asked) for size in (0.0, 0.02))

    def far(design) -> float:
        return float(np.mean([abs(np.log(run.columns["params"] / 7e9)) for run in design.runs]))

    assert far(wrong) < far(right)
    assert not any("miss" in step.text for step in right.steps)


def test_a_negative_size_is_refused() -> None:
    table = runs()
    with pytest.raises(LawError, match="curvature cannot be negative"):
        next_runs(fit_law(LAW, table, objective="log-ls"), TARGET, budget=1e21, runs=table, curvature=-1.0)


def test_a_score_that_knows_the_runs_counts_their_leverage() -> None:
    from isoflop.plan.design.scoring import score_design
    from isoflop.uncertainty.bootstrap import bootstrap

    table = runs()
    fit = bootstrap(fit_law(LAW, table, objective="log-ls"), table, draws=100, rng=np.random.default_rng(1))
    design = next_runs(fit, TARGET, budget=1e21, runs=table, most=3)
    plain, known = score_design(design, fit), score_design(design, fit, runs=table)
    assert plain.found[0].value == known.found[0].value
    assert known.width_ratio[0] > plain.width_ratio[0]
