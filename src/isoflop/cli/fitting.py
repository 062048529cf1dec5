"""`isoflop fit` and `isoflop predict`."""

from typing import Annotated

import typer

from isoflop.cli import inputs, output
from isoflop.cli import options as opt


def fit(  # noqa: PLR0913 - a command's arguments are its options
    runs: opt.Runs,
    *,
    law: opt.LawName,
    where: opt.Where = None,
    mapping: opt.Map = None,
    response: opt.Response = None,
    objective: opt.ObjectiveName = "log-huber",
    fix: opt.Fix = None,
    prior: opt.Prior = None,
    weights: opt.Weights = None,
    noise: opt.Noise = None,
    bootstrap: opt.Bootstrap = 1000,
    resample: opt.Resample = "pairs",
    level: opt.Level = 0.9,
    seed: opt.Seed = 0,
    out: opt.Output = None,
    strict: opt.Strict = False,
    as_json: opt.Json = False,
) -> None:
    """Fit a law to a table of runs, certify the optimum, and say how sure it is."""
    from isoflop import api
    from isoflop.cli import show_fit

    with output.progress("bootstrap") as progress:
        found = api.fit(
            law, runs, objective=objective, response=response, fix=inputs.fixed(fix), prior=inputs.priors(prior),
            weights=weights, noise=noise, bootstrap=bootstrap, resample=resample, level=level, seed=seed,
            where=where, mapping=inputs.mapping(mapping), progress=progress,
        )  # fmt: skip
    text = found.to_json(out)
    if as_json:
        typer.echo(text)
    else:
        show_fit.print_fit(found, out)
    output.hold_to(found.certificate, strict=strict)


def predict(
    fit_file: opt.FitFile,
    *,
    params: opt.Params = None,
    tokens: opt.Tokens = None,
    flops: opt.Flops = None,
    settings: opt.Settings = None,
    mean: Annotated[
        bool, typer.Option("--mean", help="Interval of the law itself, without the noise of a single new run.")
    ] = False,
    level: opt.LevelOfFit = None,
    strict: opt.Strict = False,
    as_json: opt.Json = False,
) -> None:
    """Predict the loss of a run that has not been made, with its interval."""
    from isoflop import api
    from isoflop.cli import show_fit

    fitted = inputs.load_fit(fit_file)
    named = {"params": params, "tokens": tokens, "flops": flops}
    found = api.predict(fitted, level=level, new_run=not mean, **inputs.place(named, settings, tuple(fitted.levels)))
    if as_json:
        output.print_json(show_fit.forecast(fitted, found))
    else:
        show_fit.print_forecast(fitted, found)
    output.hold_to(fitted.certificate, strict=strict)
