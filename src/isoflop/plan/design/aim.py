"""What the next runs are for: predictions at points, or a decision between two recipes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import LawError
from isoflop.fit.result import Fit
from isoflop.fit.values import evaluate_slots, inputs_of
from isoflop.laws.optimum import compute_optimum
from isoflop.plan.optimum.setting import slots_at
from isoflop.units import format_quantity

Array = NDArray[Any]


@dataclass(frozen=True)
class Aim:
    """Points at which the law is wanted, and how they are combined.

    Args:
        points: word → value at every point, and labels of indexing columns, each (t,).
        combine: rows of weights of ln L at the points, shape (wanted, t): the identity for
            predictions, (1, -1) for a decision.
        text: what is wanted, in words.
        decision: whether the sign of the combination is the question.
    """

    points: Mapping[str, Array]
    combine: Array
    text: str
    decision: bool = False

    @property
    def ratio(self) -> tuple[float, float] | None:
        """Least and most tokens per parameter of the points."""
        if not {"params", "tokens"} <= set(self.points):
            return None
        ratio = np.asarray(self.points["tokens"] / self.points["params"], dtype=float)
        return float(ratio.min()), float(ratio.max())

    def log_values(self, fit: Fit, theta: Array) -> Array:
        """Combinations of ln L for a batch of parameter vectors, shape (batch, wanted)."""
        with np.errstate(all="ignore"):
            return np.asarray(np.log(evaluate_slots(fit.law, fit.levels, theta, self.points)) @ self.combine.T)


def aim_at(fit: Fit, target: Mapping[str, Any], beats: Sequence[str] | None = None) -> Aim:
    """Read a target.

    Args:
        fit: the fit.
        target: word or alias → value (or several, for several points); flops alone mean the
            compute-optimal size for a law in size and data.
        beats: two levels of the law's recipe column: does the first have the lower loss?

    Returns:
        The aim.

    Raises:
        LawError: the target lacks a column, the law has no optimum there, or no recipes to compare.
        ColumnError: the target names a column that the law does not depend on.
    """
    given = {w: v for w, v in inputs_of(fit.law, fit.levels, target).items()}
    if beats is None:
        points = _points(fit, given)
        count = len(next(iter(points.values())))
        return Aim(points, np.eye(count), f"{fit.response} at {_words(points)}")
    column = _recipes(fit, beats)
    both = [_points(fit, {**given, column: name}) for name in beats]
    if any(len(p[column]) != 1 for p in both):
        raise LawError("A decision is made at one point. Give one value for each column of the target.")
    points = {word: np.concatenate([p[word] for p in both]) for word in both[0]}
    where = _words({w: v[:1] for w, v in points.items() if w != column})
    text = f"{beats[0]} has a lower {fit.response} than {beats[1]} at {where}"
    return Aim(points, np.array([[1.0, -1.0]]), text, decision=True)


def _recipes(fit: Fit, beats: Sequence[str]) -> str:
    """The column whose levels are compared."""
    if len(fit.levels) != 1:
        found = ", ".join(fit.levels) or "none"
        raise LawError(
            f"A decision needs a law with values per recipe in one column, such as A[recipe]; "
            f"{fit.law.name!r} has {found}. Fit a formula such as 'E + A[recipe]/N^alpha + B/D^beta'."
        )
    ((column, known),) = fit.levels.items()
    if len(beats) != 2 or not set(beats) <= set(known) or beats[0] == beats[1]:
        raise LawError(f"{' and '.join(map(str, beats))} are not two of the levels of {column}: {', '.join(known)}.")
    return column


def _points(fit: Fit, given: Mapping[str, Any]) -> dict[str, Array]:
    """Every column that the law needs, at every point."""
    found = dict(given)
    if "flops" in found and "flops" not in fit.law.columns and not {"params", "tokens"} & set(found):
        found = _optimal(fit, found)
    elif "flops" in found and "flops" not in fit.law.columns:
        found = _completed(found)
    missing = [w for w in (*fit.law.columns, *fit.levels) if w not in found]
    if "flops" in missing and {"params", "tokens"} <= set(found):
        found = _completed(found)
        missing.remove("flops")
    if missing:
        raise LawError(f"The target does not say {', '.join(missing)}. Give a value for each, or flops alone.")
    wanted = {w: found[w] for w in (*fit.law.columns, *fit.levels)}
    arrays = np.broadcast_arrays(*(np.atleast_1d(np.asarray(v, dtype=object)) for v in wanted.values()))
    return {w: a.astype(object) if w in fit.levels else a.astype(float) for w, a in zip(wanted, arrays, strict=True)}


def _completed(found: Mapping[str, Any]) -> dict[str, Any]:
    """Params, tokens and flops from two of them."""
    numbers = {w: np.asarray(found[w], dtype=float) for w in ("params", "tokens", "flops") if w in found}
    if "flops" not in numbers:
        numbers["flops"] = 6 * numbers["params"] * numbers["tokens"]
    elif "tokens" not in numbers:
        numbers["tokens"] = numbers["flops"] / (6 * numbers["params"])
    elif "params" not in numbers:
        numbers["params"] = numbers["flops"] / (6 * numbers["tokens"])
    return {**found, **numbers}


def _optimal(fit: Fit, found: Mapping[str, Any]) -> dict[str, Any]:
    """Compute-optimal params and tokens at given flops."""
    labels = {w: found[w] for w in fit.levels if w in found}
    others = {w: float(v) for w, v in found.items() if w not in {"flops", *fit.levels}}
    theta = fit.theta[slots_at(fit, labels)]
    flops = np.atleast_1d(np.asarray(found["flops"], dtype=float))
    best = compute_optimum(fit.law, theta, flops, columns=others)
    if not np.all(np.isfinite(best.params)):
        raise LawError(
            f"The law has no compute-optimal size at {', '.join(map(format_quantity, flops))} FLOPs. "
            "Give params and tokens of the target."
        )
    return {**others, **labels, "params": best.params, "tokens": best.tokens, "flops": flops}


def _words(points: Mapping[str, Array]) -> str:
    """The points in words."""
    count = len(next(iter(points.values())))
    if count > 3:
        return f"{count} points"
    shown = (
        ", ".join(f"{w} = {v[k] if isinstance(v[k], str) else format_quantity(float(v[k]))}" for w, v in points.items())
        for k in range(count)
    )
    return "; ".join(shown)
