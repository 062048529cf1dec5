"""The verbs plan, plan_within, cost, isoflop_profiles and report."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypedDict, Unpack

import numpy as np

from isoflop.api.fitting import fit
from isoflop.api.inputs import FitChoices, LawLike, Runs, as_laws, as_runs, response_of
from isoflop.api.judging import backtest, compare
from isoflop.engine import Progress
from isoflop.errors import ColumnError, InputError, LawError, TableError
from isoflop.fit.prepare import prepare
from isoflop.fit.result import Fit
from isoflop.laws.isocurve import other_columns
from isoflop.plan.costs.cost import cost
from isoflop.plan.costs.hardware import device as device_of
from isoflop.plan.costs.result import Cost
from isoflop.plan.design.design import next_runs
from isoflop.plan.design.designed import Design
from isoflop.plan.optimum.plan import plan
from isoflop.plan.optimum.result import Plan
from isoflop.plan.profiles.isoflops import Isoflops
from isoflop.plan.profiles.isoflops import isoflop_profiles as run_profiles
from isoflop.plan.within.within import plan_within
from isoflop.report.page import Parts, write_report
from isoflop.runs.table import RunTable
from isoflop.units import parse_quantity
from isoflop.validate.backtest import with_backtest
from isoflop.validate.comparison import Comparison
from isoflop.validate.outcome import Backtest

__all__ = ["cost", "isoflop_profiles", "plan", "plan_within", "report"]

AHEAD: Final = 100.0
"""A report plans for this many times the compute of the largest run, when no budget is given."""
DECADE: Final = 10.0
"""Its next runs may cost this many times the compute of the largest run."""
DEVICE: Final = "H100"
"""The accelerator on which a report counts the cost of its plan, when none is named."""


class Within(TypedDict, total=False):
    """What a plan under limits takes besides fit and device; see `plan_within`."""

    choose: Mapping[str, Any]
    limits: Sequence[str]
    minimise: str | None
    maximise: str | None
    given: Mapping[str, float | str] | None
    precision: str
    define: Mapping[str, str] | None


def isoflop_profiles(
    runs: Runs,
    *,
    budgets: Sequence[float] | None = None,
    degree: int = 3,
    response: str = "loss",
    draws: int = 1000,
    level: float = 0.9,
    seed: int = 0,
    where: str | None = None,
    mapping: Mapping[str, str] | None = None,
) -> Isoflops:
    """Approach 2: the best size of each compute budget, and the power law through these.

    Reference: Hoffmann et al. 2022, approach 2; bias by Czech et al. 2026.

    Args:
        runs: a table, a path, a frame, or a mapping of columns.
        budgets: compute budgets; found from the runs when None.
        degree: degree of the polynomial in ln N: 3, or 2 for the parabola.
        response: column to explain.
        draws: bootstrap draws.
        level: confidence level.
        seed: seed of the bootstrap.
        where: SQL filter, when `runs` is a file.
        mapping: word → column of the source.

    Returns:
        A profile per budget with its checks, and N*(C) and D*(C).

    >>> import numpy as np
    >>> from isoflop.laws import get
    >>> law, flops = get("chinchilla"), np.repeat([1e19, 1e20, 1e21], 7)
    >>> params = np.sqrt(flops / 120) * np.tile(np.geomspace(1 / 6, 6, 7), 3)
    >>> loss = law.predict(law.published_set("hoffmann-2022").values, params=params, tokens=flops / 6 / params)
    >>> profiles = isoflop_profiles({"params": params, "flops": flops, "loss": loss}, draws=50)
    >>> round(profiles.exponent.value, 2)
    0.45
    """
    table = as_runs(runs, where=where, mapping=mapping, response=response)
    rng = np.random.default_rng([seed, 4])
    return run_profiles(table, budgets=budgets, degree=degree, response=response, draws=draws, level=level, rng=rng)


def report(  # noqa: PLR0913 -- one keyword per decision, each with the expert's default
    law: LawLike,
    runs: Runs,
    path: str | Path,
    *,
    flops: float | None = None,
    by: str = "flops",
    hold_out: int | None = None,
    against: Sequence[LawLike] = (),
    at: Mapping[str, float | str] | None = None,
    within: Within | None = None,
    device: str | None = None,
    title: str = "",
    command: str = "",
    bootstrap: int = 1000,
    resample: str = "bayes",
    progress: Progress | None = None,
    **choices: Unpack[FitChoices],
) -> Fit:
    """Fit, back-test, plan, count the cost, and write all of it as one HTML file.

    Args:
        law: a name, a formula, a TOML file, or a `Law`.
        runs: a table, a path, a frame, or a mapping of columns.
        path: where to write.
        flops: compute to plan for; a hundred times the largest run when None.
        by: column of the back-test's cuts.
        hold_out: how many of the largest groups the back-test holds out.
        against: other laws to compare with on the same held-out runs.
        at: level of each indexed parameter's column, and value of each further column of the law, at which to
            forecast and plan; those of the largest run where not given.
        within: a plan under limits beside the one for compute: choose, limits and the like, as `plan_within` takes
            them.
        device: accelerator for the cost of the plan, and for the plan under limits; H100 for the cost, as an
            assumption, when None; no cost when empty.
        title: heading of the page.
        command: the command that makes the page again.
        bootstrap: draws.
        resample: `bayes`, `pairs`, or `cluster:COLUMN`.
        progress: called with (batches done, batches).
        choices: objective, response, fix, prior, weights, noise, level and seed, as `fit` takes them.

    Returns:
        The fit, with the back-test's inflation when there could be one.

    >>> import tempfile
    >>> runs = {"C": [1e18, 1e19, 1e20, 1e21], "loss": [3.1, 2.7, 2.4, 2.2]}
    >>> path = Path(tempfile.mkdtemp(), "report.html")
    >>> round(report("K/C^a", runs, path, bootstrap=20).parameters["a"], 2)
    0.05
    >>> "</html>" in path.read_text(encoding="utf-8")
    True
    """
    if device:
        device_of(device)  # an unknown one is refused before the work
    table = as_runs(runs, response=choices.get("response") or response_of(law))
    fitted = fit(law, table, bootstrap=bootstrap, resample=resample, progress=progress, **choices)
    options = {**choices, "by": by, "hold_out": hold_out}
    place = _place(fitted, table, at, (within or {}).get("given"))
    comparison = _compare((law, *against), table, fitted, _plan(fitted, flops, place), options) if against else None
    tested = _own(comparison, fitted) if comparison is not None and resample == "bayes" else None
    if tested is None:
        tested = _backtest(law, table, fitted, {**options, "resample": resample})
    if tested is not None:
        fitted = with_backtest(fitted, tested)
    planned = _plan(fitted, flops, place)
    parts: Parts = {
        "command": command, "backtest": tested, "comparison": comparison, "plan": planned, "at": place,
        "profiles": _profiles(table, fitted, place, int(choices.get("seed", 0))),
        "within": plan_within(fitted, device=device or "", **within) if within else None,
        "cost": _cost(planned, device), "design": _next(fitted, flops, place), "title": title,
    }  # fmt: skip
    write_report(path, fitted, table, **parts)
    return fitted


def _backtest(law: LawLike, table: RunTable, fitted: Fit, options: dict[str, Any]) -> Backtest | None:
    """The back-test of the objective that was used, or None where the runs allow none; the page says so."""
    try:
        return backtest(law, table, **{**options, "objective": fitted.objective})
    except TableError:
        return None


def _compare(
    laws: Sequence[LawLike],
    table: RunTable,
    fitted: Fit,
    planned: Plan | InputError | None,
    options: Mapping[str, Any],
) -> Comparison:
    """Laws on the same held-out runs, with their forecasts of the plan where all can give one."""
    known = {"params", "tokens", "flops", "tokens_per_param"}
    target, plain = None, [set(one.columns) <= known and not one.parsed.indexed for one in as_laws(laws, table)]
    if isinstance(planned, Plan) and planned.exists and all(plain):
        target = {"params": float(planned.params.value), "tokens": float(planned.tokens.value)}
    return compare(laws, table, **{**options, "objective": fitted.objective.name, "target": target})


def _own(comparison: Comparison, fitted: Fit) -> Backtest:
    """The back-test of the report's law among those of the comparison, so that the page has one."""
    return next(entry.backtest for entry in comparison.entries if entry.formula == fitted.law.formula)


