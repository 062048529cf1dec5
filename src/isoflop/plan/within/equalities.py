"""Limits that must hold exactly, `a + b + c = 1`: each gives one variable, which then follows from the others."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import InputError
from isoflop.plan.within.expressions import Expression, Scope, expression
from isoflop.plan.within.interior import Solved
from isoflop.plan.within.limits import Limit, read_limits
from isoflop.plan.within.problem import Batch, Problem
from isoflop.plan.within.variables import Variable

Array = NDArray[Any]

NUDGE: Final = 1e-5
"""By how much, as a share, a right side is moved to see its price."""


@dataclass(frozen=True)
class Followed:
    """A variable that follows from an equality in which it stands linearly.

    Args:
        variable: it and its range.
        limit: the equality.
        left: its left side, in variables.
        right: its right side, in variables.
        shift: word of a number that is added to the right side; 0 in the plan.
    """

    variable: Variable
    limit: Limit
    left: Expression
    right: Expression
    shift: str

    @property
    def text(self) -> str:
        """Where it comes from."""
        return f"from {self.limit.text}"

    @property
    def words(self) -> tuple[str, ...]:
        """What it depends on."""
        found = (*self.left.words, *self.right.words, self.shift)
        return tuple(dict.fromkeys(w for w in found if w != self.variable.word))

    def at(self, values: Mapping[str, Array]) -> Array:
        """Its value: a line through two places is zero in one."""
        far = self.variable.high
        with np.errstate(all="ignore"):
            start, end = (self._gap(values, at) for at in (0.0, far))
            return np.asarray(-start * far / (end - start))

    def _gap(self, values: Mapping[str, Array], at: float) -> Array:
        """Left minus right side with the variable at a value."""
        some = {**values, self.variable.word: np.full((1, 1), at)}
        return np.asarray(self.left.at(some) - self.right.at(some) - values[self.shift])

    @property
    def bounds(self) -> tuple[str, str]:
        """Its range as limits."""
        return tuple(f"{self.variable.word} {s} {end:.12g}" for s, end in (  # type: ignore[return-value]
            (">=", self.variable.low), ("<=", self.variable.high)
        ))  # fmt: skip


def follow(
    limits: Sequence[Limit], variables: Sequence[Variable], scope: Scope, responses: Collection[str]
) -> tuple[Followed, ...]:
    """Choose a variable for every equality, so that none follows from another in a circle.

    Args:
        limits: the equalities.
        variables: those with a range.
        scope: how quantities come about.
        responses: words that laws give, which no variable can follow from.

    Returns:
        One per equality.

    Raises:
        InputError: an equality has no variable of its own in which it is linear.
    """
    ranged = {variable.word: variable for variable in variables}
    sides = {k: tuple(_spelled(side, ranged, scope) for side in (one.left, one.right)) for k, one in enumerate(limits)}
    found: list[Followed] = []
    while sides:
        for k, (left, right) in sides.items():
            others = {w for j, pair in sides.items() if j != k for side in pair for w in side.words}
            words = {*left.words, *right.words}
            own = [] if words & set(responses) else [w for w in ranged if w in words - others]
            made = (Followed(ranged[w], limits[k], left, right, f"shift_{k + 1}") for w in reversed(own))
            if (chosen := next((one for one in made if _linear(one)), None)) is not None:
                found.append(chosen)
                del ranged[chosen.variable.word]
                break
        else:
            text = limits[next(iter(sides))].text
            raise InputError(
                f"{text} cannot be met exactly: it is linear in no variable of its own among "
                f"{', '.join(ranged) or 'none'}. Write it with <= or >=; a limit that is worth it binds."
            )
        del sides[k]
    return tuple(found)


def _spelled(made: Expression, variables: Mapping[str, Variable], scope: Scope) -> Expression:
    """An expression with quantities replaced by their formulas until none hides a variable."""
    for word in made.words:
        formula = None if word in variables or word in scope.known else scope.formula(word)
        if isinstance(formula, Expression) and set(scope.chain_words(word)) & set(variables):
            return _spelled(expression(re.sub(rf"\b{word}\b", f"({formula.text})", made.text)), variables, scope)
    return made


def _linear(one: Followed) -> bool:
    """Whether the equality is a straight line in its variable, at some places of the others."""
    for place in (0.37, 0.81, 1.43):
        values = {w: np.full((1, 1), place + 0.1 * k) for k, w in enumerate(one.words)} | {one.shift: np.zeros((1, 1))}
        with np.errstate(all="ignore"):
            gaps = [float(np.ravel(one._gap(values, at))[0]) for at in (0.0, 1.0, 2.0)]
        size = max(abs(gap) for gap in gaps)
        if not (np.isfinite(gaps).all() and gaps[2] != gaps[0] and abs(gaps[2] - 2 * gaps[1] + gaps[0]) < 1e-9 * size):
            return False
    return True


def bounds_of(found: Sequence[Followed]) -> tuple[Limit, ...]:
    """The ranges of variables that follow, as limits."""
    return tuple(limit for one in found for limit in read_limits(one.bounds, prefix=one.shift))


def price_of(one: Followed, problem: Problem, batch: Batch, solved: Solved) -> Array:
    """What the objective gains per unit of an equality's right side, every row by the envelope theorem.

    Args:
        one: the variable that follows from it.
        problem: the plan.
        batch: its rows.
        solved: their solutions.

    Returns:
        Change of the objective as the solver has it, shape (rows,).
    """
    values = problem.values(batch, solved.x[:, None])
    most = np.broadcast_to(problem.side(one.right, values), (batch.rows, 1))[:, 0]
    step = NUDGE * np.maximum(np.abs(most), 1e-12)

    def lagrangian(sign: float) -> Array:
        f, c = problem.at(batch.setting(**{one.shift: sign * step}), solved.x[:, None])
        return np.asarray(f[:, 0] + (solved.price * c[:, 0]).sum(axis=1))

    return np.asarray((lagrangian(1.0) - lagrangian(-1.0)) / (2 * step))
