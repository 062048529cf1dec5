"""The report on a fit as one HTML file, section by section."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict, Unpack

from isoflop.errors import InputError
from isoflop.fit import Fit
from isoflop.plan import Plan
from isoflop.plan.costs.result import Cost
from isoflop.plan.design.designed import Design
from isoflop.plan.profiles.isoflops import Isoflops
from isoflop.plan.within.result import PlanWithin
from isoflop.recipes.comparison import RecipeComparison
from isoflop.report import (
    about_choices,
    about_cost,
    about_fit,
    about_forecast,
    about_isoflop,
    about_laws,
    about_next,
    about_recipes,
    about_runs,
    about_within,
    top,
)
from isoflop.report.blocks import Section
from isoflop.report.reproduce import reproduce_section
from isoflop.report.sheet import render_sheet, write_sheet
from isoflop.runs import RunTable
from isoflop.runs.check import CheckReport, check
from isoflop.validate import Backtest
from isoflop.validate.comparison import Comparison
from isoflop.validate.spread import Multiverse


class Parts(TypedDict, total=False):
    """What a report may hold besides a fit and its runs."""

    command: str
    title: str
    backtest: Backtest | None
    comparison: Comparison | None
    multiverse: Multiverse | None
    recipes: RecipeComparison | None
    profiles: Isoflops | None
    plan: Plan | InputError | None
    at: Mapping[str, Any] | None
    within: PlanWithin | None
    cost: Cost | InputError | None
    design: Design | None
    checks: CheckReport | None
    held_out: RunTable | None
    target: float | None


def render_report(fit: Fit, table: RunTable, **parts: Unpack[Parts]) -> str:
    """Give the report as HTML.

    Args:
        fit: the fit; its numbers have intervals where it has draws.
        table: the runs that it was fitted to.
        parts: `command` (what made the report), `title`, `backtest`, `comparison`, `multiverse`, `recipes`, `profiles`
            (approach 2), `plan` (or the error that says why there is none), `at` (levels of indexed parameters and
            values of the law's further columns, at which to forecast), `within` (a plan under limits), `cost` (of the
            plan, or the error that says why it has none), `design` (runs to buy next), `checks` (made here when None),
            `held_out` (larger runs that the fit has not seen), `target` (compute to forecast; the plan's when None).

    Returns:
        One page that needs nothing else.

    Raises:
        FitError: these are not the fit's runs.
    """
    recipes = parts.get("recipes")
    answer = "" if recipes is None else about_recipes.answer(recipes)
    headline = top.headline(fit, _made(parts), parts.get("backtest"), answer)
    title = parts.get("title") or _title(fit)
    return render_sheet(title, headline, sections_of(fit, table, parts), version=fit.versions.get("isoflop", ""))


def _made(parts: Parts) -> Plan | None:
    """The plan, where there is one."""
    plan = parts.get("plan")
    return None if isinstance(plan, InputError) else plan


def _title(fit: Fit) -> str:
    """Law, runs and file."""
    source = f" of {Path(fit.data.file).name}" if fit.data.file else ""
    return f"{fit.law.name}: scaling law of {fit.rows:,} runs{source}"


def sections_of(fit: Fit, table: RunTable, parts: Parts) -> list[Section]:
    """All sections in order."""
    plan, found, comparison, at = _made(parts), parts.get("backtest"), parts.get("comparison"), parts.get("at")
    multiverse, recipes, target = parts.get("multiverse"), parts.get("recipes"), parts.get("target")
    design, within, cost = parts.get("design"), parts.get("within"), parts.get("cost")
    if target is None and plan is not None and plan.exists:
        target = float(plan.flops.value)
    checks = parts.get("checks")
    if checks is None:
        checks = check(table, law_parameters=sum(fit.free), response=fit.response, columns=fit.law.columns)
    return [
        about_runs.data_section(fit, table, checks),
        about_fit.certificate_section(fit),
        about_fit.parameters_section(fit),
        about_fit.residuals_section(fit, table),
        about_isoflop.isoflop_section(fit, table, parts.get("profiles"), at),
        about_forecast.backtest_section(found),
        *([] if comparison is None else [about_laws.comparison_section(comparison)]),
        *([] if multiverse is None else [about_choices.multiverse_section(multiverse)]),
        *([] if recipes is None else [about_recipes.recipes_section(recipes)]),
        about_forecast.forecast_section(fit, table, target, parts.get("held_out"), at),
        about_forecast.plan_section(parts.get("plan"), fit),
        *([] if within is None else [about_within.within_section(within)]),
        *([] if cost is None else [about_cost.cost_section(cost)]),
        *([] if design is None else [about_next.next_section(design)]),
        top.left_out_section(fit, plan),
        reproduce_section(fit, parts.get("command", "")),
    ]


def write_report(path: str | Path, fit: Fit, table: RunTable, **parts: Unpack[Parts]) -> Path:
    """Write the report to a file, whole or not at all.

    Args:
        path: the file.
        fit: the fit.
        table: the runs that it was fitted to.
        parts: as `render_report` takes them.

    Returns:
        The path.

    Raises:
        FileError: the file cannot be written.
    """
    return write_sheet(path, render_report(fit, table, **parts))
