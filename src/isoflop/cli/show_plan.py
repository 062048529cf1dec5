"""Plans as tables."""

import math
from typing import TYPE_CHECKING

from isoflop.cli import output
from isoflop.units import format_quantity

if TYPE_CHECKING:
    from collections.abc import Callable

    from isoflop.fit.estimate import Estimate
    from isoflop.plan.optimum.result import Penalty, Plan


def print_plan(found: "Plan", *, steps: bool) -> None:
    """Print the allocation, what other sizes cost, what speaks against it, and on request the derivation."""
    output.say(f"{found.question} ({found.law}: {found.formula})", style="bold")
    rows = (
        ("parameters", found.params, format_quantity),
        ("tokens", found.tokens, format_quantity),
        ("tokens per parameter", found.tokens_per_param, _digits),
        ("loss", found.loss, _digits),
        ("FLOPs", found.flops, format_quantity),
        ("a of N* ∝ C^a", found.exponent, _digits),
    )
    output.grid(
        ("", "value", f"{found.level:.0%} interval"),
        [(name, _value(item, show), _ends(item, show)) for name, item, show in rows],
        numbers=(1, 2),
    )
    sizes = [*([found.choice] if found.choice is not None else []), *found.penalty]
    if sizes:
        output.say("")
        output.grid(
            ("size × optimum", "parameters", "loss above", "compute wasted", "interval"),
            map(_penalty, sizes),
            numbers=range(5),
        )
    if steps:
        output.say("", *(f"{number}. {step}" for number, step in enumerate(found.steps, 1)))
    output.say("", *(f"warning: {text}" for text in found.warnings), style="yellow")
    output.say(*(f"not in the intervals: {text}" for text in found.leaves_out))


def _penalty(item: "Penalty") -> tuple[str, str, str, str, str]:
    """What another size costs."""
    return (
        f"{float(item.factor.value):.3g}",
        _value(item.params, format_quantity),
        _value(item.loss_increase, _digits),
        _value(item.extra_compute, _percent),
        _ends(item.extra_compute, _percent),
    )


def _digits(value: float) -> str:
    return f"{value:.4g}"


def _percent(value: float) -> str:
    return f"{value:.1%}"


def _value(item: "Estimate", show: "Callable[[float], str]") -> str:
    """A value, or that there is none."""
    return show(float(item.value)) if math.isfinite(float(item.value)) else "does not exist"


def _ends(item: "Estimate", show: "Callable[[float], str]") -> str:
    """An interval; exact and missing ones in words."""
    low, high = (float(end) for end in item.interval)
    if low == high:
        return "given"
    return f"{show(low)} to {show(high)}" if math.isfinite(low) and math.isfinite(high) else "none"
