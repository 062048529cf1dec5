"""From a fit, what to choose, and numbers with units to a problem with one row per draw."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import InputError, LawError
from isoflop.fit.result import Fit
from isoflop.laws.law import Law
from isoflop.plan.costs.hardware import device as find_device
from isoflop.plan.costs.memory import STAGES
from isoflop.plan.optimum.setting import slots_at
from isoflop.plan.within.equalities import Followed, bounds_of, follow
from isoflop.plan.within.expressions import Scope, expression
from isoflop.plan.within.limits import read_limits
from isoflop.plan.within.problem import Batch, Problem, spread_starts
from isoflop.plan.within.quantities import read_value, word_of
from isoflop.plan.within.variables import Choice, Variable, read_variables

Array = NDArray[Any]

ASSUMED: Final[Mapping[str, float]] = {
    "mfu": 0.4, "weight_bits": 16.0, "kv_bits": 16.0, "zero": 1.0, "tensor": 1.0, "pipeline": 1.0, "prompt": 1000.0,
    "answer": 500.0, "serve_batch": 1.0, "serve_devices": 1.0, "decode_share": 0.6,
}  # fmt: skip
"""Inputs that a plan assumes where it needs them and nothing was given; its steps say so."""

WHOLE: Final = frozenset({"zero", "tensor", "pipeline"})
"""Inputs that come in whole numbers: nothing is told of a tenth more of them."""


@dataclass(frozen=True)
class Request:
    """What is asked of a plan; see `plan_within` for the fields.

    Args:
        choose: word → range, list or None.
        limits: texts.
        objective: text.
        sign: 1 to minimise, -1 to maximise.
        given: word → number, text with a unit, or label.
        device: name of an accelerator, or empty.
        precision: whose dense peak is used.
        define: name → formula of quantities of the user.
    """

    choose: Mapping[str, Any]
    limits: Sequence[str]
    objective: str
    sign: float
    given: Mapping[str, float | str]
    device: str
    precision: str
    define: Mapping[str, str]


@dataclass(frozen=True)
class Laid:
    """A request laid out for the solver.

    Args:
        problem: what all rows share.
        batch: first the fit, then its draws.
        choices: listed variables.
        assumed: word → value of inputs that nobody gave.
        labels: values of columns that index parameters.
        inputs: word → value of all numbers that matter.
        sources: word → where its value comes from, for those of the accelerator.
        followed: variables that follow from limits which must hold exactly.
    """

    problem: Problem
    batch: Batch
    choices: tuple[Choice, ...]
    assumed: Mapping[str, float]
    labels: Mapping[str, str]
    inputs: Mapping[str, float]
    sources: Mapping[str, str]
    followed: tuple[Followed, ...] = ()


def lay_out(fits: Mapping[str, Fit], request: Request) -> Laid:
    """Lay a request out.

    Args:
        fits: response → fit with draws, each after those whose response it needs.
        request: what is asked.

    Returns:
        Problem and rows.

    Raises:
        InputError: something is given twice, not used, or lacking.
        LawError: a fit has no draws.
    """
    for response, fit in fits.items():
        if fit.draws is None:
            raise LawError(f"The fit of {response} has no draws, so a plan would have no intervals: bootstrap=1000.")
    levels = {column for fit in fits.values() for column in fit.levels}
    labels = {w: str(v) for w, v in ((word_of(n), v) for n, v in request.given.items()) if w in levels}
    numbers = {w: read_value(w, v) for w, v in ((word_of(n), v) for n, v in request.given.items()) if w not in levels}
    ranges = {w: r for fit in fits.values() for w, r in fit.data.ranges.items()}
    variables, choices = read_variables(request.choose, ranges)
    _check_whole(variables, choices, numbers)
    limits = read_limits(request.limits)
    chosen = {v.word for v in variables} | {c.word for c in choices}
    if twice := sorted(chosen & set(numbers)):
        raise InputError(f"{', '.join(twice)} is both given and to be chosen. Keep one of the two.")
    more, source = _device_numbers(request)
    sources = {w: source for w in more if w not in numbers}
    numbers = more | numbers
    keys = {limit.key: limit.value for limit in limits if limit.value is not None}
    known = {*chosen, *numbers, *keys, *fits}
    own = {word_of(name): text for name, text in request.define.items()}
    smooth = any(variable.word == "params" for variable in variables)
    objective = expression(request.objective)
    needed = [*objective.words, *(w for limit in limits for side in (limit.left, limit.right) for w in side.words)]
    needed += [w for fit in fits.values() for w in fit.law.columns]
    most = Scope(frozenset(known | set(ASSUMED)), own, smooth)
    most.require(needed, "The plan")
    assumed = _assumed(most, needed, known)
    scope = Scope(frozenset(known | set(assumed)), own, smooth)
    used = _used(scope, needed)
    _refuse_unused(request, used | levels)
    values = {**numbers, **assumed, **keys}
    rows = 1 + min(len(fit.draws) for fit in fits.values() if fit.draws is not None)
    laws, theta = _rows(fits, labels, rows)
    batch = Batch(theta, {w: np.full((rows, 1), v) for w, v in values.items() if w in used or w in keys})
    problem = Problem(laws, variables, scope, objective, limits, request.sign)
    inputs = {w: v for w, v in values.items() if w in used - set(keys)}
    return _exact(Laid(problem, batch, choices, assumed, labels, inputs, sources))


def _exact(laid: Laid) -> Laid:
    """Take the variables out that follow from limits which must hold exactly; their ranges become limits."""
    problem, batch = laid.problem, laid.batch
    equal = tuple(limit for limit in problem.limits if limit.equal)
    if not equal:
        return laid
    found = follow(equal, problem.variables, problem.scope, problem.laws)
    bounds = bounds_of(found)
    gone = {one.variable.word: one for one in found}
    numbers = {one.shift: 0.0 for one in found} | {one.key: float(one.value or 0.0) for one in bounds}
    known = (problem.scope.known - set(gone)) | set(numbers)
    made = replace(
        problem, scope=replace(problem.scope, known=known, solved=gone),
        variables=tuple(one for one in problem.variables if one.word not in gone),
        limits=(*(limit for limit in problem.limits if not limit.equal), *bounds),
    )  # fmt: skip
    batch = batch.setting(**{word: np.full(batch.rows, value) for word, value in numbers.items()})
    return replace(laid, problem=made, batch=batch, followed=found)


def with_logs(laid: Laid, first: Mapping[str, float]) -> Laid:
    """Decide what is taken in logarithms, at a first choice of the listed variables."""
    batch = laid.batch.setting(**{w: np.full(laid.batch.rows, v) for w, v in first.items()})
    problem = laid.problem
    inside = spread_starts(problem) * 0.98 + 0.01 * problem.scale
    return replace(laid, problem=problem.in_logs(batch, inside))


def _rows(fits: Mapping[str, Fit], labels: Mapping[str, str], rows: int) -> tuple[dict[str, Law], dict[str, Array]]:
    """Laws without levels, and parameters of the fit and its draws."""
    laws, theta = {}, {}
    for response, fit in fits.items():
        formula = fit.law.formula
        for name, column in fit.law.parsed.indexed.items():
            formula = formula.replace(f"{name}[{column}]", name)
        laws[response] = fit.law if formula == fit.law.formula else fit.law.with_formula(formula)
        every = fit.theta[None] if fit.draws is None else np.concatenate([fit.theta[None], fit.draws])
        theta[response] = every[:rows, slots_at(fit, labels)]
    return laws, theta


def _check_whole(variables: Sequence[Variable], choices: Sequence[Choice], numbers: Mapping[str, float]) -> None:
    """Refuse a range of what comes in whole numbers, and stages and degrees that there are not."""
    for variable in variables:
        if variable.word in WHOLE:
            raise InputError(f"{variable.word} comes in whole numbers. List them, such as {variable.word}=1|2.")
    for word, values in {**{w: (v,) for w, v in numbers.items()}, **{c.word: c.values for c in choices}}.items():
        least = 0 if word == "zero" else 1
        if word in WHOLE and any(v != int(v) or v < least or (word == "zero" and v > STAGES[-1]) for v in values):
            allowed = "0, 1, 2 or 3" if word == "zero" else "a whole number from 1 up"
            raise InputError(f"{word} = {', '.join(f'{v:g}' for v in values)} cannot be. Give {allowed}.")


def _device_numbers(request: Request) -> tuple[dict[str, float], str]:
    """Peak, bandwidth, power and price of the accelerator, and where they come from."""
    if not request.device:
        return {}, ""
    found = find_device(request.device)
    numbers = {"peak": found.peak(request.precision), "bandwidth": found.bandwidth}
    more = {"watts": found.watts, "price": found.price, "mfu": found.mfu}
    source = f"{found.title}, {request.precision}: {found.source}, {found.date}"
    return numbers | {w: float(v) for w, v in more.items() if v is not None}, source


def _assumed(scope: Scope, needed: Sequence[str], known: set[str]) -> dict[str, float]:
    """Inputs that are assumed because something needs them."""
    used = _used(scope, needed)
    return {w: v for w, v in ASSUMED.items() if w in used and w not in known}


def _used(scope: Scope, needed: Sequence[str]) -> set[str]:
    """All words that play a part."""
    found = set(needed)
    for word in scope.chain(needed):
        made = scope.formula(word)
        found |= {word, *(made.words if made is not None else ())}
    return found


def _refuse_unused(request: Request, used: set[str]) -> None:
    """Nothing that was given may go unheard."""
    idle = sorted(n for n in (*request.given, *request.choose, *request.define) if word_of(n) not in used)
    if idle:
        raise InputError(
            f"{', '.join(idle)} plays no part in the law, the objective or a limit. Leave it out, or name a limit."
        )
