"""`isoflop plan-within`: the best plan under limits of money, time, memory, data and quality."""

from pathlib import Path
from typing import Annotated

import typer

from isoflop.cli import inputs, output
from isoflop.cli import options as opt


def plan_within(  # noqa: PLR0913 - a command's arguments are its options
    fit_file: opt.FitFile,
    *,
    choose: opt.Choose,
    limits: opt.Limits = None,
    minimise: opt.Minimise = None,
    maximise: opt.Maximise = None,
    settings: opt.Given = None,
    device: opt.Device = "",
    precision: Annotated[str, typer.Option("--precision", metavar="NAME", help="Whose dense peak is used.")] = "bf16",
    define: Annotated[
        list[str] | None,
        typer.Option("--define", metavar="NAME=FORMULA", help="A quantity of your own; repeatable."),
    ] = None,
    also: Annotated[
        list[str] | None,
        typer.Option("--also", metavar="FIT.json", help="A fit of a further response, such as accuracy; repeatable."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Also write the run to start, as .toml or .json."),
    ] = None,
    ladder: Annotated[
        Path | None,
        typer.Option("--ladder", metavar="LADDER.toml", help="Write it as a ladder file with this one's corpus."),
    ] = None,
    seeds: Annotated[int, typer.Option("--seeds", metavar="K", min=1, help="Runs to write, one a seed.")] = 1,
    steps: Annotated[
        bool, typer.Option("--steps", help="Show the derivation, step by step, with its sources.")
    ] = False,
    level: opt.LevelOfFit = None,
    strict: opt.Strict = False,
    as_json: opt.Json = False,
) -> None:
    """Plan under limits. Any columns of the law, prices, deadlines; what binds, and what one more unit buys."""
    from isoflop import api
    from isoflop.cli import show_fit, show_within
    from isoflop.errors import InputError

    if ladder is not None and out is None:
        raise InputError("--ladder needs a file to write. Add -o LADDER.toml.")
    fitted = inputs.load_fit(fit_file)
    others = [inputs.load_fit(path) for path in also or ()]
    wanted = show_within.asked(choose, limits, settings, minimise=minimise, maximise=maximise)
    wanted["precision"] = precision
    wanted["define"] = inputs.pairs(define, "--define", "carbon=energy/1000*0.4")
    found = api.plan_within(
        fitted, device=device, also={other.response: other for other in others}, level=level, **wanted
    )
    if out is not None:
        show_within.write(out, found, ladder, range(seeds))
    if as_json:
        output.print_json(found.to_dict() | {"certificate": show_fit.verdict(fitted)})
    else:
        show_within.print_within(found, steps=steps)
    output.hold_to(fitted.certificate, strict=strict)
