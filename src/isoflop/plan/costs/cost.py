"""From a model, its data and a site to time, money, energy, carbon and memory, in numbered steps."""

import math
from dataclasses import replace
from typing import Final

from isoflop.errors import InputError
from isoflop.fit.estimate import Estimate
from isoflop.plan.costs import steps
from isoflop.plan.costs.energy import carbon_kg, device_hours, energy_kwh
from isoflop.plan.costs.flops import CONVENTIONS, convention
from isoflop.plan.costs.hardware import device
from isoflop.plan.costs.held import memory_estimate
from isoflop.plan.costs.parallel import FULL, Layout, Training
from isoflop.plan.costs.result import Bill, Cost, carried, exact
from isoflop.plan.costs.shapes import ModelShape, made
from isoflop.plan.costs.staffing import Site, staff
from isoflop.plan.costs.thresholds import crossings
from isoflop.plan.optimum.result import Plan, Step
from isoflop.plan.serving.roofline import Serving, Workload, serve
from isoflop.units import format_bytes, format_quantity, parse_measure

SLOW: Final = 0.5
"""Share of the speed of a device alone below which a layout is told to be slow."""
LONG: Final = 8192
"""Positions of a shape beyond which training is hardly ever all at that length."""
GIVEN = ("prices, powers and shares of the peak, taken as given",)


def cost(
    model: ModelShape | Plan | float | str,
    tokens: float | str | None = None,
    *,
    site: Site | str = "H100",
    training: Training | None = None,
    by: str | None = None,
    serve_tokens: float | str | None = None,
    work: Workload | None = None,
) -> Cost:
    """What a model costs to train, and to serve over its life.

    FLOPs under a named convention; `hours = C/(n · peak · MFU)`; `money = device-hours · price`;
    `energy = device-hours · watts · PUE`. Of a plan, every draw is carried through; layout and speed of
    serving are those of the plan's point, memory is that of every draw's model in this layout, and serving is taken
    proportional to N around it.

    Reference: see the steps of the result, each with its own.

    Args:
        model: a shape, a plan, or a number of parameters N, for which a shape is made.
        tokens: training tokens D; a plan has its own.
        site: the accelerator's name, or a site.
        training: batch, ZeRO stage, recomputation and the like; the shape in it is the model's.
        by: FLOP convention; `6nd` for a plan, as it was made with it, else `palm-causal`.
        serve_tokens: tokens read and written over the model's life; none when None.
        work: requests and formats of serving; 1000 tokens read and 500 written, at half of the peak when reading and
            60 % of the roofline when writing (assumptions) when None.

    Returns:
        Costs with their derivation.

    Raises:
        InputError: tokens lack or come twice, no devices hold the run, or the deadline cannot be met.
        UnitsError: a quantity or convention cannot be read.

    >>> found = cost("7B", "1.4e11 tokens", site="A100", by="6nd")
    >>> found.devices, round(float(found.training.device_hours.value))
    (2, 11639)
    """
    where = Site(device(site)) if isinstance(site, str) else site
    shape, params, data = _model(model, tokens)
    run = _run(shape, training)
    shape = run.shape
    name = by or ("6nd" if isinstance(model, Plan) else "palm-causal")
    flops = _flops(model, shape, float(params.value), data, name)
    spread = staff(run, where, float(flops.value))
    mfu, held = where.use(spread), memory_estimate(run, spread, params)
    each = device_hours(1.0, where.device, mfu=mfu, precision=where.precision)
    bill = _bill(carried(flops, each, "device-hours", GIVEN), where, spread.devices)
    served = 0.0 if serve_tokens is None else parse_measure(serve_tokens, "tokens")
    requests = work or Workload(1000, 500, prefill_share=0.5, decode_share=0.6)
    group = serve(shape, where.device, requests) if served else None
    later = None if group is None else _serving_bill(group, served, where, requests, params)
    derivation: tuple[Step, ...] = (
        *steps.shape_steps(model, shape, run), steps.flop_step(convention(name), float(flops.value)),
        *steps.layout_steps(run, spread, where.device), *steps.time_steps(where, mfu, spread, bill),
        *steps.money_steps(where, bill),
        *(steps.serving_steps(group, requests, served, later) if group is not None and later is not None else ()),
    )  # fmt: skip
    counted = {k: float(_flops(model, shape, float(params.value), data, k).value) for k in CONVENTIONS}
    found = Cost(
        question=_question(params, data, where, spread.devices), shape=shape, params=params, tokens=data, flops=flops,
        convention=name, by_convention=counted, device=where.device.title, devices=spread.devices, mfu=mfu,
        layout=spread, memory=held, training=bill, serving=group, serving_bill=later, served=served,
        thresholds=crossings(flops), steps=derivation,
        warnings=_warnings(model, where, bill, run, (params, held), spread=spread),
    )  # fmt: skip
    return _as_planned(found, model) if isinstance(model, Plan) else found


def _run(shape: ModelShape, training: Training | None) -> Training:
    """What must be held: the model's shape, on sequences of the length that was given."""
    if training is None:
        return Training(shape)
    return replace(training, shape=shape if training.context is None else shape.with_context(training.context))


def _as_planned(found: Cost, model: Plan) -> Cost:
    """A cost with what the plan says of its intervals."""
    left = tuple(dict.fromkeys((*model.leaves_out, *GIVEN)))
    return replace(found, leaves_out=left, distance_decades=model.distance_decades, inflation=model.inflation)


