"""How the slopes of all slots follow from the few that the tapes give."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.fit.coordinates import Slot
from isoflop.fit.problem import Problem

Array = NDArray[Any]
Ratios = list[Array | None]
"""For each slot its slope relative to its leader's, (n,); None where it is the leader's own."""

Bends = list[tuple[NDArray[np.intp], NDArray[np.intp], Array]]
"""For each pair of leaders: rows and columns of the Hessian, each (m,), and factors, (n, m)."""


def chain(slots: tuple[Slot, ...], u: Array) -> tuple[Array, Array, Array]:
    """Tape coordinates of all slots with their first and second derivatives, each (batch, all)."""
    v, first, second = u.copy(), np.ones_like(u), np.zeros_like(u)
    for k, slot in enumerate(slots):
        # The others enter the tape as they are.
        if math.isfinite(slot.high) or (slot.low == 0 and not slot.tape_log):
            v[:, k], first[:, k], second[:, k] = slot.tape(u[:, k])
    return v, first, second


def slope_ratios(problem: Problem, blocks: Sequence[list[Array]]) -> list[Ratios]:
    """Ratios of all slots, by block: zero at the runs of other levels."""
    tape = problem.program.lean.ratios
    found: list[Ratios] = []
    for rows, columns in zip(problem.blocks, blocks, strict=True):
        with np.errstate(all="ignore"):
            formal = [None] * len(problem.members) if tape is None else tape.run([], tape.column_part(columns))
        ratios: Ratios = []
        for slot in problem.slots:
            ratio = formal[slot.formal]
            ratio = None if ratio is None or np.all(ratio == 1.0) else ratio
            if slot.level is not None:
                column = problem.law.parsed.indexed[problem.law.parameter_names[slot.formal]]
                at_level = (problem.levels[column].codes[rows] == slot.level).astype(float)
                ratio = at_level if ratio is None else ratio * at_level
            ratios.append(None if ratio is None else np.broadcast_to(ratio, (rows.stop - rows.start,)))
        found.append(ratios)
    return found


def bend_factors(problem: Problem, ratios: Ratios) -> Bends:
    """For each pair of leaders with a second derivative, the free slots that it bends, and how much."""
    lean = problem.program.lean
    rows = len(next((r for r in ratios if r is not None), problem.response[problem.blocks[0]]))
    plain = [np.ones(rows) if r is None else r for r in ratios]
    led: dict[int, list[int]] = {}
    for k, i in enumerate(problem.free):
        led.setdefault(lean.leader[problem.slots[i].formal], []).append(k)
    found = []
    for a, b in lean.pairs:
        places = [(k, m) for k in led.get(a, []) for m in led.get(b, []) if a != b or k <= m]
        products = [plain[problem.free[k]] * plain[problem.free[m]] for k, m in places]
        # Two levels of one column never meet at a run.
        kept = [n for n, product in enumerate(products) if np.any(product)]
        at, across = (np.array([places[n][side] for n in kept], dtype=np.intp) for side in (0, 1))
        factors = np.stack([products[n] for n in kept], axis=1) if kept else np.empty((rows, 0))
        found.append((at, across, factors))
    return found
