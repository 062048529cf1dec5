"""What a model costs: FLOPs, time, money, energy and carbon of training, and of serving, with the derivation."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from isoflop.fit.estimate import Estimate
from isoflop.plan.costs.parallel import Layout
from isoflop.plan.costs.shapes import ModelShape
from isoflop.plan.costs.thresholds import CAVEAT, Crossing
from isoflop.plan.optimum.result import Step, estimate_dict
from isoflop.plan.serving.roofline import Serving
from isoflop.units import format_bytes, format_duration, format_quantity


def exact(value: float, unit: str = "", level: float = 0.9) -> Estimate:
    """A number that was given: its interval is itself."""
    return Estimate(value, (value, value), level, unit=unit)


def carried(estimate: Estimate, factor: float, unit: str, leaves_out: tuple[str, ...] = ()) -> Estimate:
    """An estimate times a number, draw by draw."""
    low, high = estimate.interval
    draws = None if estimate.draws is None else np.asarray(estimate.draws) * factor
    left = (*estimate.leaves_out, *leaves_out) if low != high else ()
    ends = (low * factor, high * factor)
    return replace(estimate, value=estimate.value * factor, interval=ends, draws=draws, leaves_out=left, unit=unit)


@dataclass(frozen=True)
class Bill:
    """Time, money, energy and carbon of one purpose. What cannot be counted is None.

    Args:
        device_hours: hours of one device.
        hours: of all devices together; None where their number is open.
        money: dollars.
        money_quotes: dollars at the lowest and the highest price quoted.
        energy: kWh.
        carbon: kg of CO2 equivalent.
    """

    device_hours: Estimate
    hours: Estimate | None = None
    money: Estimate | None = None
    money_quotes: tuple[float, float] | None = None
    energy: Estimate | None = None
    carbon: Estimate | None = None

    def to_dict(self) -> dict[str, Any]:
        """Everything for JSON."""
        found: dict[str, Any] = {
            k: v if v is None else estimate_dict(v) for k, v in vars(self).items() if k != "money_quotes"
        }
        return found | {"money_quotes": None if self.money_quotes is None else list(self.money_quotes)}


@dataclass(frozen=True)
class Cost:
    """What training, and serving if it was asked for, cost.

    Args:
        question: in words.
        shape: of the model.
        params: N.
        tokens: training tokens D.
        flops: model FLOPs of training under the convention.
        convention: its name.
        by_convention: FLOPs of training under every convention.
        device: title of the accelerator.
        devices: how many train.
        mfu: share of the dense peak that becomes model FLOPs.
        layout: how training is spread.
        memory: bytes of the fullest device in training, in this layout.
        training: bill of training.
        serving: what one group of devices serves; None when it was not asked for.
        serving_bill: bill of all tokens served.
        served: tokens read and written over the model's life.
        thresholds: where training stands to thresholds in law.
        steps: the derivation.
        warnings: what speaks against using it as it is.
        leaves_out: what the intervals do not contain; empty where nothing has one.
        distance_decades: how far beyond the runs a plan lies, in powers of ten; empty inside, and without a plan.
        inflation: factor of a back-test in the intervals; None without one.
    """

    question: str
    shape: ModelShape
    params: Estimate
    tokens: Estimate
    flops: Estimate
    convention: str
    by_convention: Mapping[str, float]
    device: str
    devices: int
    mfu: float
    layout: Layout
    memory: Estimate
    training: Bill
    serving: Serving | None
    serving_bill: Bill | None
    served: float
    thresholds: tuple[Crossing, ...]
    steps: tuple[Step, ...]
    warnings: tuple[str, ...]
    leaves_out: tuple[str, ...] = ()
    distance_decades: Mapping[str, float] = field(default_factory=dict)
    inflation: float | None = None

    @property
    def money(self) -> Estimate | None:
        """Dollars of training and serving together; None where a price is lacking."""
        if self.training.money is None or self.serving_bill is None or self.serving_bill.money is None:
            return self.training.money
        return added(self.training.money, self.serving_bill.money)

    def to_dict(self) -> dict[str, Any]:
        """Everything for JSON; what could not be counted is None."""
        found: dict[str, Any] = {k: estimate_dict(getattr(self, k)) for k in ("params", "tokens", "flops", "memory")}
        found |= {k: getattr(self, k) for k in ("question", "convention", "device", "devices", "mfu", "served")}
        found |= {"level": self.flops.level, "shape": self.shape.to_dict(), "by_convention": dict(self.by_convention)}
        found |= {"layout": _layout(self.layout), "training": self.training.to_dict()}
        found["serving"] = None if self.serving is None or self.serving_bill is None else (
            {"one": _serving(self.serving), **self.serving_bill.to_dict()}
        )  # fmt: skip
        found["money"] = None if self.money is None else estimate_dict(self.money)
        found["thresholds"] = [item.to_dict() for item in self.thresholds]
        found["thresholds_caveat"] = CAVEAT
        found["steps"] = [{"number": k, **vars(step)} for k, step in enumerate(self.steps, 1)]
        found |= {"distance_decades": dict(self.distance_decades), "inflation": self.inflation}
        return found | {"warnings": list(self.warnings), "leaves_out": list(self.leaves_out)}

    def __str__(self) -> str:
        """The costs as a table."""
        lines = [self.question]
        lines += [f"  {name:<22} {value}" for name, value in self.rows()]
        return "\n".join([*lines, *(f"Warning: {text}" for text in self.warnings)])

    def rows(self) -> list[tuple[str, str]]:
        """(what, how much) of everything that was counted."""
        held = self.layout.memory
        found = [
            ("parameters", shown(self.params, format_quantity)),
            ("tokens", shown(self.tokens, format_quantity)),
            (f"FLOPs ({self.convention})", shown(self.flops, lambda x: f"{x:.3g}")),
            ("devices", f"{self.devices} × {self.device} at {self.mfu:.0%} of the dense peak"),
            ("layout", str(self.layout)),
            (
                "memory per device",
                f"{shown(self.memory, format_bytes)}, {format_bytes(held.states.total)} of it model states",
            ),
            *_bill(self.training, "training"),
        ]
        if self.serving is not None and self.serving_bill is not None:
            one = self.serving
            speed = f"{one.tokens_per_device_second:,.0f} tokens/s a device, {one.decode_seconds * 1e3:.3g} ms a token"
            found += [
                ("serving", f"{format_quantity(self.served)} tokens, {one.devices} × {self.device}, batch {one.batch}"),
                (
                    "serving speed",
                    f"{speed}, {one.decode_bound}-bound; first after {format_duration(one.prefill_seconds)}",
                ),
                *_bill(self.serving_bill, "serving"),
            ]
            if self.money is not None:
                found.append(("training and serving", shown(self.money, dollars)))
        return found


def added(one: Estimate, other: Estimate) -> Estimate:
    """A sum, draw by draw; ends add up, as both follow the same size."""
    ends = tuple(a + b for a, b in zip(one.interval, other.interval, strict=True))
    draws = one.draws + other.draws if one.draws is not None and other.draws is not None else None
    left = tuple(dict.fromkeys((*one.leaves_out, *other.leaves_out)))
    return Estimate(one.value + other.value, (ends[0], ends[1]), one.level, draws, left, one.unit)


def shown(estimate: Estimate, show: Callable[[float], str]) -> str:
    """A value and its interval, if it has one."""
    low, high = (float(end) for end in estimate.interval)
    value = show(float(estimate.value))
    if not (math.isfinite(low) and math.isfinite(high)):
        return f"{value} (no interval)"
    return value if low == high else f"{value} [{show(low)}, {show(high)}]"


def dollars(value: float) -> str:
    """Money with three digits.

    >>> dollars(2_345_678), dollars(12.3)
    ('$2.35M', '$12.3')
    """
    return f"${format_quantity(value)}"


def _bill(bill: Bill, name: str) -> list[tuple[str, str]]:
    """Rows of a bill."""
    found = [(f"{name} device-hours", shown(bill.device_hours, format_quantity))]
    if bill.hours is not None:
        found.append((f"{name} time", shown(bill.hours, lambda hours: format_duration(hours * 3600))))
    if bill.money is not None:
        quotes = bill.money_quotes
        spread = f" ({dollars(quotes[0])} to {dollars(quotes[1])} as prices are quoted)" if quotes else ""
        found.append((f"{name} money", shown(bill.money, dollars) + spread))
    if bill.energy is not None:
        found.append((f"{name} energy", shown(bill.energy, lambda kwh: f"{kwh / 1000:.3g} MWh")))
    if bill.carbon is not None:
        found.append((f"{name} carbon", shown(bill.carbon, lambda kg: f"{kg / 1000:.3g} t CO2e")))
    return found


def _layout(layout: Layout) -> dict[str, Any]:
    """A layout for JSON."""
    names = ("tensor", "pipeline", "data", "microbatches", "efficiency")
    factors = ("tensor_efficiency", "pipeline_efficiency", "data_efficiency")
    held = layout.memory
    memory = vars(held.states) | {"activations": held.activations, "logits": held.logits, "total": held.total}
    return {name: getattr(layout, name) for name in (*names, *factors)} | {"memory": memory}


def _serving(one: Serving) -> dict[str, Any]:
    """A group that serves, for JSON."""
    return vars(one) | {"tokens_per_device_second": one.tokens_per_device_second, "latency": one.latency}
