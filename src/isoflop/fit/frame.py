"""Coordinates in which sums over the runs are taken: the free parameters, or the law's inner coordinates."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.fit.problem import Problem
from isoflop.fit.ratios import Bends, Ratios, bend_groups, formal_ratios, slope_ratios
from isoflop.laws.core import Inner
from isoflop.laws.lean import Lean
from isoflop.laws.tape import Tape

Array = NDArray[Any]


@dataclass(frozen=True)
class Frame:
    """Coordinates of the sums.

    Args:
        lean: tapes of the law and its derivatives in them.
        leaders: for each coordinate, the place of the slope that it shares among those of the tape.
        inner: how they follow from the law's own coordinates; None where they are those of the free slots.
    """

    lean: Lean
    leaders: tuple[int, ...]
    inner: Inner | None

    @property
    def size(self) -> int:
        """How many coordinates there are."""
        return len(self.leaders)


def frame_of(problem: Problem) -> Frame:
    """The shortest coordinates of a problem; parameters with levels differ from run to run and stay as they are."""
    core, own = problem.program.core, problem.program.lean
    if core is not None and not problem.levels:
        return Frame(core.lean, core.lean.leader, core.inner)
    return Frame(own, tuple(own.leader[problem.slots[i].formal] for i in problem.free), None)


class Block:
    """What a block of rows gives without the parameters, prepared when it is first asked for."""

    def __init__(self, problem: Problem, frame: Frame, number: int) -> None:
        rows = problem.blocks[number]
        self.problem, self.frame, self.number, self.rows = problem, frame, number, rows.stop - rows.start
        self.columns = [c[rows] for c in problem.columns]
        self.parts: dict[int, list[Array | None]] = {}

    @cached_property
    def ratios(self) -> Ratios:
        """Slope of every slot relative to its leader's."""
        return slope_ratios(self.problem, self.number, self.columns)

    @cached_property
    def own(self) -> Ratios:
        """Slope of every coordinate of the frame relative to its leader's."""
        if self.frame.inner is None:
            return [self.ratios[i] for i in self.problem.free]
        found = formal_ratios(self.frame.lean, self.columns)
        return [None if r is None else np.broadcast_to(r, (self.rows,)) for r in found]

    @cached_property
    def bends(self) -> list[Bends]:
        """Which entries of the Hessian every second derivative of the tape bends."""
        return bend_groups(self.frame.lean.pairs, self.frame.leaders, self.own, self.rows)

    def column_part(self, tape: Tape) -> list[Array | None]:
        """What a tape needs of the columns."""
        if id(tape) not in self.parts:
            self.parts[id(tape)] = tape.column_part(self.columns)
        return self.parts[id(tape)]
