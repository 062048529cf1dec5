"""`isoflop budget`: accuracy against the cost of inference, and the best way to spend it."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from isoflop.cli import inputs, output
from isoflop.cli import options as opt


def budget(  # noqa: PLR0913 - a command's arguments are its options
    context: typer.Context,
    samples: Annotated[
        Path | None,
        typer.Argument(
            metavar="[SAMPLES]",
            help="Samples or counts of all models, as for isoflop samples; the file of prices may name others.",
            show_default=False,
        ),
    ] = None,
    *,
    prices: Annotated[
        Path,
        typer.Option(
            "--prices",
            metavar="PRICES.toml",
            help="A table [models.NAME] for each model: price_in and price_out (dollars per million tokens), "
            "price_sample, or params and device; also file, part, where, map, rules, tokens, input_tokens, verify, "
            "cached, training; or a law of sampling in [models.NAME.law].",
        ),
    ],
    by: Annotated[
        str | None, typer.Option("--by", metavar="COLUMN", help="Column that holds the models' names.")
    ] = None,
    budgets: Annotated[
        list[float] | None,
        typer.Option("--budget", metavar="COST", help="Mean cost of a problem to spend; repeatable; five by default."),
    ] = None,
    rules: Annotated[
        list[str] | None,
        typer.Option(
            "--rule",
            metavar="NAME",
            help="How k samples make an answer: single, majority, adaptive, best-of-k, weighted, pass@k, retry; "
            "repeatable; those that the columns allow by default.",
        ),
    ] = None,
    beyond: Annotated[
        float,
        typer.Option("--beyond", metavar="X", min=1, help="Forecast pass@k to X times the samples at hand."),
    ] = 1.0,
    bins: Annotated[
        int, typer.Option("--bins", metavar="N", min=0, help="Bins of difficulty to spend by; 0 for none.")
    ] = 5,
    probe: Annotated[
        int,
        typer.Option(
            "--probe",
            metavar="N",
            min=0,
            help="Samples of the first model that tell difficulty: paid for, and not used for answers.",
        ),
    ] = 0,
    ease: Annotated[
        str, typer.Option("--ease", metavar="WORD", help="What tells difficulty: correct, score or agreement.")
    ] = "correct",
    within: Annotated[
        float, typer.Option("--within", metavar="P", help="Distance to the best accuracy that counts as saturated.")
    ] = 0.01,
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="NAME", help="Model that the others are sampled to match; the dearest one."),
    ] = None,
    where: opt.Where = None,
    mapping: opt.SampleMap = None,
    threshold: opt.Threshold = None,
    unscored_wrong: opt.UnscoredWrong = False,
    bootstrap: opt.ProblemDraws = 1000,
    level: opt.Level = 0.9,
    seed: opt.Seed = 0,
    figure: Annotated[
        Path | None,
        typer.Option("--figure", metavar="FILE", help="Also draw the frontier: .png, .svg, .pdf, .html or .json."),
    ] = None,
    html: opt.Page = None,
    as_json: opt.Json = False,
) -> None:
    """Find the best way to spend inference. Models, rules and samples by cost; by difficulty; where it stops paying."""
    from isoflop.api.spending import budget as spend
    from isoflop.cli.show_budget import print_budget
    from isoflop.testtime.reading.source import Choices

    choices: Choices = {
        "where": where, "threshold": threshold, "mapping": inputs.pairs(mapping, "--map", "correct=passed"),
        "missing": "wrong" if unscored_wrong else "out",
    }  # fmt: skip
    found = spend(
        samples, prices, by=by, budgets=budgets or (), draws=bootstrap, level=level, seed=seed, choices=choices,
        rules=rules or (), beyond=beyond, bins=bins, probe=probe, ease=ease, within=within, against=against,
    )  # fmt: skip
    if figure is not None:
        from isoflop.figures.budgets import budget_figure
        from isoflop.figures.save import save

        save(budget_figure(found), figure)
    if html is not None:
        from isoflop.report.about_budget import render_budget
        from isoflop.report.sheet import write_sheet

        write_sheet(html, render_budget(found, command=shlex.join(["isoflop", *context.obj])))
    if as_json:
        output.print_json(found.to_dict())
    else:
        print_budget(found)
