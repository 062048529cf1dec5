"""Choosing runs one by one under a budget, and exchanging them until no swap helps."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.plan.design.criteria import Criterion, criterion_value, gains
from isoflop.plan.design.curvature import Bias, Carried, Wanted
from isoflop.plan.design.linear import Linear

Array = NDArray[Any]

POWERS: Final = (1.0, 0.4, 0.0)
"""Powers of the cost by which gains are divided; the best of the three designs is kept."""
SWEEPS: Final = 5
HELPS: Final = 1e-6
"""A swap counts when it lowers the criterion by more than this share."""


@dataclass(frozen=True)
class Shop:
    """What can be bought and what is to be made small.

    Args:
        criterion: c, V, A or D.
        linear: the linear problem.
        cost: price of every candidate, shape (m,).
        discrepancy: variance of ln L at each candidate that its seeds share, shape (m,).
        budget: what may be spent.
        most: how many runs may be bought.
        replicates: how often the same candidate may be bought, under new seeds.
        stop: criterion below which nothing more is bought.
        least: share of the criterion that a run must take off to be bought.
        bias: what the law may miss; the criterion then is a mean squared error. None without.
    """

    criterion: Criterion
    linear: Linear
    cost: Array
    discrepancy: Array
    budget: float
    most: int
    replicates: int = 1
    stop: float = -np.inf
    least: float = 0.0
    bias: Bias | None = None

    def weight(self, counts: Array) -> Array:
        """Information of `counts` seeds of each candidate: `1/(sigma^2/n + tau^2 h)`."""
        n = np.maximum(counts, 1e-300)
        return np.where(counts > 0, 1 / (self.linear.noise**2 / n + self.discrepancy), 0.0)

    def spread(self, counts: Array) -> Array:
        """Covariance of the directions after buying `counts` of each candidate."""
        chosen = np.flatnonzero(counts)
        slopes = self.linear.runs[chosen]
        weight = self.weight(counts)[chosen]
        information = np.eye(slopes.shape[1]) + (slopes * weight[:, None]).T @ slopes
        return np.linalg.inv(information)

    def variance(self, counts: Array) -> float:
        """The criterion after buying `counts`, if the law holds."""
        return criterion_value(self.criterion, self.linear, self.spread(counts))

    def value(self, counts: Array) -> float:
        """The criterion after buying `counts`, with the squared bias where that is known."""
        carried = self._carried(counts)
        return self.variance(counts) + (0.0 if carried is None else carried.value())

    def _carried(self, counts: Array) -> Carried | None:
        """How the missed part reaches what is made small; None where none is known, and for volumes."""
        bias = self.bias
        if bias is None or self.criterion == "D":
            return None
        chosen = np.flatnonzero(counts)
        weight = self.weight(counts)[chosen]
        pull = bias.taken + (self.linear.runs[chosen] * weight[:, None]).T @ bias.features[chosen]
        return Carried(self._wanted, self.spread(counts), pull, bias.features)

    @cached_property
    def _wanted(self) -> Wanted:
        """What the bias is to be small at: the targets, or the parameters, which the missed part has none of."""
        missed = np.zeros((0, 0)) if self.bias is None else self.bias.wanted
        if self.criterion == "A":
            return Wanted.of(self.linear.parameters, np.zeros((len(self.linear.parameters), missed.shape[1])))
        return Wanted.of(self.linear.targets, missed)

    def spent(self, counts: Array) -> float:
        """Price of `counts`."""
        return float(self.cost @ counts)

    def next_gains(self, counts: Array) -> Array:
        """Decrease of the criterion by one more run of each candidate; zero where none may be bought.

        With a bias it is negative for runs that would lead the fit astray.
        """
        more = self.weight(counts + 1) - self.weight(counts)
        found = gains(self.criterion, self.linear, self.spread(counts), more)
        carried = self._carried(counts)
        if carried is not None:
            found = found + carried.gains(self.linear.runs, more)
        return np.where(counts < self.replicates, found, 0.0)


def greedy(shop: Shop, counts: Array, power: float) -> Array:
    """Buy the run with the largest gain per cost^power until money, number or reason ends.

    Args:
        shop: what can be bought.
        counts: what is bought already, shape (m,).
        power: 1 for gain per unit of cost, 0 for gain alone.

    Returns:
        What is bought then, shape (m,).
    """
    counts = counts.copy()
    while counts.sum() < shop.most:
        value = shop.value(counts)
        if shop.variance(counts) <= shop.stop:
            break
        affordable = shop.cost <= (shop.budget - shop.spent(counts)) * (1 + 1e-12)
        gain = np.where(affordable, shop.next_gains(counts), 0.0)
        if shop.least > 0:
            gain = np.where(_share(shop, value, gain) >= shop.least, gain, 0.0)
        if not gain.max(initial=0.0) > 0:
            break
        counts[int(np.argmax(gain / shop.cost**power))] += 1
    return counts


def _share(shop: Shop, value: float, gain: Array) -> Array:
    """Share of the criterion that a gain takes off; of the volume, for D."""
    return np.asarray(-np.expm1(-gain) if shop.criterion == "D" else gain / value)


def exchange(shop: Shop, counts: Array) -> Array:
    """Swap single runs for others that the money allows, while that lowers the criterion.

    Reference: Fedorov 1972; Atkinson, Donev and Tobias 2007, section 12.3.

    Args:
        shop: what can be bought.
        counts: a design, shape (m,).

    Returns:
        A design that no single swap improves (or the last of `SWEEPS` sweeps).
    """
    counts = counts.copy()
    for _ in range(SWEEPS):
        better = False
        for place in np.flatnonzero(counts).tolist():
            if counts[place] and _swap(shop, counts, place):
                better = True
        if not better:
            break
    return counts


def _swap(shop: Shop, counts: Array, place: int) -> bool:
    """Replace one run by the best other one, in place, if that helps."""
    before = shop.value(counts)
    counts[place] -= 1
    affordable = shop.cost <= (shop.budget - shop.spent(counts)) * (1 + 1e-12)
    gain = np.where(affordable, shop.next_gains(counts), 0.0)
    best = int(np.argmax(gain))
    scale = 1.0 if shop.criterion == "D" else before
    if best != place and gain[best] - gain[place] > HELPS * scale:
        counts[best] += 1
        return True
    counts[place] += 1
    return False


def choose(shop: Shop, *, power: float | None, swap: bool) -> Array:
    """The design: greedy by gain per cost, exchanged, filled up.

    Args:
        shop: what can be bought.
        power: of the cost; the best of `POWERS` when None.
        swap: whether runs are exchanged afterwards.

    Returns:
        How often each candidate is bought, shape (m,).
    """
    found = []
    for own in POWERS if power is None else (power,):
        counts = greedy(shop, np.zeros(len(shop.cost)), own)
        if swap and shop.variance(counts) > shop.stop:
            counts = greedy(shop, exchange(shop, counts), own)
        found.append(counts)
    enough = [c for c in found if shop.variance(c) <= shop.stop]
    # Where several reach the goal the cheapest of them wins.
    return min(enough, key=shop.spent) if enough else min(found, key=shop.value)


def in_order(shop: Shop, counts: Array) -> list[int]:
    """Candidates of a design in the order in which they pay, repeated ones once per seed."""
    order, bought, left = [], np.zeros_like(counts), counts.copy()
    while left.any():
        gain = np.where(left > 0, shop.next_gains(bought), -np.inf)
        place = int(np.argmax(gain / shop.cost))
        order.append(place)
        bought[place] += 1
        left[place] -= 1
    return order
