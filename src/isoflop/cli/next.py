"""`isoflop next`: which runs to buy next for a prediction or a decision."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from isoflop.cli import inputs, output
from isoflop.cli import options as opt
from isoflop.errors import InputError


def next_(  # noqa: PLR0913 - a command's arguments are its options
    fit_file: opt.FitFile,
    *,
    budget: Annotated[
        str,
        typer.Option(
            "--budget",
            metavar="AMOUNT",
            help="What may be spent, such as 1e21 FLOP; in the unit of --cost, such as $20K, where that is given.",
        ),
    ],
    flops: opt.Flops = None,
    params: opt.Params = None,
    tokens: opt.Tokens = None,
    settings: opt.Settings = None,
    beats: Annotated[
        str | None,
        typer.Option(
            "--beats", metavar="A,B", help="The question is a decision: has recipe A a lower loss than B there?"
        ),
    ] = None,
    candidates: Annotated[
        Path | None,
        typer.Option("--candidates", metavar="TABLE", help="Runs that could be made, one row each; a grid by default."),
    ] = None,
    cost: Annotated[
        str | None,
        typer.Option("--cost", metavar="COLUMN", help="Column of the candidates' prices; training compute by default."),
    ] = None,
    runs: Annotated[
        Path | None,
        typer.Option(
            "--runs",
            metavar="RUNS",
            help="The fit's own table: the covariance is then the curvature's instead of that of the draws.",
        ),
    ] = None,
    mapping: opt.Map = None,
    where: opt.Where = None,
    most: Annotated[int, typer.Option("--most", metavar="K", min=1, help="How many runs at most.")] = 20,
    replicates: Annotated[
        int,
        typer.Option("--replicates", metavar="K", min=1, help="How often one candidate may be bought, with new seeds."),
    ] = 1,
    criterion: Annotated[
        str, typer.Option("--criterion", metavar="NAME", help="V or c (the target), A or D (the parameters).")
    ] = "V",
    ratios: Annotated[
        str | None,
        typer.Option(
            "--tokens-per-param",
            metavar="LOW,HIGH|any",
            help="Limits of the candidates; by default a quarter to four times the target's.",
        ),
    ] = None,
    half_width: Annotated[
        float | None,
        typer.Option(
            "--half-width", metavar="P", help="Stop when the expected interval is this narrow, such as 0.005."
        ),
    ] = None,
    least_gain: Annotated[
        float,
        typer.Option("--least-gain", metavar="P", help="Stop when no run takes off this share of the variance."),
    ] = 0.0,
    steps: Annotated[
        bool, typer.Option("--steps", help="Show the derivation, step by step, with its sources.")
    ] = False,
    level: opt.LevelOfFit = None,
    out: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Also write the runs as CSV.")
    ] = None,
    figure: Annotated[
        Path | None,
        typer.Option(
            "--figure",
            metavar="FILE",
            help="Also draw the runs among those offered (.png, .svg, .pdf, .html, .json), and the interval to expect "
            "beside it, into FILE-interval.",
        ),
    ] = None,
    strict: opt.Strict = False,
    as_json: opt.Json = False,
) -> None:
    """Choose the runs to buy next. Those that narrow the interval at a target most for the money."""
    from isoflop import api
    from isoflop.cli import show_fit, show_next
    from isoflop.runs.read import read_runs

    fitted = inputs.load_fit(fit_file)
    target = inputs.place({"flops": flops, "params": params, "tokens": tokens}, settings, tuple(fitted.levels))
    found = api.next_runs(
        fitted, target, budget=budget, beats=_two(beats), cost=cost, level=level,
        candidates=None if candidates is None else read_runs(candidates, response=fitted.law.columns[0]),
        runs=None if runs is None else read_runs(
            runs, where=where, mapping=inputs.mapping(mapping), response=fitted.response
        ),
        most=most, replicates=replicates, criterion=criterion, half_width=half_width, least_gain=least_gain,
        tokens_per_param=_limits(ratios),
    )  # fmt: skip
    if out is not None:
        show_next.write_runs(out, found)
    show_next.draw(found, figure)
    if as_json:
        output.print_json(found.to_dict() | {"certificate": show_fit.verdict(fitted)})
    else:
        show_next.print_design(found, steps=steps)
    output.hold_to(fitted.certificate, strict=strict)


def _two(text: str | None) -> tuple[str, str] | None:
    """Read the two recipes of a decision."""
    if text is None:
        return None
    names = tuple(part.strip() for part in text.split(","))
    if len(names) != 2 or not all(names):
        raise InputError(f"--beats {text!r} does not name two recipes. Write, for example, --beats muon,adamw.")
    return names


def _limits(text: str | None) -> "tuple[float, float] | Literal['bracket'] | None":
    """Read limits of tokens per parameter."""
    if text is None:
        return "bracket"
    if text == "any":
        return None
    low, comma, high = text.partition(",")
    if not comma:
        raise InputError(f"--tokens-per-param {text!r} has one number. Write, for example, 5,80, or any for no limits.")
    return inputs.number(low, "--tokens-per-param"), inputs.number(high, "--tokens-per-param")
