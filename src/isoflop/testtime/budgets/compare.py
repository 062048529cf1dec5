"""Where more samples stop paying, and where a larger model or more pre-training pays instead."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import InputError
from isoflop.fit.estimate import Estimate
from isoflop.testtime.budgets.budget import Choice, Menu
from isoflop.testtime.tradeoffs.exchange import break_even_ratio

Array = NDArray[Any]

POINTS: Final = 240
"""Budgets at which two models are compared."""


@dataclass(frozen=True, eq=False)
class SaturationPoint:
    """Where a route comes close to the best that it reaches.

    Args:
        route: model and rule.
        within: accuracy below that best that counts as close.
        k: least number of samples that is.
        cost: of a problem there.
        accuracy: there.
        ceiling: best accuracy over the numbers of samples at hand.
        last_gain: accuracy that the last doubling brought.
        rising: whether that is more than `within`: then no end is in sight and k is a lower bound.
    """

    route: str
    within: float
    k: Estimate
    cost: Estimate
    accuracy: Estimate
    ceiling: Estimate
    last_gain: Estimate
    rising: bool

    def to_dict(self) -> dict[str, Any]:
        """Keys for JSON."""
        names = ("k", "cost", "accuracy", "ceiling", "last_gain")
        return {
            "route": self.route, "within": self.within, "rising": self.rising,
            **{name: getattr(self, name).to_dict() for name in names},
        }  # fmt: skip


@dataclass(frozen=True, eq=False)
class BreakEven:
    """Many samples of one model against another, larger one.

    Args:
        model: the one that is sampled more.
        against: what it has to match.
        cost: what it then costs, infinite where it never does.
        ratio: of the two costs; below 1 the samples are the cheaper way.
        reached: share of the draws in which it does.
        crossing: budget from which on the other model is the better buy whatever the budget; infinite where it is not.
        crosses: share of the draws in which there is one.
        questions: questions after which extra training of the other model has paid for itself; None where
            no training costs were given.
        inference_share: tokens of inference over tokens of pre-training, `D_inf/D_pre`, below which the samples are
            cheaper in FLOPs than a larger model trained on the same tokens; None where sizes were not given.
    """

    model: str
    against: Choice
    cost: Estimate
    ratio: Estimate
    reached: float
    crossing: Estimate
    crosses: float
    questions: Estimate | None = None
    inference_share: Estimate | None = None

    def to_dict(self) -> dict[str, Any]:
        """Keys for JSON."""
        return {
            "model": self.model, "against": self.against.to_dict(), "cost": self.cost.to_dict(),
            "ratio": self.ratio.to_dict(), "reached": self.reached, "crossing": self.crossing.to_dict(),
            "crosses": self.crosses, "questions": None if self.questions is None else self.questions.to_dict(),
            "inference_share": None if self.inference_share is None else self.inference_share.to_dict(),
        }  # fmt: skip


def saturation_point(found: Menu, route: int, *, within: float = 0.01) -> SaturationPoint:
    """The least number of samples whose accuracy is within a distance of the best that the route reaches.

    Args:
        found: the menu.
        route: place of the route in the menu.
        within: distance in accuracy.

    Returns:
        The point, with intervals by the menu's draws.

    Raises:
        InputError: the route has one number of samples only, or the distance is not positive.
    """
    own = found.routes[route]
    if len(own.ks) < 2 or not within > 0:
        raise InputError(
            f"{own.name} with {len(own.ks)} numbers of samples and a distance of {within:g} saturates nowhere. Give a "
            "route with two or more, and a positive distance."
        )
    columns = np.flatnonzero(found.of[:, 0] == route)
    accuracy, cost = found.accuracy[:, columns], found.cost[:, columns]
    ceiling = accuracy.max(axis=1)
    first = (accuracy >= ceiling[:, None] - within * (1 + 1e-9)).argmax(axis=1)
    rows = np.arange(len(first))
    half = np.interp(np.log(own.ks[-1] / 2), np.log(own.ks), np.arange(len(own.ks)))
    low, part = int(half), half - int(half)
    # Between two k the curve is taken as straight in the logarithm of k.
    before = accuracy[:, low] * (1 - part) + accuracy[:, min(low + 1, len(own.ks) - 1)] * part
    gain = found.estimate(accuracy[:, -1] - before)
    return SaturationPoint(
        own.name, within, found.estimate(own.ks[first].astype(float)),
        found.estimate(cost[rows, first], unit=found.unit), found.estimate(accuracy[rows, first]),
        found.estimate(ceiling), gain, bool(gain.value > within),
    )  # fmt: skip


def break_even(
    found: Menu,
    model: str,
    against: str,
    *,
    k: int | None = None,
    extra_training: float | None = None,
    size_factor: float | None = None,
    tokens_factor: float = 1.0,
) -> BreakEven:
    """What a model costs when it is sampled until it is as accurate as another.

    Between its options a model's accuracy is taken as straight in the logarithm of the cost, along the best
    of its rules and numbers of samples.

    Reference: Snell et al. 2024, arXiv:2408.03314, for the exchange of pre-training for inference, by
        `isoflop.testtime.tradeoffs.exchange`.

    Args:
        found: the menu.
        model: name of the one that is sampled more.
        against: name of the other, at its most accurate rule for `k` samples.
        k: samples of the other; its least number when None.
        extra_training: what the other's training costs more, in the menu's unit.
        size_factor: M, its parameters over those of the model.
        tokens_factor: tokens of a sample of the model over those of a sample of the other.

    Returns:
        Costs at equal accuracy, and the budget from which the other is better.

    Raises:
        InputError: an unknown model, or the same one twice.
    """
    ours, theirs = _options(found, model), _options(found, against)
    if model == against:
        raise InputError(f"{model} against itself breaks even everywhere. Name two models.")
    ks = _ks(found, theirs)
    usable = theirs[ks == (ks.min() if k is None else k)]
    if not len(usable):
        raise InputError(f"{against} has no option of {k} samples. Choose among {sorted(set(ks.tolist()))}.")
    target = int(usable[found.accuracy[0, usable].argmax()])
    cost = _cost_of(found.cost[:, ours], found.accuracy[:, ours], found.accuracy[:, target])
    other = found.cost[:, target]
    crossing = _crossing(found, ours, theirs)
    questions = None
    if extra_training is not None:
        saved = cost - other
        with np.errstate(divide="ignore"):
            repaid = np.where(saved > 0, extra_training / np.where(saved > 0, saved, 1.0), np.inf)
        questions = found.estimate(repaid, unit="questions")
    traded = None
    if size_factor is not None and size_factor > 1:
        # What a sample costs is the model's option of one sample, or its least number of them.
        one = int(ours[_ks(found, ours).argmin()])
        samples = cost / found.cost[:, one] * float(_ks(found, ours).min())
        multiple = samples * tokens_factor / _ks(found, np.array([target]))[0]
        traded = found.estimate(break_even_ratio(size_factor, multiple), unit="D_inf/D_pre")
    return BreakEven(
        model, found.choice(target, 1.0), found.estimate(cost, unit=found.unit), found.estimate(cost / other),
        float(np.isfinite(cost[1:]).mean()), found.estimate(crossing, unit=found.unit),
        float(np.isfinite(crossing[1:]).mean()), questions, traded,
    )  # fmt: skip


def _options(found: Menu, model: str) -> Array:
    """Places of a model's options."""
    names = np.array([found.routes[r].model for r in found.of[:, 0].tolist()])
    places = np.flatnonzero(names == model)
    if not len(places):
        raise InputError(f"There is no model {model!r}. Choose among {', '.join(dict.fromkeys(names.tolist()))}.")
    return places


