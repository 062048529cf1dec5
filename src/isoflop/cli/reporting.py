"""`isoflop report` and `isoflop demo`: everything about a fit in one file, and the main job in one command."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from isoflop.cli import inputs, output
from isoflop.cli import options as opt


def report(  # noqa: PLR0913 - a command's arguments are its options
    context: typer.Context,
    runs: opt.Runs,
    *,
    law: opt.LawName,
    out: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The HTML file.")] = Path("report.html"),
    flops: Annotated[
        float | None,
        typer.Option(
            "--flops",
            metavar="C",
            parser=opt.quantity_of,
            help="Training compute to plan and forecast for; a hundred times the largest run's by default.",
        ),
    ] = None,
    by: opt.By = "flops",
    hold_out: opt.HoldOut = None,
    against: Annotated[
        list[str] | None,
        typer.Option(
            "--against",
            metavar="NAME|FORMULA|FILE.toml",
            help="Another law to compare with on the same held-out runs; repeatable.",
        ),
    ] = None,
    choose: opt.Choose = None,
    limits: opt.Limits = None,
    minimise: opt.Minimise = None,
    maximise: opt.Maximise = None,
    settings: opt.Given = None,
    device: Annotated[
        str | None,
        typer.Option(
            "--device",
            metavar="NAME",
            help="Accelerator for costs and the plan under limits; H100 for costs by default, '' for no costs.",
        ),
    ] = None,
    title: Annotated[str, typer.Option("--title", metavar="TEXT", help="Title of the report.")] = "",
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
    strict: opt.Strict = False,
    as_json: opt.Json = False,
) -> None:
    """Write one HTML file with everything. Data, certificate, fit, back-test, plan and cost; no network needed.

    With --choose and --limit, also the best plan under limits, as isoflop plan-within has it.
    """
    from isoflop import api
    from isoflop.cli import show_fit, show_within
    from isoflop.errors import InputError

    table = api.as_runs(runs, where=where, mapping=inputs.mapping(mapping), response=response or "loss")
    choices: inputs.Choices = {
        "objective": objective, "response": response, "fix": inputs.fixed(fix), "prior": inputs.priors(prior),
        "weights": weights, "noise": noise, "level": level, "seed": seed,
    }  # fmt: skip
    asked = show_within.asked(choose, limits, settings, minimise=minimise, maximise=maximise)
    if not choose and (limits or minimise or maximise):
        raise InputError("A plan under limits must know what is to be decided. Add --choose params --choose tokens.")
    at = {} if choose else asked["given"]
    with output.progress("report") as progress:
        found = api.report(
            law, table, out, flops=flops, by=by, hold_out=hold_out, against=against or (),
            at=at, within=asked if choose else None, device=device, title=title, bootstrap=bootstrap, resample=resample,
            command=shlex.join(["isoflop", *context.obj]), progress=progress, **choices,
        )  # fmt: skip
    if as_json:
        output.print_json({"report": str(out), "bytes": out.stat().st_size, "certificate": show_fit.verdict(found)})
    else:
        show_fit.print_verdict(found)
        output.say(f"written to {out}")
    output.hold_to(found.certificate, strict=strict)


def demo(
    *,
    directory: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Folder for what it writes; made if missing.")
    ] = Path("isoflop-demo"),
    seed: opt.Seed = 0,
    as_json: opt.Json = False,
) -> None:
    """Run the main job on the embedded runs. Predict the largest before looking, fit, compare, plan, report."""
    from isoflop.cli import demo as job
    from isoflop.cli import show_demo

    trial = job.predict_largest(seed)
    if not as_json:
        show_demo.print_forecasts(trial)
        show_demo.print_scores(trial)
    whole = job.fit_all(seed)
    if not as_json:
        show_demo.print_whole(whole)
    files = job.write_files(directory, whole)
    if as_json:
        output.print_json(show_demo.payload(trial, whole, files))
    else:
        show_demo.print_files(files)
    output.hold_to(whole.fit.certificate, strict=False)
