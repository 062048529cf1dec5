"""How the slopes of all slots follow from the few that the tapes give."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.fit.coordinates import Slot
from isoflop.fit.problem import Problem
from isoflop.laws.lean import Lean

Array = NDArray[Any]
Ratios = list[Array | None]
"""For each slot its slope relative to its leader's, (n,); None where it is the leader's own."""


@dataclass(frozen=True)
class Bends:
    """Second derivatives of the tape that bend equally many entries of the Hessian.

    Args:
        numbers: which second derivatives of the tape.
        entries: flat indices into the Hessian, (entries,).
        totals: which total goes to each entry, (entries,).
        factors: what a second derivative is multiplied by for each of its entries, (numbers, n, m).
    """

    numbers: tuple[int, ...]
    entries: NDArray[np.intp]
    totals: NDArray[np.intp]
    factors: Array


def chain(slots: tuple[Slot, ...], u: Array) -> tuple[Array, Array, Array]:
    """Tape coordinates of all slots with their first and second derivatives, each (batch, all)."""
    v, first, second = u.copy(), np.ones_like(u), np.zeros_like(u)
    for k, slot in enumerate(slots):
        # The others enter the tape as they are.
        if slot.bent:
            v[:, k], first[:, k], second[:, k] = slot.tape(u[:, k])
    return v, first, second


def formal_ratios(lean: Lean, columns: list[Array]) -> Ratios:
    """Slope of every coordinate of a tape relative to its leader's on some rows; None where it is the leader's own."""
    if lean.ratios is None:
        return [None] * len(lean.leader)
    with np.errstate(all="ignore"):
        found = lean.ratios.run([], lean.ratios.column_part(columns))
    return [None if np.all(ratio == 1.0) else ratio for ratio in found]


def slope_ratios(problem: Problem, block: int, columns: list[Array]) -> Ratios:
    """Ratios of all slots on one block of rows: zero at the runs of other levels."""
    rows = problem.blocks[block]
    formal = formal_ratios(problem.program.lean, columns)
    ratios: Ratios = []
    for slot in problem.slots:
        ratio = formal[slot.formal]
        if slot.level is not None:
            column = problem.law.parsed.indexed[problem.law.parameter_names[slot.formal]]
            at_level = (problem.levels[column].codes[rows] == slot.level).astype(float)
            ratio = at_level if ratio is None else ratio * at_level
        ratios.append(None if ratio is None else np.broadcast_to(ratio, (rows.stop - rows.start,)))
    return ratios


def bend_groups(pairs: tuple[tuple[int, int], ...], leaders: tuple[int, ...], ratios: Ratios, rows: int) -> list[Bends]:
    """The second derivatives of the tape, grouped by the number of entries of the Hessian that each one bends.

    Args:
        pairs: pairs of leaders of which the tape gives the second derivative.
        leaders: leader of every coordinate.
        ratios: slope of every coordinate relative to its leader's.
        rows: number of runs.
    """
    plain = [np.ones(rows) if r is None else r for r in ratios]
    led: dict[int, list[int]] = {}
    for k, leader in enumerate(leaders):
        led.setdefault(leader, []).append(k)
    groups: dict[int, list[tuple[int, list[tuple[int, int]], list[Array]]]] = {}
    for number, (a, b) in enumerate(pairs):
        places = [(k, m) for k in led.get(a, []) for m in led.get(b, []) if a != b or k <= m]
        products = [plain[k] * plain[m] for k, m in places]
        # Two levels of one column never meet at a run.
        kept = [n for n, product in enumerate(products) if np.any(product)]
        if kept:
            found = (number, [places[n] for n in kept], [products[n] for n in kept])
            groups.setdefault(len(kept), []).append(found)
    return [_bends(group, len(leaders)) for group in groups.values()]


def _bends(group: list[tuple[int, list[tuple[int, int]], list[Array]]], q: int) -> Bends:
    """One group: both triangles of the Hessian are filled from one total."""
    places = [place for _, own, _ in group for place in own]
    below = [n for n, (k, m) in enumerate(places) if k != m]
    entries = [k * q + m for k, m in places] + [places[n][1] * q + places[n][0] for n in below]
    factors = np.stack([np.stack(products, axis=1) for _, _, products in group])
    totals = [*range(len(places)), *below]
    return Bends(tuple(n for n, _, _ in group), np.array(entries), np.array(totals), factors)
