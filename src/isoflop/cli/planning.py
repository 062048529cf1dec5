"""`isoflop plan`: which size and how much data a budget should buy."""

from typing import Annotated

import typer

from isoflop.cli import inputs, output
from isoflop.cli import options as opt


def plan(
    fit_file: opt.FitFile,
    *,
    flops: opt.Flops = None,
    loss: Annotated[
        float | None, typer.Option("--loss", metavar="L", help="Target: the smallest compute that reaches it.")
    ] = None,
    params: opt.Params = None,
    tokens: opt.Tokens = None,
    settings: opt.Settings = None,
    steps: Annotated[
        bool, typer.Option("--steps", help="Show the derivation, step by step, with its sources.")
    ] = False,
    level: opt.LevelOfFit = None,
    strict: opt.Strict = False,
    as_json: opt.Json = False,
) -> None:
    """Plan size and tokens for a budget. Also for a target loss, or the cost of a given size."""
    from isoflop import api
    from isoflop.cli import show_fit, show_plan

    fitted = inputs.load_fit(fit_file)
    found = api.plan(
        fitted, flops=flops, loss=loss, params=params, tokens=tokens, level=level,
        **inputs.place({}, settings, tuple(fitted.levels)),
    )  # fmt: skip
    if as_json:
        output.print_json(found.to_dict() | {"certificate": show_fit.verdict(fitted)})
    else:
        show_plan.print_plan(found, steps=steps)
    output.hold_to(fitted.certificate, strict=strict)
