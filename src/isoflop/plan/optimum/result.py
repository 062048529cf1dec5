"""What a plan is: an allocation with intervals, its derivation, and what another size would cost."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from isoflop.fit.estimate import Estimate
from isoflop.units import format_quantity


@dataclass(frozen=True)
class Step:
    """One step of the derivation.

    Args:
        text: what is done, in a sentence.
        formula: the formula, or empty.
        value: the number that comes out, or None.
        source: where the step comes from.
        assumption: whether the plan stands on it without having shown it.
    """

    text: str
    formula: str = ""
    value: float | None = None
    source: str = ""
    assumption: bool = False

    def __str__(self) -> str:
        """Text, formula, value and source on one line."""
        parts = [self.text]
        if self.formula:
            parts.append(self.formula)
        if self.value is not None:
            parts.append(f"= {self.value:.4g}")
        tail = f" [{self.source}]" if self.source else ""
        return " ".join(parts) + tail + (" (assumption)" if self.assumption else "")


@dataclass(frozen=True)
class Penalty:
    """Cost of a size away from the optimum at the same training compute.

    Args:
        factor: size over the optimal size.
        params: that size.
        loss_increase: loss above the optimum's.
        extra_compute: share of compute above that of an optimal run with the same loss, `C/C_eq - 1`.
    """

    factor: Estimate
    params: Estimate
    loss_increase: Estimate
    extra_compute: Estimate


@dataclass(frozen=True)
class FlatRegion:
    """Sizes that cost next to nothing against the optimum.

    Args:
        of: what is allowed to rise, `compute` or `loss`.
        within: by which share.
        smallest: smallest such size.
        largest: largest such size.
    """

    of: str
    within: float
    smallest: Estimate
    largest: Estimate


@dataclass(frozen=True)
class Plan:
    """A size and an amount of data, with intervals.

    Args:
        question: what was asked, in words.
        law: name of the law.
        formula: its text.
        params: parameters N, counted as in the runs.
        tokens: training tokens D.
        tokens_per_param: D/N.
        loss: the law's loss there.
        flops: training compute C = 6ND.
        exponent: a of N* ∝ C^a at this compute.
        penalty: cost of sizes k times the optimal one.
        flat: sizes that are as good as the optimum.
        choice: cost of the size that was given; None when the plan is the optimum itself.
        steps: the derivation.
        warnings: what speaks against using it as it is.
        leaves_out: what the intervals do not contain.
        closed_form: whether the optimum is a formula rather than a search.
        exists: whether there is an interior optimum (and, for a target loss, whether it is reached).
        columns: values of the law's other columns.
        distance_decades: how far beyond the runs the plan lies, in powers of ten; empty inside.
        inflation: factor of a back-test in the intervals; None without one.
    """

    question: str
    law: str
    formula: str
    params: Estimate
    tokens: Estimate
    tokens_per_param: Estimate
    loss: Estimate
    flops: Estimate
    exponent: Estimate
    penalty: tuple[Penalty, ...]
    flat: tuple[FlatRegion, ...]
    choice: Penalty | None
    steps: tuple[Step, ...]
    warnings: tuple[str, ...]
    leaves_out: tuple[str, ...]
    closed_form: bool
    exists: bool
    columns: Mapping[str, Any] = field(default_factory=dict)
    distance_decades: Mapping[str, float] = field(default_factory=dict)
    inflation: float | None = None

    @property
    def level(self) -> float:
        """Confidence level of the intervals."""
        return self.loss.level

    def to_dict(self) -> dict[str, Any]:
        """Everything for JSON; a number that does not exist is None."""
        keys = ("params", "tokens", "tokens_per_param", "loss", "flops", "exponent")
        found: dict[str, Any] = {key: estimate_dict(getattr(self, key)) for key in keys}
        found |= {key: getattr(self, key) for key in ("question", "law", "formula", "level", "closed_form", "exists")}
        found["penalty"] = [_fields(p) for p in self.penalty]
        found["flat"] = [_fields(f) for f in self.flat]
        found["choice"] = None if self.choice is None else _fields(self.choice)
        found["steps"] = [{"number": k, **_fields(s)} for k, s in enumerate(self.steps, 1)]
        found |= {"warnings": list(self.warnings), "leaves_out": list(self.leaves_out), "columns": dict(self.columns)}
        found |= {"distance_decades": dict(self.distance_decades), "inflation": self.inflation}
        return found

    def __str__(self) -> str:
        """The plan as a table."""
        lines = [f"{self.question} ({self.law}, {self.level:.0%} intervals)"]
        rows = (("params", self.params), ("tokens", self.tokens), ("tokens per param", self.tokens_per_param))
        lines += [_row(word, estimate, format_quantity) for word, estimate in rows]
        lines += [_row("loss", self.loss, _four), _row("flops", self.flops, format_quantity)]
        lines.append(_row("a of N* ∝ C^a", self.exponent, _three))
        if self.choice is not None:
            lines += ["The given size against the optimum at the same compute", _penalty_row(self.choice)]
        if self.penalty:
            lines += ["Another size at the same compute", *(_penalty_row(p) for p in self.penalty)]
        for region in self.flat:
            ends = f"{format_quantity(region.smallest.value)} to {format_quantity(region.largest.value)}"
            lines.append(f"  within {region.within:.1%} of the best {region.of}: {ends} params")
        return "\n".join([*lines, *(f"Warning: {text}" for text in self.warnings)])


def estimate_dict(estimate: Estimate) -> dict[str, Any]:
    """Value and interval for JSON; NaN becomes None."""
    ends = [_number(end) for end in estimate.interval]
    return {"value": _number(estimate.value), "interval": ends}


def _number(value: float) -> float | None:
    """A float, or None where there is none."""
    number = float(value)
    return number if math.isfinite(number) else None


def _fields(item: Step | Penalty | FlatRegion) -> dict[str, Any]:
    """Fields of a small dataclass, estimates as dictionaries."""
    return {k: estimate_dict(v) if isinstance(v, Estimate) else v for k, v in vars(item).items()}


def _four(value: float) -> str:
    return f"{value:.4f}"


def _three(value: float) -> str:
    return f"{value:.3f}"


def _row(word: str, estimate: Estimate, show: Callable[[float], str]) -> str:
    """One quantity with its interval; an exact one without."""
    low, high = estimate.interval
    if not math.isfinite(float(estimate.value)):
        return f"  {word:<17} does not exist"
    if low == high:
        return f"  {word:<17} {show(estimate.value)}"
    if not (math.isfinite(low) and math.isfinite(high)):
        return f"  {word:<17} {show(estimate.value)}  (no interval)"
    return f"  {word:<17} {show(estimate.value)}  [{show(low)}, {show(high)}]"


def _penalty_row(penalty: Penalty) -> str:
    """One size with its cost."""
    size = f"{float(penalty.factor.value):.3g}× the optimal size"
    low, high = penalty.extra_compute.interval
    ends = f" [{low:.1%}, {high:.1%}]" if math.isfinite(low) and math.isfinite(high) else " (no interval)"
    cost = f"{penalty.extra_compute.value:.1%}{ends} more compute than needed"
    return f"  {size:<27} loss +{penalty.loss_increase.value:.2g}, {cost}"
