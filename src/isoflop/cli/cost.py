"""`isoflop cost`: what a model costs to train and to serve."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from isoflop.cli import inputs, output
from isoflop.cli import options as opt
from isoflop.cli.cost_inputs import measure, whole
from isoflop.errors import InputError

if TYPE_CHECKING:
    from isoflop.plan.costs.shapes import ModelShape
    from isoflop.plan.optimum.result import Plan


def cost(  # noqa: PLR0913 - a command's arguments are its options
    *,
    params: opt.Params = None,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="CONFIG.json", help="Shape from a Hugging Face config.json.")
    ] = None,
    fit_file: Annotated[
        str | None, typer.Option("--fit", metavar="FIT.json", help="Cost the plan of this fit for --flops or --loss.")
    ] = None,
    tokens: opt.Tokens = None,
    flops: opt.Flops = None,
    loss: Annotated[float | None, typer.Option("--loss", metavar="L", help="Target loss of the plan of --fit.")] = None,
    settings: opt.Settings = None,
    device: opt.Device = "H100",
    hardware: Annotated[
        Path | None,
        typer.Option(
            "--hardware", metavar="FILE.toml", help="Devices of yours, or prices, watts and MFU of known ones."
        ),
    ] = None,
    devices: Annotated[
        float | None,
        typer.Option(
            "--devices", metavar="N", parser=whole, help="How many train; the fewest that hold it by default."
        ),
    ] = None,
    deadline: Annotated[
        float | None,
        typer.Option("--deadline", metavar="TIME", parser=measure("time"), help='Longest training, such as "30 days".'),
    ] = None,
    mfu: Annotated[
        float | None, typer.Option("--mfu", metavar="P", help="Measured share of the dense peak; else an assumption.")
    ] = None,
    price: Annotated[
        float | None,
        typer.Option("--price", metavar="PRICE", parser=measure("price"), help="Dollars per device and hour."),
    ] = None,
    watts: Annotated[
        float | None,
        typer.Option("--watts", metavar="POWER", parser=measure("power"), help='Per device, such as "700 W".'),
    ] = None,
    pue: Annotated[float, typer.Option("--pue", metavar="X", help="Energy of the building over the machines'.")] = 1.2,
    grid: Annotated[
        float | None,
        typer.Option(
            "--grid", metavar="CO2", parser=measure("carbon intensity"), help='Carbon of the grid, such as "400 g/kWh".'
        ),
    ] = None,
    precision: Annotated[
        str, typer.Option("--precision", metavar="NAME", help="Of training: bf16, fp8, fp4.")
    ] = "bf16",
    by: Annotated[
        str | None,
        typer.Option("--by", metavar="NAME", help="FLOP convention: 6nd, palm, palm-causal, chinchilla, kaplan …"),
    ] = None,
    batch: Annotated[
        float, typer.Option("--batch", metavar="TOKENS", parser=measure("tokens"), help="Tokens of an optimiser step.")
    ] = 4e6,
    context: Annotated[
        int | None,
        typer.Option("--context", metavar="TOKENS", min=1, help="Of a training sequence; the shape's own by default."),
    ] = None,
    zero: Annotated[int, typer.Option("--zero", metavar="STAGE", min=0, max=3, help="ZeRO stage.")] = 1,
    recompute: Annotated[
        str, typer.Option("--recompute", metavar="WAY", help="Of activations: none, selective or full.")
    ] = "selective",
    offload: Annotated[
        str, typer.Option("--offload", metavar="WHAT", help="To the host: none, optimizer or states.")
    ] = "none",
    serve: Annotated[
        float | None,
        typer.Option(
            "--serve", metavar="TOKENS", parser=measure("tokens"), help="Tokens read and written over the model's life."
        ),
    ] = None,
    prompt: Annotated[float, typer.Option("--prompt", metavar="N", min=0, help="Tokens read per request.")] = 1000,
    answer: Annotated[float, typer.Option("--answer", metavar="N", min=1, help="Tokens written per request.")] = 500,
    weight_bits: Annotated[
        float, typer.Option("--weight-bits", metavar="B", help="Bits per weight when serving.")
    ] = 16,
    kv_bits: Annotated[float, typer.Option("--kv-bits", metavar="B", help="Bits per number of the cache.")] = 16,
    latency: Annotated[
        float | None,
        typer.Option(
            "--latency", metavar="TIME", parser=measure("time"), help='Longest time of a token, such as "30 ms".'
        ),
    ] = None,
    steps: Annotated[
        bool, typer.Option("--steps", help="Show the derivation, step by step, with its sources.")
    ] = False,
    as_json: opt.Json = False,
) -> None:
    """Cost of training a model, and of serving it. Time, money, energy, memory and layout."""
    from isoflop import api
    from isoflop.cli.show_cost import print_cost
    from isoflop.plan.costs.hardware import device as device_of
    from isoflop.plan.costs.parallel import Training
    from isoflop.plan.costs.shapes import ModelShape
    from isoflop.plan.costs.staffing import Site
    from isoflop.plan.serving.roofline import Workload

    site = Site(
        device_of(device, hardware), None if devices is None else int(devices), deadline, mfu, price, watts, pue, grid,
        precision,
    )  # fmt: skip
    model = _model(params, config, fit_file, {"flops": flops, "loss": loss, "tokens": tokens}, settings)
    # The shape is replaced by the model's own.
    training = Training(ModelShape(1, 1, 1, 1, 1, 1, 1, 1), batch, zero, recompute, offload, context=context)
    work = Workload(
        prompt, answer, None, latency, weight_bits, kv_bits, prefill_share=0.5, decode_share=0.6
    )  # fmt: skip
    data = None if fit_file is not None else tokens
    found = api.cost(model, data, site=site, training=training, by=by, serve_tokens=serve, work=work)
    if as_json:
        output.print_json(found.to_dict())
    else:
        print_cost(found, steps=steps)


def _model(
    params: float | None,
    config: Path | None,
    fit_file: str | None,
    asked: dict[str, float | None],
    settings: list[str] | None,
) -> "ModelShape | Plan | float":
    """What is to be costed: a size, a shape, or the plan of a fit."""
    given = [
        name for name, value in (("--params", params), ("--config", config), ("--fit", fit_file)) if value is not None
    ]
    if len(given) != 1 and given != ["--params", "--fit"]:
        raise InputError(
            f"The model is given by {' and '.join(given) or 'nothing'}. Give --params 7B, --config config.json, or "
            "--fit FIT.json with --flops."
        )
    if fit_file is not None:
        from isoflop import api

        fitted = inputs.load_fit(fit_file)
        columns = inputs.place({}, settings, tuple(fitted.levels))
        return api.plan(
            fitted, params=params, loss=asked["loss"], flops=asked["flops"], tokens=asked["tokens"], level=None,
            **columns,
        )  # fmt: skip
    for name in ("flops", "loss"):
        if asked[name] is not None:
            raise InputError(f"--{name} asks for a plan, which needs a fit. Give --fit FIT.json, or --tokens instead.")
    if config is not None:
        from isoflop.plan.costs.model_config import read_config

        return read_config(config)
    return float(params or 0)
