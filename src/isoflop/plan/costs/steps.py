"""The derivation of a cost in numbered steps, each with its formula, source, and whether it is assumed."""

from isoflop.plan.costs.flops import Convention
from isoflop.plan.costs.hardware import Device
from isoflop.plan.costs.memory import ADAM_BYTES
from isoflop.plan.costs.parallel import FULL, Layout, Training
from isoflop.plan.costs.result import Bill
from isoflop.plan.costs.shapes import ModelShape
from isoflop.plan.costs.staffing import ALONE, Site
from isoflop.plan.optimum.result import Step
from isoflop.plan.serving.roofline import Serving, Workload


def shape_steps(model: object, shape: ModelShape, run: Training) -> tuple[Step, ...]:
    """Where the shape comes from, and the batch."""
    ffn = f"{'gated' if shape.gated else 'plain'} feed-forward {shape.ffn}"
    heads = f"{shape.heads} heads ({shape.kv_heads} of keys)"
    text = f"Width {shape.width}, {shape.layers} layers, {heads}, {ffn}, vocabulary {shape.vocabulary}."
    made = not isinstance(model, ModelShape)
    source = "made for N: width over depth near 128, Kaplan et al. 2020, section 3.1" if made else "given"
    batch = f"An optimiser step sees {run.sequences} sequences of {shape.context} tokens."
    return (
        Step(text, "N", float(shape.params), source, assumption=made),
        Step(batch, "tokens per step", float(run.sequences * shape.context), "given, or 4M tokens", assumption=True),
    )


def flop_step(convention: Convention, flops: float) -> Step:
    """Training FLOPs."""
    text = f"Training compute by the convention {convention.name}: {convention.counts}."
    return Step(text, f"C = D · ({convention.formula})", flops, convention.source)


def layout_steps(run: Training, spread: Layout, device: Device) -> tuple[Step, ...]:
    """Memory, layout and what it loses."""
    held = spread.memory
    states = f"Model states of a device by ZeRO stage {run.stage}, Adam in 32 bits, offloading {run.offload}."
    flying = min(spread.pipeline, spread.microbatches)
    kept = f"Activations of {flying} micro-batches in flight, {run.recompute} recomputation."
    room = f"All that a device holds, of {FULL:.0%} of {device.memory / 1e9:.4g} GB."
    return (
        Step(states, f"(2 + 2 + {ADAM_BYTES:g}) Ψ, divided by stage", held.states.total, "Rajbhandari et al. 2020"),
        Step(kept, "34 s b h/t per layer, selective", held.activations, "Korthikanti et al. 2022, table 2"),
        Step(room, "states + activations + logits", held.total, "the two above", assumption=True),
        Step(
            f"{spread}: the most efficient that holds it, exchange inside layers not hidden, that of gradients hidden.",
            "compute/(compute + exchange) · m/(m + p − 1) · gradients", spread.efficiency,
            "model of this library; see layout()", assumption=True,
        ),
    )  # fmt: skip


def time_steps(site: Site, mfu: float, spread: Layout, bill: Bill) -> tuple[Step, ...]:
    """Use of the hardware, and time."""
    measured = site.measured is not None
    text = "Share of the dense peak that becomes model FLOPs." + (
        "" if measured else f" A device alone is taken to reach {ALONE:.0%}."
    )
    formula = "MFU" if measured else f"MFU = {ALONE:g} · efficiency"
    hours = float(bill.device_hours.value)
    peak = site.device.peak(site.precision)
    return (
        Step(
            f"Dense {site.precision} peak of {site.device.title}.",
            "FLOP/s",
            peak,
            f"{site.device.source}, {site.device.date}",
        ),
        Step(text, formula, mfu, "given" if measured else "the layout above", assumption=not measured),
        Step("Hours of one device.", "C/(peak · MFU · 3600)", hours, "the steps above"),
        Step(f"Hours of {spread.devices} devices.", "device-hours/n", hours / spread.devices, "the step above"),
    )


def money_steps(site: Site, bill: Bill) -> tuple[Step, ...]:
    """Money, energy and carbon, as far as they can be counted."""
    found = []
    if bill.money is not None:
        quoted = site.price is None
        source = f"{site.device.source}, {site.device.date}" if quoted else "given"
        text = f"Money at ${site.paid:.4g} a device and hour" + (", the middle of what is quoted." if quoted else ".")
        found.append(Step(text, "device-hours · price", float(bill.money.value), source, assumption=quoted))
    if bill.energy is not None:
        text = f"Energy in kWh at {site.power:.4g} W a device, all the time, and a PUE of {site.pue:g}."
        found.append(
            Step(text, "device-hours · W/1000 · PUE", float(bill.energy.value), "board power", assumption=True)
        )
    if bill.carbon is not None:
        text = f"Carbon in kg at {site.grid:g} kg per kWh, the making of the hardware left out."
        found.append(Step(text, "kWh · intensity", float(bill.carbon.value), "given"))
    return tuple(found)


def serving_steps(group: Serving, work: Workload, served: float, bill: Bill | None) -> tuple[Step, ...]:
    """Serving by roofline."""
    formats = f"weights in {work.weight_bits:g} bits, cache in {work.kv_bits:g}"
    reading = (
        f"Reading {work.prompt:g} tokens, {group.prefill_bound}-bound, at {work.prefill_share:.0%} of the roofline."
    )
    writing = (
        f"Writing a token for each of {group.batch} requests, {group.decode_bound}-bound, at {work.decode_share:.0%} "
        f"of the roofline; {group.devices} devices share the model, their exchange not counted."
    )
    hours = float(bill.device_hours.value) if bill is not None else None
    return (
        Step(f"A request's cache, {formats}: bytes per token.", "2 L n_kv d_h · bytes", group.kv_per_token, "count"),
        Step(reading, "max(FLOPs/peak, weights/bandwidth)", group.prefill_seconds, "Pope et al. 2022", assumption=True),
        Step(
            writing, "max(b (2 N + 4 L w c)/peak, (weights + b c kv)/bandwidth)", group.decode_seconds,
            "Pope et al. 2022", assumption=True,
        ),
        Step(
            f"Device-hours of {served:.4g} tokens read and written, the devices always busy.",
            "requests · devices · (reading + o · writing/b)/3600", hours, "the steps above", assumption=True,
        ),
    )  # fmt: skip