def _cost(planned: Plan | InputError | None, device: str | None) -> Cost | InputError | None:
    """The cost of the plan, or why there is none; None without a plan or a device."""
    if not isinstance(planned, Plan) or not planned.exists or device == "":
        return None
    try:
        found = cost(planned, site=device or DEVICE)
    except InputError as error:
        return error
    if device is not None:
        return found
    said = f"The accelerator is an assumption: nobody named one, so {found.device} stands here. Name yours as device."
    return replace(found, warnings=(said, *found.warnings))


def _place(
    fitted: Fit, table: RunTable, at: Mapping[str, float | str] | None, settings: Mapping[str, float | str] | None
) -> dict[str, float | str]:
    """Levels and further columns at which the page looks: those given, also for limits; else the largest run's.

    Raises:
        ColumnError: the law has no such column.
    """
    try:
        others = other_columns(fitted.law)
    except LawError:
        others = ()  # no sizes to choose
    wanted = {*others, *fitted.levels}
    unknown = sorted(set(at or {}) - wanted)
    if unknown:
        known = ", ".join(sorted(wanted)) or "no further column"
        raise ColumnError(f"Law {fitted.law.name!r} has {known} to set, not {', '.join(unknown)}. Leave it out.")
    given = {**{w: value for w, value in (settings or {}).items() if w in wanted}, **(at or {})}
    runs = prepare(fitted.law, table, fitted.response)
    order = next(w for w in ("flops", "params", fitted.law.columns[0]) if w in runs.names)
    largest = int(np.nanargmax(runs.column(order)))
    found: dict[str, float | str] = {}
    for word in others:
        value = given.get(word, float(runs.column(word)[largest]))
        found[word] = parse_quantity(value) if isinstance(value, str) else value
    for word in fitted.levels:
        names, codes = runs.labels(word)
        found[word] = str(given.get(word, names[codes[largest]]))
    return found