def _model(model: ModelShape | Plan | float | str, tokens: float | str | None) -> tuple[ModelShape, Estimate, Estimate]:
    """Shape, parameters and tokens."""
    if isinstance(model, Plan):
        if tokens is not None:
            raise InputError(
                "A plan has its own tokens. Leave tokens out, or give parameters and tokens instead of a plan."
            )
        if not math.isfinite(float(model.params.value)):
            raise InputError(
                "This plan has no optimum, so it has no cost. Its warnings say why; plan for another budget."
            )
        return made(float(model.params.value)), model.params, model.tokens
    if tokens is None:
        raise InputError("The training tokens are missing. Give them, such as tokens='2e12 tokens'.")
    data = exact(parse_measure(tokens, "tokens"), "tokens")
    if isinstance(model, ModelShape):
        return model, exact(float(model.params), "parameters"), data
    params = parse_measure(model, "parameters")
    return made(params), exact(params, "parameters"), data


def _flops(model: object, shape: ModelShape, asked: float, data: Estimate, name: str) -> Estimate:
    """Training FLOPs under the convention for the N that was asked for; those of a plan carry its draws."""
    per_token = convention(name).per_token(shape)
    if isinstance(model, Plan):
        # The plan counts 6 N D; another convention multiplies it by what it counts more or less at this shape.
        return carried(model.flops, per_token / CONVENTIONS["6nd"].per_token(shape), "FLOPs")
    return carried(data, per_token * asked / shape.params, "FLOPs")


def _bill(spent: Estimate, where: Site, devices: int | None) -> Bill:
    """Time, money, energy and carbon of device-hours."""
    energy = None
    if where.power is not None:
        energy = carried(spent, energy_kwh(1.0, where.power, pue=where.pue), "kWh")
    quotes = where.device.price_range if where.price is None else None
    if quotes is not None and quotes[0] == quotes[1]:
        quotes = None
    total = float(spent.value)
    return Bill(
        device_hours=spent,
        hours=None if devices is None else carried(spent, 1 / devices, "hours"),
        money=None if where.paid is None else carried(spent, where.paid, "dollars"),
        money_quotes=None if quotes is None else (total * quotes[0], total * quotes[1]),
        energy=energy,
        carbon=None if energy is None or where.grid is None else carried(energy, carbon_kg(1.0, where.grid), "kg"),
    )


def _serving_bill(group: Serving, served: float, where: Site, work: Workload, params: Estimate) -> Bill:
    """Cost of all tokens read and written; with N uncertain, in proportion to it."""
    requests = served / (work.prompt + work.output)
    spent = requests * group.device_seconds / 3600
    return _bill(carried(params, spent / float(params.value), "device-hours", GIVEN), where, None)


def _question(params: Estimate, data: Estimate, where: Site, devices: int) -> str:
    """What was asked."""
    model = f"{format_quantity(float(params.value))} params on {format_quantity(float(data.value))} tokens"
    return f"Cost of {model} with {devices} × {where.device.title}"


def _warnings(
    model: object, where: Site, bill: Bill, run: Training, sizes: tuple[Estimate, Estimate], *, spread: Layout
) -> tuple[str, ...]:
    """What could not be counted, and what the figures rest on."""
    params, held = sizes
    found = list(model.warnings) if isinstance(model, Plan) else []
    if bill.money is None:
        found.append(f"{where.device.title} has no price here, so money is left out; give one.")
    if bill.energy is None:
        found.append(f"The power of {where.device.title} is not known here, so energy is left out; give watts.")
    doubtful = [field for field in where.device.unverified if field == f"dense.{where.precision}"]
    if doubtful:
        found.append(
            f"The table's {', '.join(doubtful)} of {where.device.title} was not confirmed by a source at hand."
        )
    if where.measured is None:
        found.append("The share of peak is an assumption; a measured MFU makes time and money a forecast.")
    found += _run_warnings(model, run, spread, (held, where.device.memory), measured=where.measured is not None)
    miss = run.shape.params / float(params.value) - 1
    if abs(miss) > 0.005:
        found.append(f"The shape made for memory and serving has {miss:+.1%} parameters; give a shape to be exact.")
    return tuple(dict.fromkeys(found))


def _run_warnings(
    model: object, run: Training, spread: Layout, memory: tuple[Estimate, float], *, measured: bool
) -> list[str]:
    """What speaks against the layout and the sequences of a run."""
    found = []
    if not measured and spread.efficiency < SLOW:
        found.append(
            f"Spread so, the devices keep {spread.efficiency:.0%} of their speed, by this library's model of the "
            "exchange between them. Fewer devices, a larger batch or shorter sequences keep more."
        )
    if isinstance(model, ModelShape) and run.context is None and model.context > LONG:
        found.append(
            f"Training sequences are taken as long as the shape's {model.context} positions, which are often those of "
            "a last stage only. Give the context of training."
        )
    if run.offload != "none":
        found.append(
            "The time that offloading takes is not counted; isoflop.plan.costs.memory.offload_efficiency gives it."
        )
    most, room = float(memory[0].interval[1]), memory[1]
    if most > FULL * room >= float(memory[0].value):
        found.append(
            f"At the upper end of the interval of N a device of this layout would hold {format_bytes(most)} "
            f"of {format_bytes(room)}: plan for more devices, a higher ZeRO stage or recomputation."
        )
    return found
