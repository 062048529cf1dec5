"""`isoflop backtest`, `compare` and `multiverse`: what the runs themselves say about laws and choices."""

from typing import Annotated

import typer

from isoflop.cli import inputs, output
from isoflop.cli import options as opt
from isoflop.errors import InputError

Draws = Annotated[
    int,
    typer.Option("--bootstrap", metavar="N", min=0, help="Draws behind each interval; 0 for errors without coverage."),
]


def backtest(  # noqa: PLR0913 - a command's arguments are its options
    runs: opt.Runs,
    *,
    law: opt.LawName,
    by: opt.By = "flops",
    hold_out: opt.HoldOut = None,
    where: opt.Where = None,
    mapping: opt.Map = None,
    response: opt.Response = None,
    objective: opt.ObjectiveName = "log-huber",
    fix: opt.Fix = None,
    prior: opt.Prior = None,
    weights: opt.Weights = None,
    noise: opt.Noise = None,
    bootstrap: Draws = 200,
    resample: opt.Resample = "bayes",
    level: opt.Level = 0.9,
    seed: opt.Seed = 0,
    strict: opt.Strict = False,
    as_json: opt.Json = False,
) -> None:
    """Predict the larger runs from the smaller. Fit the small, predict the larger, move the cut, and repeat."""
    from isoflop import api
    from isoflop.cli import show_validation

    with output.progress("cuts") as progress:
        found = api.backtest(
            law, runs, by=by, hold_out=hold_out, objective=objective, response=response, fix=inputs.fixed(fix),
            prior=inputs.priors(prior), weights=weights, noise=noise, bootstrap=bootstrap, resample=resample,
            level=level, seed=seed, where=where, mapping=inputs.mapping(mapping), progress=progress,
        )  # fmt: skip
    if as_json:
        output.print_json(found.to_dict())
    else:
        show_validation.print_backtest(found)
    for split in found.splits:
        output.hold_to(
            split.fit.certificate, strict=strict, what=f"the fit of the {len(split.train_rows)} smallest runs"
        )


def compare(  # noqa: PLR0913 - a command's arguments are its options
    runs: opt.Runs,
    *,
    law: opt.LawNames,
    by: opt.By = "flops",
    hold_out: opt.HoldOut = None,
    params: opt.Params = None,
    tokens: opt.Tokens = None,
    flops: opt.Flops = None,
    settings: opt.Settings = None,
    where: opt.Where = None,
    mapping: opt.Map = None,
    response: opt.Response = None,
    objective: opt.ObjectiveName = "log-huber",
    bootstrap: Draws = 200,
    level: opt.Level = 0.9,
    seed: opt.Seed = 0,
    as_json: opt.Json = False,
) -> None:
    """Compare laws on larger runs than they saw. With --params, --tokens or --flops, also forecast a run with each."""
    from isoflop import api
    from isoflop.cli import show_validation

    target = inputs.place({"params": params, "tokens": tokens, "flops": flops}, settings)
    with output.progress("laws") as progress:
        found = api.compare(
            law, runs, by=by, hold_out=hold_out, target=target or None, objective=objective, response=response,
            bootstrap=bootstrap, level=level, seed=seed, where=where, mapping=inputs.mapping(mapping),
            progress=progress,
        )  # fmt: skip
    if as_json:
        output.print_json(found.to_dict())
    else:
        show_validation.print_comparison(found)


def multiverse(
    runs: opt.Runs,
    *,
    law: opt.LawNames,
    flops: opt.Flops = None,
    params: opt.Params = None,
    tokens: opt.Tokens = None,
    settings: opt.Settings = None,
    objective: Annotated[
        list[str] | None,
        typer.Option("--objective", metavar="NAME", help="What is minimised; repeatable; three of them by default."),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            "--exclude",
            metavar="NAME",
            help="Which runs: all runs, without outliers, without the smallest, upper half of compute; repeatable; "
            "all four by default.",
        ),
    ] = None,
    where: opt.Where = None,
    mapping: opt.Map = None,
    response: opt.Response = None,
    as_json: opt.Json = False,
) -> None:
    """Show how far choices move the answer. Every objective with every law, set of runs and way to count compute."""
    from isoflop import api
    from isoflop.cli import show_multiverse
    from isoflop.validate.multiverse import OBJECTIVES
    from isoflop.validate.universe import EXCLUSIONS

    target = inputs.place({"params": params, "tokens": tokens}, settings)
    if flops is None and not target:
        raise InputError("Nothing is asked. Give a budget (--flops 5.76e23) or a run (--params 7e9 --tokens 1.4T).")
    with output.progress("fits") as progress:
        found = api.multiverse(
            law, runs, flops=flops, target=target or None, response=response, where=where,
            mapping=inputs.mapping(mapping), progress=progress, objectives=objective or OBJECTIVES,
            exclusions=exclude or EXCLUSIONS,
        )  # fmt: skip
    if as_json:
        output.print_json(found.to_dict())
    else:
        show_multiverse.print_multiverse(found)