def _ks(found: Menu, options: Array) -> Array:
    """Numbers of samples of options."""
    return np.array([int(found.routes[r].ks[j]) for r, j in found.of[options].tolist()])


def _cost_of(cost: Array, accuracy: Array, target: Array) -> Array:
    """Least cost at which each row's options reach its target, between options by the logarithm of the cost."""
    order = np.argsort(cost, axis=1, kind="stable")
    paid = np.take_along_axis(cost, order, axis=1)
    reached = np.maximum.accumulate(np.take_along_axis(accuracy, order, axis=1), axis=1)
    enough = reached >= target[:, None]
    at = np.where(enough.any(axis=1), enough.argmax(axis=1), 0)
    rows, before = np.arange(len(at)), np.maximum(at - 1, 0)
    low, high = reached[rows, before], reached[rows, at]
    rise = np.where(high > low, high - low, 1.0)
    part = np.where((at > 0) & (high > low), np.clip((target - low) / rise, 0.0, 1.0), 1.0)
    between = np.exp(np.log(paid[rows, before]) * (1 - part) + np.log(paid[rows, at]) * part)
    return np.where(enough.any(axis=1), between, np.inf)


def _crossing(found: Menu, ours: Array, theirs: Array) -> Array:
    """Least budget from which on the second model's best option is at least as good, in every row."""
    costs = found.cost[0, np.concatenate([ours, theirs])]
    budgets = np.geomspace(costs.min(), costs.max(), POINTS) * (1 + 1e-9)
    better = _within(found, theirs, budgets) >= _within(found, ours, budgets)
    # A budget that buys neither decides nothing: the first that buys ours, or theirs, does.
    lasting = np.logical_and.accumulate(better[:, ::-1], axis=1)[:, ::-1]
    return np.where(lasting.any(axis=1), budgets[lasting.argmax(axis=1)], np.inf)


def _within(found: Menu, options: Array, budgets: Array) -> Array:
    """Best accuracy within each budget, −∞ where nothing is so cheap, shape (1 + draws, budgets)."""
    cost, accuracy = found.cost[:, options], found.accuracy[:, options]
    order = np.argsort(cost, axis=1, kind="stable")
    paid = np.log(np.take_along_axis(cost, order, axis=1))
    reached = np.maximum.accumulate(np.take_along_axis(accuracy, order, axis=1), axis=1)
    places = np.log(budgets)
    return np.stack([np.interp(places, x, y, left=-np.inf) for x, y in zip(paid, reached, strict=True)])
