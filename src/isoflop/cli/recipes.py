"""`isoflop recipes`: which of several recipes wins at scale, and how sure that is."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from isoflop.cli import inputs, output
from isoflop.cli import options as opt
from isoflop.errors import InputError


def recipes(  # noqa: PLR0913 - a command's arguments are its options
    context: typer.Context,
    runs: opt.Runs,
    *,
    law: Annotated[
        str | None,
        typer.Option(
            "--law",
            metavar="NAME|FORMULA|FILE.toml",
            help="Law of one recipe, as in isoflop fit; or one that says what differs, such as A[recipe].",
        ),
    ] = None,
    flops: opt.Flops = None,
    params: opt.Params = None,
    tokens: opt.Tokens = None,
    settings: opt.Settings = None,
    tokens_per_param: Annotated[
        float | None,
        typer.Option("--tokens-per-param", metavar="R", help="Ratio to keep; each recipe's own best size by default."),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option("--baseline", metavar="NAME", help="Recipe to compare with; the first of the table by default."),
    ] = None,
    way: Annotated[
        str,
        typer.Option(
            "--fit",
            metavar="WAY",
            help="shared: one fit with common exponents; partial: exponents that vary as much as the recipes say; "
            "separate: one per recipe.",
        ),
    ] = "shared",
    shared: Annotated[
        list[str] | None,
        typer.Option("--share", metavar="NAME", help="Parameter in common; repeatable; the exponents by default."),
    ] = None,
    column: Annotated[str, typer.Option("--column", metavar="COLUMN", help="Column that names the recipe.")] = "recipe",
    pair_by: Annotated[
        list[str] | None,
        typer.Option(
            "--pair-by",
            metavar="COLUMN",
            help="Column that the runs of a pair have in common; repeatable; params, tokens, unique_tokens and seed, "
            "as far as they are there, by default.",
        ),
    ] = None,
    backtest: Annotated[
        bool, typer.Option("--backtest/--no-backtest", help="Whether a rolling back-test widens the intervals.")
    ] = True,
    better: Annotated[
        str | None,
        typer.Option(
            "--better",
            metavar="lower|higher",
            help="Which response is the better one; by its name by default: an accuracy is better when higher.",
        ),
    ] = None,
    time: Annotated[
        str | None,
        typer.Option(
            "--time",
            metavar="COLUMN",
            help="Also, or instead of a law: score by time to a target, one row a trial (columns workload and study "
            "where there are several), empty where it was not reached.",
        ),
    ] = None,
    hours: Annotated[
        str | None,
        typer.Option(
            "--hours", metavar="COLUMN", help="Also, or instead of a law: compare in classes of accelerator-hours."
        ),
    ] = None,
    where: opt.Where = None,
    mapping: opt.Map = None,
    response: opt.Response = None,
    objective: opt.ObjectiveName = "log-huber",
    fix: opt.Fix = None,
    prior: opt.Prior = None,
    weights: opt.Weights = None,
    noise: opt.Noise = None,
    bootstrap: opt.Bootstrap = 1000,
    resample: opt.Resample = "bayes",
    level: opt.Level = 0.9,
    seed: opt.Seed = 0,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="Also write an HTML report with the fit behind it.")
    ] = None,
    figure: Annotated[
        Path | None,
        typer.Option(
            "--figure",
            metavar="FILE",
            help="Also draw the curves with bands and crossings (.png, .svg, .pdf, .html, .json), and the compute "
            "multiplier beside it, into FILE-multiplier.",
        ),
    ] = None,
    strict: opt.Strict = False,
    as_json: opt.Json = False,
) -> None:
    """Compare recipes at scale. Differences, compute multipliers, crossings and the best one; or times and classes."""
    from isoflop import api
    from isoflop.cli import show_recipes
    from isoflop.recipes.paired import KEYS

    if law is None and time is None and hours is None:
        raise InputError("Nothing is asked. Give a law and a scale (--law chinchilla --flops 1e24), --time or --hours.")
    table = api.as_runs(runs, where=where, mapping=inputs.mapping(mapping), response=response or "loss")
    choices: inputs.Choices = {
        "objective": objective, "response": response, "fix": inputs.fixed(fix), "prior": inputs.priors(prior),
        "weights": weights, "noise": noise, "level": level, "seed": seed,
    }  # fmt: skip
    found = None
    if law is not None:
        with output.progress("fits") as progress:
            found = api.recipes(
                law, table, at=inputs.place({"flops": flops, "params": params, "tokens": tokens}, settings),
                tokens_per_param=tokens_per_param, baseline=baseline, way=way, shared=shared, column=column,
                pair_by=pair_by or KEYS, better=better, backtest=backtest, bootstrap=bootstrap, resample=resample,
                progress=progress, **choices,
            )  # fmt: skip
    times = None if time is None else api.time_scores(table, time=time, column=column, baseline=baseline)
    classes = None if hours is None else api.compute_classes(
        table, hours=hours, response=response or "loss", column=column, better=better
    )  # fmt: skip
    show_recipes.show((found, times, classes), as_json=as_json)
    if found is not None:
        show_recipes.draw(found, figure)
        show_recipes.close(found, report, shlex.join(["isoflop", *context.obj]), strict=strict)
