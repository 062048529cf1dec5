"""Questions that a plan answers: a budget, a target loss, a given size; each comes to lines of equal compute."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import LawError
from isoflop.laws.frontier import reach_on
from isoflop.laws.optimum import Optimum, Status, optimum_on
from isoflop.plan.optimum import steps, warn
from isoflop.plan.optimum.result import Step
from isoflop.plan.optimum.setting import Setting, log_line
from isoflop.units import FLOPS_PER_PARAM_TOKEN, format_quantity, parse_measure, parse_quantity

Array = NDArray[Any]

KINDS: Final = {"flops": "compute", "params": "parameters", "tokens": "tokens"}
"""Kind of a unit that each may have: `1e24 FLOP`, `7B parameters`, `1e13 tokens`."""


@dataclass(frozen=True)
class Answer:
    """What a question comes to, one row per draw and the fit first; each array (draws + 1, 1).

    Args:
        question: in words.
        best: the optimum at the compute of the question.
        c: ln(C/6) of the question, NaN where a loss is not reached.
        size: ln N of a size that was given, else None.
        steps: how the compute was found.
        warnings: what was met on the way.
        target: the loss that was asked for, else None.
        given: word → number that was given, or follows from given ones.
    """

    question: str
    best: Optimum
    c: Array
    size: float | None
    steps: tuple[Step, ...]
    warnings: tuple[str, ...] = ()
    target: Array | None = None
    given: Mapping[str, float] = field(default_factory=dict)


def positive(word: str, value: float | str) -> float:
    """A positive finite number, or an error that says so."""
    number = _read(word, value) if isinstance(value, str) else float(value)
    if not (number > 0 and np.isfinite(number)):
        raise LawError(f"{word} = {value!r} is not positive and finite. Give a number such as 1e21 or 7B.")
    return number


def _read(word: str, text: str) -> float:
    """A number, with a unit of its own kind where it has one."""
    return parse_measure(text, KINDS[word]) if word in KINDS else parse_quantity(text)


def column(setting: Setting, value: float) -> Array:
    """One value for the fit and for all its draws."""
    return np.full((setting.curve.draws, 1), float(value))


def for_flops(setting: Setting, flops: float) -> Answer:
    """The optimum at a budget."""
    c = column(setting, log_line(flops))
    best = optimum_on(setting.curve, c, setting.ratios)
    question = f"Plan for {format_quantity(flops)} FLOPs"
    step = steps.compute_step(flops, derived=False)
    return Answer(question, best, c, None, (step,), given={"flops": flops})


def for_size(setting: Setting, asked: Mapping[str, float]) -> Answer:
    """A size that is given by two of params, tokens and flops, beside the optimum at the same compute."""
    params, tokens, flops = complete(asked)
    c = column(setting, log_line(flops))
    best = optimum_on(setting.curve, c, setting.ratios)
    question = f"{format_quantity(params)} params on {format_quantity(tokens)} tokens"
    step = steps.compute_step(flops, derived="flops" not in asked)
    given = {"params": params, "tokens": tokens, "tokens_per_param": tokens / params, "flops": flops}
    return Answer(question, best, c, float(np.log(params)), (step,), given=given)


def complete(asked: Mapping[str, float]) -> tuple[float, float, float]:
    """Params, tokens and flops from two of them, by C = 6ND."""
    params, tokens, flops = (asked.get(word) for word in ("params", "tokens", "flops"))
    if params is not None and tokens is not None:
        return params, tokens, FLOPS_PER_PARAM_TOKEN * params * tokens
    if params is not None and flops is not None:
        return params, flops / (FLOPS_PER_PARAM_TOKEN * params), flops
    if tokens is not None and flops is not None:
        return flops / (FLOPS_PER_PARAM_TOKEN * tokens), tokens, flops
    raise LawError(f"A size needs two of params, tokens and flops, not {', '.join(asked) or 'nothing'}. Give two.")


def for_loss(setting: Setting, loss: float) -> Answer:
    """The smallest compute that reaches a loss."""
    question = f"Plan for a loss of {loss:.6g}"
    start, least = _nearest_optimum(setting, loss)
    target = column(setting, loss)
    first, at_start = setting.curve.take(slice(0, 1)), np.array([[start]])
    near = optimum_on(first, at_start, setting.ratios)
    found = reach_on(first, target[:1], np.log(near.params), at_start)
    if not found.reached.all():
        text = (
            f"The law does not reach a loss of {loss:.6g} with an interior optimum: the least on the frontier up to "
            f"1e12 times the largest run's compute is {least:.6g}. Ask for a higher loss."
        )
        nowhere = column(setting, np.nan)
        return Answer(question, optimum_on(setting.curve, nowhere, setting.ratios), nowhere, None, (), (text,))
    # The draws start from the compute that the fit itself needs.
    start = float(found.c[0, 0])
    near = optimum_on(setting.curve, column(setting, start), setting.ratios)
    found = reach_on(setting.curve, target, np.log(near.params), column(setting, start))
    lacking = f"a compute that reaches a loss of {loss:.6g}: it lies below their floor"
    missing = warn.share_warnings(found.reached[1:, 0], lacking)
    best = optimum_on(setting.curve, found.c, setting.ratios)
    flops = FLOPS_PER_PARAM_TOKEN * float(np.exp(found.c[0, 0]))
    derivation = (steps.compute_step(flops, derived=False), steps.inverse_step(loss, flops))
    return Answer(question, best, found.c, None, derivation, tuple(missing), target, {"loss": loss})


def _nearest_optimum(setting: Setting, loss: float) -> tuple[float, float]:
    """ln(C/6) at which the fit's optimum is nearest to a loss, and the least loss on the frontier."""
    low, high = setting.budgets
    c = np.linspace(log_line(low * 1e-6), log_line(high * 1e12), 40)[None]
    frontier = optimum_on(setting.curve.take(slice(0, 1)), c, setting.ratios)
    if not (frontier.status == Status.INTERIOR).any():
        raise LawError(
            f"Law {setting.fit.law.name!r} has no interior optimum at any compute. Use another law for plans."
        )
    with np.errstate(invalid="ignore"):
        place = int(np.nanargmin(np.abs(np.log(frontier.loss / loss))))
    return float(c[0, place]), float(np.nanmin(frontier.loss))
