"""`isoflop recipes`: which of several recipes wins at scale, and how sure that is."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from isoflop.cli import inputs, output
from isoflop.cli import options as opt


def recipes(  # noqa: PLR0913 - a command's arguments are its options
    context: typer.Context,
    runs: opt.Runs,
    *,
    law: opt.LawName,
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
        typer.Option("--fit", metavar="WAY", help="shared: one fit with common exponents; separate: one per recipe."),
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
    strict: opt.Strict = False,
    as_json: opt.Json = False,
) -> None:
    """Compare recipes at scale. Differences, compute multipliers, crossings and the best one, with intervals."""
    from isoflop import api
    from isoflop.cli import show_recipes
    from isoflop.recipes.paired import KEYS

    choices: inputs.Choices = {
        "objective": objective, "response": response, "fix": inputs.fixed(fix), "prior": inputs.priors(prior),
        "weights": weights, "noise": noise, "level": level, "seed": seed,
    }  # fmt: skip
    with output.progress("fits") as progress:
        found = api.recipes(
            law, runs, at=inputs.place({"flops": flops, "params": params, "tokens": tokens}, settings),
            tokens_per_param=tokens_per_param, baseline=baseline, way=way, shared=shared, column=column,
            pair_by=pair_by or KEYS, backtest=backtest, bootstrap=bootstrap, resample=resample, where=where,
            mapping=inputs.mapping(mapping), progress=progress, **choices,
        )  # fmt: skip
    if report is not None:
        show_recipes.write_page(report, found, shlex.join(["isoflop", *context.obj]))
    if as_json:
        output.print_json(found.to_dict())
    else:
        show_recipes.print_recipes(found)
    for name, fitted in found.distinct_fits().items():
        output.hold_to(fitted.certificate, strict=strict, what=f"the fit of {name}")
