"""What a design is: the runs to buy next, what they cost, and the interval to expect after each."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from isoflop.fit.estimate import Estimate
from isoflop.plan.design.aim import Aim
from isoflop.plan.design.candidates import Candidates
from isoflop.plan.optimum.result import Step, estimate_dict
from isoflop.units import format_quantity


@dataclass(frozen=True)
class Chosen:
    """One run to buy.

    Args:
        row: number of the candidate in its source, from 1.
        seed: which run of this candidate it is, from 1.
        columns: word → value.
        cost: its price.
        half_width: expected half-width of the interval once it and all before it are done; relative,
            mean over the targets.
        distance_decades: how far it lies beyond the runs so far, in powers of ten, where it does.
    """

    row: int
    seed: int
    columns: Mapping[str, Any]
    cost: float
    half_width: float
    distance_decades: Mapping[str, float]


@dataclass(frozen=True)
class Design:
    """Runs to buy next, in the order in which they pay.

    Args:
        question: what they are for, in words.
        law: name of the law.
        formula: its text.
        criterion: what was made small.
        runs: the runs.
        targets: columns of every target point.
        before: what is wanted with its interval today, one estimate per target.
        after: the same with the interval to expect after these runs.
        half_width_before: half-width today; relative, mean over the targets.
        half_width_after: the one to expect.
        decided_before: for a decision, chance that the interval of a repeated study leaves zero out
            today: 1 or 0.
        decided_after: chance that it will after these runs.
        decision: whether the question is a decision.
        budget: what might be spent.
        spent: what these runs cost.
        unit: of both.
        candidates: how many were looked at.
        left_out: how many the tokens-per-parameter limits left out.
        limits: these limits, or None.
        discrepancy: tau, standard deviation of the law's own error per root of a unit of |ln N| + |ln D|.
        noise: standard deviation of ln L of one run, as the objective counts it.
        inflation: factor that a back-test put on the intervals, or None.
        distance_decades: how far the target lies beyond the runs so far.
        stopped: why no further run was chosen.
        steps: the derivation.
        warnings: what speaks against buying these runs as they are.
        leaves_out: what the intervals do not contain.
        level: confidence level.
        aim: the target as the score reads it.
        pool: the runs that could be bought, within the limits.
    """

    question: str
    law: str
    formula: str
    criterion: str
    runs: tuple[Chosen, ...]
    targets: tuple[Mapping[str, Any], ...]
    before: tuple[Estimate, ...]
    after: tuple[Estimate, ...]
    half_width_before: float
    half_width_after: float
    decided_before: float | None
    decided_after: float | None
    decision: bool
    budget: float
    spent: float
    unit: str
    candidates: int
    left_out: int
    limits: tuple[float, float] | None
    discrepancy: float
    noise: float
    inflation: float | None
    distance_decades: Mapping[str, float]
    stopped: str
    steps: tuple[Step, ...]
    warnings: tuple[str, ...]
    leaves_out: tuple[str, ...]
    level: float
    aim: Aim = field(repr=False)
    pool: Candidates = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Everything for JSON."""
        found = {k: v for k, v in vars(self).items() if k not in ("aim", "pool", "before", "after", "steps", "runs")}
        found["runs"] = [vars(run) for run in self.runs]
        found["before"] = [estimate_dict(e) for e in self.before]
        found["after"] = [estimate_dict(e) for e in self.after]
        found["steps"] = [{"number": k, **vars(s)} for k, s in enumerate(self.steps, 1)]
        return found

    def __str__(self) -> str:
        """The design as a table."""
        lines = [f"{self.question} ({self.law}, criterion {self.criterion}, {self.level:.0%} intervals)"]
        for k, run in enumerate(self.runs, 1):
            cells = ", ".join(f"{w} {shown(v)}" for w, v in run.columns.items())
            lines.append(
                f"  {k:>2}. {cells}{seed_words(run)}  cost {format_quantity(run.cost)}  "
                f"then ±{run.half_width:.2%}{far_words(run.distance_decades)}"
            )
        lines.append(f"  {spent_words(self)}; {self.stopped}")
        for target, today, then in zip(self.targets, self.before, self.after, strict=True):
            lines.append(f"  {target_words(target)}: {ends(today, self)} today, {ends(then, self)} expected")
        if self.decided_after is not None:
            lines.append(f"  chance that these runs decide it: {self.decided_after:.0%}")
        return "\n".join([*lines, *(f"Warning: {text}" for text in self.warnings)])


def shown(value: float | str) -> str:
    """A value of a column."""
    return value if isinstance(value, str) else format_quantity(float(value))


def seed_words(run: Chosen) -> str:
    """That a run repeats another one under a new seed."""
    return "" if run.seed == 1 else f" (seed {run.seed})"


def far_words(distance: Mapping[str, float]) -> str:
    """How far a run lies beyond the data."""
    beyond = {w: d for w, d in distance.items() if d > 0.005}
    return "" if not beyond else "  " + ", ".join(f"{d:.2f} decades beyond the runs in {w}" for w, d in beyond.items())


def target_words(target: Mapping[str, Any]) -> str:
    """A target point in words."""
    return ", ".join(f"{w} {shown(v)}" for w, v in target.items())


def spent_words(design: Design) -> str:
    """Cost against the budget."""
    return (
        f"{len(design.runs)} runs for {format_quantity(design.spent)} {design.unit} of {format_quantity(design.budget)}"
    )


def ends(estimate: Estimate, design: Design) -> str:
    """A value with its interval: a loss, or a difference of losses in percent."""
    low, high = (float(end) for end in estimate.interval)
    value = float(estimate.value)
    if design.decision:
        return f"{value:+.2%} [{low:+.2%}, {high:+.2%}]"
    if not (math.isfinite(low) and math.isfinite(high)):
        return f"{value:.4g} (no interval)"
    return f"{value:.4f} [{low:.4f}, {high:.4f}]"
