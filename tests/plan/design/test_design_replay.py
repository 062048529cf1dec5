"""Designs tried on finished runs: what is looked at, what is spent, and what it predicts."""

from pathlib import Path

import numpy as np
import pytest
from tests.papers.tables import farseer_runs
from tests.plan.fits import EPOCH, grid

from isoflop import laws
from isoflop.errors import TableError
from isoflop.plan.design.replay import replay_design, replay_order, start_rows
from isoflop.runs.table import RunTable

LAW = laws.get("chinchilla")


def held_out() -> RunTable:
    params, tokens = np.array([3e10, 5e10]), np.array([6e11, 2e12])
    return RunTable.from_columns(
        {"params": params, "tokens": tokens, "loss": LAW.predict(EPOCH, params=params, tokens=tokens)}
    )


def with_loss(table: RunTable, loss: np.ndarray) -> RunTable:
    return RunTable.from_columns({"params": table.column("params"), "tokens": table.column("tokens"), "loss": loss})


def test_the_start_is_cheap() -> None:
    cost = np.geomspace(1, 1e6, 60)[::-1]
    rows = start_rows(cost, 4)
    assert len(rows) == 10
    assert cost[rows].max() <= np.sort(cost)[9]
    assert cost[rows].sum() <= 0.02 * cost.sum()


def test_a_replay_spends_its_share_and_never_looks_at_what_it_did_not_buy() -> None:
    pool = grid(LAW, EPOCH, 0.003)
    found = replay_design(LAW, pool, held_out(), share=0.2, rounds=2, objective="log-ls", most=6)
    assert found.spent <= 0.2 * (1 + 1e-9)
    assert len(set(found.rows)) == len(found.rows)
    loss = pool.column("loss").copy()
    unseen = np.setdiff1d(np.arange(len(pool)), found.rows)
    loss[unseen] *= 3
    again = replay_design(LAW, with_loss(pool, loss), held_out(), share=0.2, rounds=2, objective="log-ls", most=6)
    assert again == found


def test_a_start_that_costs_too_much_is_refused() -> None:
    with pytest.raises(TableError, match="Raise share"):
        replay_design(LAW, grid(LAW, EPOCH, 0.003), held_out(), share=1e-5)


def test_a_tenth_of_farseers_cost_predicts_like_all_of_it(data_directory: Path) -> None:
    """Li et al. 2026 report R² .93 for a tenth and .91 for all, with Farseer's law; this is Skaling's, .89 and .91.

    Their design takes the law as right, as `curvature=0` does.
    """
    law, pool, test = laws.get("skaling"), *(farseer_runs(data_directory, split) for split in ("train", "test"))
    design = replay_design(law, pool, test, curvature=0.0)
    cost = pool.column("flops")
    everything = replay_order(law, pool, test, np.arange(len(pool)), strategy="all", share=1.0)
    cheapest = replay_order(law, pool, test, np.argsort(cost), strategy="cheapest")
    assert (design.spent, cheapest.spent) <= (0.1 * (1 + 1e-9), 0.1 * (1 + 1e-9))
    assert everything.r2 == pytest.approx(0.911, abs=0.001)
    assert design.r2 == pytest.approx(0.89, abs=0.03)
    assert design.error < 0.3 * cheapest.error


def test_the_default_guards_against_a_law_that_is_only_roughly_right(data_directory: Path) -> None:
    """Chinchilla's form misses Farseer's runs by 2.9 % with all of them; docs/results/design.json has every figure."""
    law, pool, test = laws.get("chinchilla"), *(farseer_runs(data_directory, split) for split in ("train", "test"))
    everything = replay_order(law, pool, test, np.arange(len(pool)), strategy="all", share=1.0)
    design, trusting = replay_design(law, pool, test), replay_design(law, pool, test, curvature=0.0)
    assert everything.error == pytest.approx(0.0289, abs=0.001)
    assert design.error < 0.5 * everything.error
    assert trusting.error > 2 * everything.error
    # The guard has its price where the law is right: Skaling's form, half of what the cheapest runs miss.
    skaling = laws.get("skaling")
    cheapest = replay_order(skaling, pool, test, np.argsort(pool.column("flops")), strategy="cheapest")
    assert replay_design(skaling, pool, test).error < 0.6 * cheapest.error
