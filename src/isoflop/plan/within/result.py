"""What a plan under limits is: the best values with intervals, what binds, what one more unit would buy."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from isoflop.fit.estimate import Estimate
from isoflop.plan.optimum.result import Step, estimate_dict
from isoflop.plan.within.around_best import FlatRange, Sensitivity
from isoflop.plan.within.limits import show_value
from isoflop.plan.within.nearby import Nearby


@dataclass(frozen=True)
class LimitUse:
    """A limit and what it costs.

    Args:
        text: as written.
        used: value of its left side in the best plan.
        limit: value of its right side.
        active: whether it binds.
        active_share: share of the draws in which it binds.
        shadow_price: change of the objective per unit of the right side; 0 where it does not bind.
        per_percent: change of the objective, as a share, per 1 % of the right side.
    """

    text: str
    used: Estimate
    limit: Estimate
    active: bool
    active_share: float
    shadow_price: Estimate
    per_percent: Estimate


@dataclass(frozen=True)
class PlanWithin:
    """The best plan under limits.

    Args:
        question: in words.
        laws: response → formula.
        objective: what was minimised or maximised, as written.
        sense: minimise or maximise.
        best: its value.
        variables: word → value.
        chosen: listed variable → (value → share of the draws that choose it).
        quantities: everything else that follows: responses, compute, money and so on.
        limits: every limit with its shadow price.
        flat: values that are as good within 1 %.
        sensitivity: what a tenth more of every input changes.
        distance_decades: how far beyond the runs the plan lies, in powers of ten; empty inside.
        source_decades: how far beyond the range that the law's source supports.
        steps: the derivation.
        warnings: what speaks against using it as it is.
        leaves_out: what the intervals do not contain.
        given: word → number or label that was given.
        inputs: word → number of all that play a part, read in base units.
        inflation: factor of a back-test in the intervals; None without one.
        settings: word → value of all that was decided and of the law's columns, and labels that were given.
        nearby: the nearest run whose model has a shape, every limit kept; None where there is none, or the size
            was not to be decided.
    """

    question: str
    laws: Mapping[str, str]
    objective: str
    sense: str
    best: Estimate
    variables: Mapping[str, Estimate]
    chosen: Mapping[str, Mapping[float, float]]
    quantities: Mapping[str, Estimate]
    limits: tuple[LimitUse, ...]
    flat: tuple[FlatRange, ...]
    sensitivity: tuple[Sensitivity, ...]
    distance_decades: Mapping[str, float]
    source_decades: Mapping[str, float]
    steps: tuple[Step, ...]
    warnings: tuple[str, ...]
    leaves_out: tuple[str, ...]
    given: Mapping[str, Any]
    inputs: Mapping[str, float]
    inflation: float | None = None
    settings: Mapping[str, float | str] = field(default_factory=dict)
    nearby: Nearby | None = None

    @property
    def level(self) -> float:
        """Confidence level of the intervals."""
        return self.best.level

    @property
    def active(self) -> tuple[str, ...]:
        """Texts of the limits that bind."""
        return tuple(use.text for use in self.limits if use.active)

    def value(self, word: str) -> float:
        """Best value of a variable or quantity, or the value of an input."""
        if word in self.inputs:
            return float(self.inputs[word])
        found = self.variables[word] if word in self.variables else self.quantities[word]
        return float(found.value)

    def to_dict(self) -> dict[str, Any]:
        """Everything for JSON; a number that does not exist is None."""
        found: dict[str, Any] = {key: getattr(self, key) for key in ("question", "objective", "sense", "level")}
        found |= {"laws": dict(self.laws), "best": estimate_dict(self.best), "given": dict(self.given)}
        found["inputs"] = dict(self.inputs)
        found["variables"] = {w: estimate_dict(e) for w, e in self.variables.items()}
        found["chosen"] = {w: {f"{v:g}": share for v, share in some.items()} for w, some in self.chosen.items()}
        found["quantities"] = {w: estimate_dict(e) for w, e in self.quantities.items()}
        found["limits"] = [
            {k: estimate_dict(v) if isinstance(v, Estimate) else v for k, v in vars(use).items()} for use in self.limits
        ]
        found["flat"] = [_plain(vars(item)) for item in self.flat]
        found["sensitivity"] = [_plain(vars(item)) for item in self.sensitivity]
        found |= {key: dict(getattr(self, key)) for key in ("distance_decades", "source_decades")}
        found["steps"] = [{"number": k, **vars(step)} for k, step in enumerate(self.steps, 1)]
        found |= {"inflation": self.inflation, "settings": dict(self.settings)}
        found["nearby"] = None if self.nearby is None else _plain(vars(self.nearby))
        return found | {"warnings": list(self.warnings), "leaves_out": list(self.leaves_out)}

    def __str__(self) -> str:
        """The plan as lines."""
        lines = [f"{self.question} ({self.level:.0%} intervals)"]
        for word, estimate in {**self.variables, **self.quantities}.items():
            lines.append(f"  {word:<17} {show(word, estimate)}{self.mark(word)}")
        if self.objective not in {**self.variables, **self.quantities}:
            lines.append(f"  {self.objective} = {show('', self.best)}")
        lines.append("Limits")
        for use in self.limits:
            state = (
                f"binds; 1 % more changes {self.objective} by {use.per_percent.value:+.3%}" if use.active else "slack"
            )
            lines.append(f"  {use.text}: {state}")
        lines += [
            f"  within {item.within:.0%} of the best: {item.word} {show_value(item.word, item.low)} to "
            f"{show_value(item.word, item.high)}"
            for item in self.flat
        ]
        if self.nearby is not None:
            some = ", ".join(f"{word} {show_value(word, self.nearby.values[word])}" for word in ("params", "tokens")
                             if word in self.nearby.values)  # fmt: skip
            lines.append(f"  nearest run with a shape: {some}")
        return "\n".join([*lines, *(f"Warning: {text}" for text in self.warnings)])

    def mark(self, word: str) -> str:
        """How far beyond the runs a value lies, for a place beside it; empty inside."""
        away = self.distance_decades.get(word, 0.0)
        return f"  ({away:.2f} decades beyond the runs)" if away > 0 else ""


def show(word: str, estimate: Estimate) -> str:
    """A value with its interval, in its unit."""
    low, high = (float(end) for end in estimate.interval)
    shown = show_value(word, float(estimate.value))
    if low == high or show_value(word, low) == show_value(word, high) == shown:
        return shown
    if not (math.isfinite(low) and math.isfinite(high)):
        return f"{shown}  (no interval)"
    return f"{shown}  [{show_value(word, low)}, {show_value(word, high)}]"


def _plain(item: Any) -> Any:  # noqa: ANN401 - parts of results
    """Numbers that do not exist as None."""
    if isinstance(item, float):
        return item if math.isfinite(item) else None
    if isinstance(item, Mapping):
        return {k: _plain(v) for k, v in item.items()}
    return item
