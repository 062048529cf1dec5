"""`isoflop backtest`, `compare` and `multiverse`: what the runs themselves say about laws and choices."""

from typing import Annotated

import typer

from isoflop.cli import inputs, output
from isoflop.cli import options as opt

By = Annotated[
    str, typer.Option("--by", metavar="COLUMN", help="What larger means: flops, params, tokens or another column.")
]
HoldOut = Annotated[
    int,
    typer.Option(
        "--hold-out", metavar="K", min=1, help="Hold out the K largest groups of that column, with one cut below each."
    ),
]
Draws = Annotated[
    int,
    typer.Option("--bootstrap", metavar="N", min=0, help="Draws behind each interval; 0 for errors without coverage."),
]


def backtest(  # noqa: PLR0913 - a command's arguments are its options
    runs: opt.Runs,
    *,
    law: opt.LawName,
    by: By = "flops",
    hold_out: HoldOut = 3,
    where: opt.Where = None,
    mapping: opt.Map = None,
    response: opt.Response = None,
    objective: opt.ObjectiveName = "log-huber",
    fix: opt.Fix = None,
    prior: opt.Prior = None,
    weights: opt.Weights = None,
    noise: opt.Noise = None,
    bootstrap: Draws = 200,
    level: opt.Level = 0.9,
    seed: opt.Seed = 0,
    strict: opt.Strict = False,
    as_json: opt.Json = False,
) -> None:
    """Fit the small runs, predict the larger ones, move the cut, and repeat."""
    from isoflop import api
    from isoflop.cli import show_validation

    with output.progress("cuts") as progress:
        found = api.backtest(
            law, runs, by=by, hold_out=hold_out, objective=objective, response=response, fix=inputs.fixed(fix),
            prior=inputs.priors(prior), weights=weights, noise=noise, bootstrap=bootstrap, level=level, seed=seed,
            where=where, mapping=inputs.mapping(mapping), progress=progress,
        )  # fmt: skip
    if as_json:
        output.print_json(found.to_dict())
    else:
        show_validation.print_backtest(found)
    for split in found.splits:
        output.hold_to(
            split.fit.certificate, strict=strict, what=f"the fit of the {len(split.train_rows)} smallest runs"
        )
