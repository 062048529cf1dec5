"""A flat valley is found by walking it, where the curvature at the optimum promises too much."""

from pathlib import Path

import numpy as np
import pytest

from isoflop import laws
from isoflop.fit.certificate import CertificateCheck
from isoflop.fit.objective import parse_objective
from isoflop.fit.prepare import bind_checked, prepare
from isoflop.fit.search import search
from isoflop.fit.valley import valley_check
from isoflop.laws.law import Law
from isoflop.runs.read import read_runs
from isoflop.runs.table import RunTable


def checked(law: Law, table: RunTable, objective: str, fix: dict[str, float] | None = None) -> CertificateCheck:
    chosen = parse_objective(objective)
    runs = prepare(law, table, "loss")
    problem = bind_checked(law, runs, "loss", chosen, fix=fix or {}, prior={}, weights=None, noise=None)
    optimum = search(problem, chosen)
    return valley_check(optimum.evaluator, optimum.u)


def test_the_half_life_of_repeats_can_be_moved_for_nothing(data_directory: Path) -> None:
    law = laws.get("data-constrained")
    published = law.published_set("muennighoff-2023").values
    fix = {name: published[name] for name in ("E", "A", "alpha", "B", "beta")}
    runs = read_runs(data_directory / "datablations.csv", where="in_authors_fit = 1")
    check = checked(law, runs, "log-huber:1e-3", fix)
    assert not check.passed
    assert check.blocks == "identification"
    assert check.value == pytest.approx(0.139, abs=0.005)
    assert "R_D down" in check.text


def test_well_determined_parameters_cannot() -> None:
    law = laws.get("chinchilla")
    n, d = (g.ravel() for g in np.meshgrid(np.geomspace(1e8, 1e10, 6), np.geomspace(1e9, 1e12, 6)))
    loss = law.predict(law.published_set("epoch-2024").values, params=n, tokens=d)
    noisy = loss * np.exp(np.random.default_rng(0).normal(0.0, 0.003, len(loss)))
    check = checked(law, RunTable.from_columns({"params": n, "tokens": d, "loss": noisy}), "log-ls")
    assert check.passed
    assert check.value > 4


def test_the_rise_is_that_of_least_squares() -> None:
    # One free scale: f(u) is known, so the rise of the cheaper side follows by hand.
    law = Law("t", "A/N^a")
    x = np.geomspace(1.0, 10.0, 9)
    wiggle = 0.3 * np.array([1.0, -1.0, 1.0, -1.0, 0.0, 1.0, -1.0, 1.0, -1.0])
    check = checked(law, RunTable.from_columns({"params": x, "loss": 2.0 / x * np.exp(wiggle)}), "log-ls", {"a": 1.0})
    # ln A is their mean; moved by one, every squared residual grows by one in the sum.
    expected = 8 * 9 * 1.0 / np.sum(wiggle**2)
    assert check.value == pytest.approx(expected, rel=1e-9)
