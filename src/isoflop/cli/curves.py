"""`isoflop curves`: whole loss curves, and what a learning-rate schedule ends at."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from isoflop.cli import inputs, output
from isoflop.cli import options as opt

if TYPE_CHECKING:
    from isoflop.fit.result import Fit
    from isoflop.methods.multipower import ScheduleForecast
    from isoflop.runs.table import RunTable


def curves(  # noqa: PLR0913 - a command's arguments are its options
    runs: opt.Runs,
    *,
    warmup: Annotated[int, typer.Option("--warmup", metavar="STEPS", help="Steps of warm-up of every curve.")] = 0,
    by: Annotated[str, typer.Option("--by", metavar="COLUMN", help="Column that names the curve.")] = "schedule",
    rate: Annotated[str, typer.Option("--rate", metavar="COLUMN", help="Column of the learning rate.")] = "lr",
    steps: Annotated[
        int | None,
        typer.Option("--steps", metavar="N", help="Last step of the schedules to compare; that of the longest curve."),
    ] = None,
    peak: Annotated[
        float | None,
        typer.Option("--peak", metavar="RATE", help="Their highest rate; the highest of the curves by default."),
    ] = None,
    end: Annotated[
        float | None,
        typer.Option("--end", metavar="RATE", help="Their rate at the last step; a tenth of the peak by default."),
    ] = None,
    free_shape: Annotated[
        bool,
        typer.Option(
            "--free-shape",
            help="Also fit C, beta and gamma, which few curves determine; kept at the published means by default.",
        ),
    ] = False,
    where: opt.Where = None,
    mapping: opt.Map = None,
    objective: opt.ObjectiveName = "log-huber:1e-3",
    bootstrap: opt.Bootstrap = 200,
    level: opt.Level = 0.9,
    seed: opt.Seed = 0,
    strict: opt.Strict = False,
    as_json: opt.Json = False,
) -> None:
    """Fit the multi-power law to loss curves. Ranks schedules by the loss at their end, the best one among them.

    The table has one row per checkpoint: the step, the learning rate, the loss, and the name of the curve.
    """
    from isoflop import api
    from isoflop.cli import show_fit
    from isoflop.methods.best_schedule import best_schedule, usual_schedules
    from isoflop.methods.logged import logged_schedules
    from isoflop.methods.multipower import compare_schedules

    table = api.as_runs(runs, where=where, mapping=inputs.mapping(mapping), response="loss")
    schedules = logged_schedules(table, warmup=warmup, by=by, rate=rate)
    with output.progress("bootstrap") as progress:
        found = _fitted(table, schedules, by, objective, free_shape=free_shape, draws=bootstrap, level=level, seed=seed,
                        progress=progress)  # fmt: skip
    last = steps or max(len(s.lr) for s in schedules) - 1
    highest = peak or max(float(s.lr.max()) for s in schedules)
    lowest = highest / 10 if end is None else end
    best = best_schedule(found, last, highest, end=lowest, warmup=warmup)
    usual = usual_schedules(last, highest, end=lowest, warmup=warmup)
    ranked = compare_schedules(found, [best, *usual], level=level)
    if as_json:
        output.print_json(_payload(found, ranked, len(schedules), (last, highest, lowest)))
    else:
        show_fit.print_fit(found)
        _print_ranked(ranked, last, highest, lowest)
    output.hold_to(found.certificate, strict=strict)


def _fitted(
    table: "RunTable", schedules: Any, by: str, objective: str, *, free_shape: bool, draws: int, **settings: Any  # noqa: ANN401
) -> "Fit":  # fmt: skip
    """Fit the curves, with draws over their segments: neighbouring checkpoints are no independent runs."""
    from dataclasses import replace

    import numpy as np

    from isoflop.methods.multipower import TYPICAL_SHAPE, fit_curves
    from isoflop.methods.schedules import annealing_columns
    from isoflop.uncertainty.bootstrap import bootstrap

    columns = annealing_columns(table, schedules, by=by)
    found = fit_curves(columns, schedules, objective=objective, fix=None if free_shape else TYPICAL_SHAPE)
    found = replace(found, level=settings["level"])
    if not draws:
        return found
    scheme = "cluster:curve" if len(schedules) >= 5 else "cluster:segment"
    rng = np.random.default_rng(settings["seed"])
    return bootstrap(found, columns, rng=rng, draws=draws, resample=scheme, progress=settings["progress"])


def _payload(
    found: "Fit", ranked: "list[ScheduleForecast]", curves: int, ends: tuple[int, float, float]
) -> dict[str, Any]:
    """Give the fit and the ranking."""
    from isoflop.cli import show_fit

    steps, peak, end = ends

    return {
        "law": found.law.name,
        "parameters": {name: found.estimate(name).to_dict() for name in found.names},
        "fixed": dict(found.fixed),
        "curves": curves,
        "rows": found.rows,
        "steps": steps,
        "peak": peak,
        "end": end,
        "schedules": [
            {"name": one.schedule.name, "loss": one.loss.to_dict(), "behind": one.behind.to_dict()} for one in ranked
        ],
        "level": found.level,
        "certificate": show_fit.verdict(found),
    }


def _print_ranked(ranked: "list[ScheduleForecast]", steps: int, peak: float, end: float) -> None:
    """Print the schedules, best first."""
    from isoflop.cli.show_fit import span

    output.say("", f"schedules of {steps} steps from a peak of {peak:g} to {end:g}, by their last loss")
    rows = [
        (
            one.schedule.name, f"{one.loss.value:.4f}", span(one.loss.interval, 5),
            f"{one.behind.value:.4f}", span(one.behind.interval, 2),
        )
        for one in ranked
    ]  # fmt: skip
    output.grid(("schedule", "loss", "interval", "behind the best", "interval"), rows, numbers=(1, 3))
    output.say("not in the intervals: the form of the law, and schedules unlike those that it was fitted to")
