"""`isoflop fit` and `isoflop predict`."""

from dataclasses import replace
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
    resample: opt.Resample = "bayes",
    backtest: Annotated[
        str | None,
        typer.Option(
            "--backtest",
            metavar="COLUMN",
            help="Also back-test by this column (flops, params, tokens) and widen the intervals of forecasts and plans "
            "by the inflation that it shows.",
        ),
    ] = None,
    level: opt.Level = 0.9,
    seed: opt.Seed = 0,
    out: opt.Output = None,
    strict: opt.Strict = False,
    as_json: opt.Json = False,
) -> None:
    """Fit a law to a table of runs. Certifies the optimum, gives intervals, and writes the fit on request."""
    from isoflop import api
    from isoflop.cli import show_fit

    table = api.as_runs(runs, where=where, mapping=inputs.mapping(mapping), response=response or "loss")
    choices: inputs.Choices = {
        "objective": objective, "response": response, "fix": inputs.fixed(fix), "prior": inputs.priors(prior),
        "weights": weights, "noise": noise, "level": level, "seed": seed,
    }  # fmt: skip
    with output.progress("bootstrap") as progress:
        found = api.fit(law, table, bootstrap=bootstrap, resample=resample, progress=progress, **choices)
    if backtest is not None:
        from isoflop.validate.backtest import with_backtest

        with output.progress("back-test") as progress:
            found = with_backtest(
                found, api.backtest(law, table, by=backtest, resample=resample, progress=progress, **choices)
            )
    text = found.to_json(out) if as_json or out is not None else ""
    if as_json:
        typer.echo(text)
    else:
        show_fit.print_fit(found, out)
    output.hold_to(found.certificate, strict=strict)


def predict(
    fit_file: Annotated[
        str,
        typer.Argument(
            metavar="FIT.json|LAW:SET",
            help="A fit written by isoflop fit -o FIT.json; - reads what isoflop fit --json prints; or a published "
            "set, such as chinchilla:epoch-2024, which gives a value without an interval.",
            show_default=False,
        ),
    ],
    *,
    params: opt.Params = None,
    tokens: opt.Tokens = None,
    flops: opt.Flops = None,
    settings: opt.Settings = None,
    mean: Annotated[
        bool, typer.Option("--mean", help="Interval of the law itself, without the noise of a single new run.")
    ] = False,
    inflation: Annotated[
        bool,
        typer.Option("--inflation/--no-inflation", help="Widen the interval by the factor of the fit's back-test."),
    ] = True,
    level: opt.LevelOfFit = None,
    strict: opt.Strict = False,
    as_json: opt.Json = False,
) -> None:
    """Predict a run that has not been made. Value, interval, distance from the data, and what is left out."""
    from isoflop import api
    from isoflop.cli import show_fit, show_published

    named = {"params": params, "tokens": tokens, "flops": flops}
    published = show_published.find(fit_file)
    if published is not None:
        said = show_published.forecast(*published, inputs.place(named, settings, ()))
        output.print_json(said) if as_json else show_published.print_forecast(published[0], said)
        return
    fitted = inputs.load_fit(fit_file)
    if not inflation:
        fitted = replace(fitted, inflation=None)
    found = api.predict(fitted, level=level, new_run=not mean, **inputs.place(named, settings, tuple(fitted.levels)))
    if as_json:
        output.print_json(show_fit.forecast(fitted, found))
    else:
        show_fit.print_forecast(fitted, found)
    output.hold_to(fitted.certificate, strict=strict)
