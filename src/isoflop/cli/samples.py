"""`isoflop samples`: how often problems are solved, and what more samples would bring."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isoflop.cli import inputs, output
from isoflop.cli import options as opt

if TYPE_CHECKING:
    from isoflop.testtime.counts import Counts
    from isoflop.testtime.forecasts.summary import SampleSummary


def samples(  # noqa: PLR0913 - a command's arguments are its options
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="One row a sample, or one a problem with n and c: CSV, TSV, Parquet, JSON or JSON lines; results of "
            "EvalPlus or HumanEval; a log of lm-evaluation-harness (--log_samples) or of Inspect.",
            show_default=False,
        ),
    ],
    *,
    by: Annotated[
        list[str] | None,
        typer.Option("--by", metavar="COLUMN", help="Column that tells parts apart, such as the model; repeatable."),
    ] = None,
    where: Annotated[
        str | None, typer.Option("--where", metavar="SQL", help="Condition on the columns, such as \"model = 'a'\".")
    ] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="WORD=COLUMN",
            help="Use a column for a word: problem, attempt, correct, n, c, answer, target; in a log, correct=METRIC.",
        ),
    ] = None,
    threshold: opt.Threshold = None,
    unscored_wrong: opt.UnscoredWrong = False,
    ks: Annotated[
        list[int] | None,
        typer.Option("--k", metavar="K", help="Samples of pass@k; repeatable; up to 13 values by default."),
    ] = None,
    times: Annotated[
        float, typer.Option("--times", metavar="X", help="How many times the samples at hand to forecast.")
    ] = 100.0,
    backtest: Annotated[
        bool, typer.Option("--backtest/--no-backtest", help="Whether to try the forecasts by hiding the larger k.")
    ] = True,
    bootstrap: opt.ProblemDraws = 1000,
    level: opt.Level = 0.9,
    seed: opt.Seed = 0,
    figure: Annotated[
        Path | None,
        typer.Option("--figure", metavar="FILE", help="Also draw the curves: .png, .svg, .pdf, .html or .json."),
    ] = None,
    html: opt.Page = None,
    out: opt.Output = None,
    as_json: opt.Json = False,
) -> None:
    """Sum up samples of problems. pass@k with intervals, its law, a forecast to more samples and its back-test."""
    from isoflop.cli import show_samples
    from isoflop.fit.estimate import check_level
    from isoflop.testtime.reading.read import read_counts_by

    check_level(level)
    parts = read_counts_by(
        file, by=by or (), where=where, mapping=inputs.pairs(mapping, "--map", "correct=passed"), threshold=threshold,
        missing="wrong" if unscored_wrong else "out",
    )  # fmt: skip
    found = _summaries(parts, seed, ks=ks, times=times, draws=bootstrap, level=level, backtest=backtest)
    payload = show_samples.payload(found)
    if as_json:
        output.print_json(payload)
    else:
        show_samples.print_samples(found)
    show_samples.write(found, payload, (out, figure, html), command=shlex.join(["isoflop", *context.obj]))


def _summaries(parts: "dict[str, Counts]", seed: int, **settings: Any) -> "list[SampleSummary]":  # noqa: ANN401
    """Sum up every part, with the same draws of problems where parts have the same ones."""
    import numpy as np

    from isoflop.testtime.forecasts.summary import summarise

    found = []
    with output.progress("parts") as progress:
        for done, counts in enumerate(parts.values(), start=1):
            found.append(summarise(counts, rng=np.random.default_rng(seed), **settings))
            if progress is not None:
                progress(done, len(parts))
    return found
