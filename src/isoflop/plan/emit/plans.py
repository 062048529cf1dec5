"""Runs of a plan: the nearest model that has a shape, the plan's compute or limits kept, and what to expect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from isoflop.errors import InputError
from isoflop.fit.estimate import Estimate
from isoflop.plan.costs.shapes import ModelShape, made
from isoflop.plan.emit.run import RunSpec, run_spec
from isoflop.plan.optimum.result import Plan, Step
from isoflop.plan.within.result import PlanWithin

SHAPING: Final = ("vocabulary", "context", "head_dim")
"""Settings of a run that change which shapes there are."""

_RUN: Final = frozenset({"params", "tokens", "lr", "batch_tokens"})
_TRAINER: Final = _RUN | {"flops", "steps"}


@dataclass(frozen=True)
class Wanted:
    """What a plan asks of its run.

    Args:
        values: size, data, and batch and learning rate where the plan chose them.
        decided: what else it decided or was given.
        responses: word → expected value with its interval.
        free: whether the data may follow the size, at equal compute.
        exact: whether the size is that of a shape and the values keep all limits.
        level: confidence level.
    """

    values: Mapping[str, float]
    decided: Mapping[str, float | str]
    responses: Mapping[str, Estimate]
    free: bool
    exact: bool
    level: float


def sizes_of(plan: Plan | PlanWithin) -> dict[str, float]:
    """Size and data of a plan, and batch and learning rate where it chose them.

    Raises:
        InputError: the plan has no size or no data.
    """
    return dict(_wanted(plan, shaped=False).values)


def runs_of(plan: Plan | PlanWithin, *, seeds: Sequence[int] = (0,), **settings: Any) -> tuple[RunSpec, ...]:  # noqa: ANN401 - as run_spec takes them
    """The runs of a plan, one a seed.

    Shapes come in steps. A plan under limits has the nearest run that exists and keeps them; any other keeps its
    compute, `D = C/(6 N')`, unless its tokens were given.

    Args:
        plan: any plan with a size and an amount of data.
        seeds: of the runs.
        settings: of `run_spec`; batch and learning rate that the plan chose are kept unless given here.

    Returns:
        The runs, with the loss to expect, how far beyond the runs of the fit they lie, and the plan's warnings.

    Raises:
        InputError: the plan has no size or no data.

    >>> import numpy as np, isoflop as iso
    >>> N, D = (g.ravel() for g in np.meshgrid(np.geomspace(1e8, 1e10, 4), np.geomspace(1e9, 1e12, 4)))
    >>> runs = {"N": N, "D": D, "loss": 1.8 + 480 / N**.35 + 2e3 / D**.37}
    >>> fit = iso.fit("E + A/N^alpha + B/D^beta", runs, bootstrap=20)
    >>> [run.name for run in runs_of(iso.plan(fit, flops=1e22), seeds=(0, 1))]
    ['n10.3B-d162B-s0', 'n10.3B-d162B-s1']
    """
    wanted = _wanted(plan, shaped=not set(SHAPING) & set(settings))
    options: dict[str, Any] = {"precision": _precision(plan), **wanted.values, **settings}
    params, tokens = options.pop("params"), options.pop("tokens")
    shape = made(params, **{word: options.pop(word) for word in SHAPING if word in options})
    data, why = _tokens(plan, wanted, shape, tokens)
    expected = _expected(plan, wanted)
    runs = (run_spec(shape, data, seed=seed, **options) for seed in seeds)
    return tuple(
        replace(run, derivation=_own(run.derivation, why), decided=wanted.decided, expected=expected) for run in runs
    )


def _wanted(plan: Plan | PlanWithin, *, shaped: bool) -> Wanted:
    """Read a plan; `shaped` asks for the nearest run that exists where it knows one."""
    near = plan.nearby if isinstance(plan, PlanWithin) and shaped else None
    if isinstance(plan, Plan):
        found = {"params": float(plan.params.value), "tokens": float(plan.tokens.value)}
        free, decided = plan.tokens.interval[0] != plan.tokens.interval[1], dict(plan.columns)
        responses = {"loss": plan.loss}
    else:
        found = dict(plan.inputs) | {w: float(e.value) for w, e in {**plan.quantities, **plan.variables}.items()}
        found |= {} if near is None else near.values
        free = "tokens" in plan.variables
        decided = {w: found.get(w, v) for w, v in plan.settings.items() if w not in _TRAINER}
        responses = {word: _moved(plan.quantities[word], found[word]) for word in plan.laws}
    lacking = [word for word in ("params", "tokens") if not found.get(word, float("nan")) > 0]
    if lacking:
        raise InputError(f"The plan says nothing of {', '.join(lacking)}, so there is no run to write. Choose them.")
    values = {word: value for word, value in found.items() if word in _RUN}
    return Wanted(values, decided, responses, free, near is not None, plan.level)


def _moved(estimate: Estimate, value: float) -> Estimate:
    """An estimate at a value close by: the ends keep their factor."""
    factor = value / float(estimate.value)
    low, high = (float(end) * factor for end in estimate.interval)
    return replace(estimate, value=value, interval=(low, high))


def _precision(plan: Plan | PlanWithin) -> str:
    """Of the peak that the plan counted with."""
    return str(plan.given.get("precision", "bf16")) if isinstance(plan, PlanWithin) else "bf16"


def _tokens(plan: Plan | PlanWithin, wanted: Wanted, shape: ModelShape, tokens: float) -> tuple[float, Step]:
    """Training tokens of the run, and how its size and they came about."""
    size, planned = float(shape.params), wanted.values["params"]
    if wanted.exact and isinstance(plan, PlanWithin) and plan.nearby is not None:
        worse = f"{plan.objective} is {plan.nearby.worse:.2g} of itself worse than in the best plan"
        text = f"The nearest model that has a shape; all else is decided again, so that every limit is kept: {worse}."
        return tokens, Step(text, "N", size, "best of the shapes within 8 %")
    if not wanted.free or size == planned:
        return tokens, Step("Tokens of the plan.", "D", tokens, "the plan")
    data = tokens * planned / size
    text = f"Tokens that keep the plan's compute with the nearest size, {size / planned - 1:+.1%} of the planned one."
    return data, Step(text, "D = C/(6 N)", data, "Kaplan et al. 2020, section 2.1")


def _own(derivation: tuple[Step, ...], tokens: Step) -> tuple[Step, ...]:
    """The steps of a run whose shape was made here, not given by a user, with that of its tokens."""
    source = "width over depth near 128, four query heads per key head (Kaplan et al. 2020, section 3.1)"
    return (replace(derivation[0], source=source, assumption=True), tokens, *derivation[1:])


def _expected(plan: Plan | PlanWithin, wanted: Wanted) -> dict[str, Any]:
    """What to expect, the distance from the runs, and the warnings, as plain values without gaps."""
    found = []
    for word, estimate in wanted.responses.items():
        one: dict[str, Any] = {"response": word, "value": float(estimate.value), "level": wanted.level}
        low, high = (float(end) for end in estimate.interval)
        one |= {"interval": [low, high]} if low <= high else {}
        one |= {} if plan.inflation is None else {"widened_by": max(plan.inflation, 1.0)}
        found.append(one)
    beyond = {word: round(away, 3) for word, away in plan.distance_decades.items()}
    return {
        "expected": found, "decades_beyond_the_runs": beyond, "warnings": list(plan.warnings),
        "not_in_the_intervals": list(plan.leaves_out),
    }  # fmt: skip