def _profiles(table: RunTable, fitted: Fit, place: Mapping[str, float | str], seed: int) -> Isoflops | None:
    """IsoFLOP profiles, or None where the runs are not grouped by compute; the page says so."""
    runs = table
    for word in fitted.levels:
        names, codes = runs.labels(word)
        runs = runs.select(np.array([names[k] == place[word] if k >= 0 else False for k in codes]), f"another {word}")
    try:
        return isoflop_profiles(runs, response=fitted.response, level=fitted.level, seed=seed)
    except TableError:
        return None


def _plan(fitted: Fit, flops: float | None, place: Mapping[str, Any]) -> Plan | InputError | None:
    """The plan; the reason where the law has no sizes to choose; None where no compute is known."""
    if flops is None and "flops" not in fitted.data.ranges:
        return None
    target = AHEAD * fitted.data.ranges["flops"][1] if flops is None else flops
    try:
        return plan(fitted, flops=target, **place)
    except LawError as reason:
        return reason


def _next(fitted: Fit, flops: float | None, place: Mapping[str, Any]) -> Design | None:
    """Eight runs that narrow the plan's interval most for ten times the largest run's compute, or None."""
    if fitted.draws is None or "flops" not in fitted.data.ranges:
        return None
    largest = fitted.data.ranges["flops"][1]
    try:
        target = {"flops": AHEAD * largest if flops is None else flops, **place}
        return next_runs(fitted, target, budget=DECADE * largest, most=8)
    except InputError:
        return None
