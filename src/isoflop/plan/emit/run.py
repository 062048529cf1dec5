"""One run to start: shape, tokens, batch, learning rate by a stated rule, schedule, precision."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from isoflop.errors import InputError, RangeWarning
from isoflop.methods.steplaw import step_law
from isoflop.plan.costs.shapes import ModelShape, made
from isoflop.plan.optimum.result import Step
from isoflop.units import FLOPS_PER_PARAM_TOKEN, format_quantity

WARMUP: Final = 0.01
SCHEDULES: Final = ("cosine", "wsd", "constant")
STEP_LAW: Final = "Step Law, Li et al. 2025, arXiv:2503.04715"


@dataclass(frozen=True)
class RunSpec:
    """One run to start.

    Args:
        name: says size, data and seed.
        shape: of the model.
        tokens: training tokens D, whole steps.
        batch_tokens: tokens of a step, whole sequences.
        steps: optimiser steps.
        warmup_steps: of them, those of the warm-up.
        lr: peak learning rate.
        schedule: of the learning rate.
        precision: of the matrix products.
        seed: of initial values and order of the data.
        derivation: how each setting came about.
        decided: what the plan decided or was given besides: bits, epochs, devices, a recipe.
        expected: what to expect of the run, how far beyond the runs it lies, and what speaks against it.
    """

    name: str
    shape: ModelShape
    tokens: int
    batch_tokens: int
    steps: int
    warmup_steps: int
    lr: float
    schedule: str
    precision: str
    seed: int
    derivation: tuple[Step, ...]
    decided: Mapping[str, float | str] = field(default_factory=dict)
    expected: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, the shape's under their own names."""
        shape = self.shape
        found = {
            "name": self.name, "params": shape.params, "params_non_embedding": shape.params_non_embedding,
            "width": shape.width, "depth": shape.layers, "heads": shape.heads, "kv_heads": shape.kv_heads,
            "head_dim": shape.head_dim, "ffn": shape.ffn, "vocabulary_size": shape.vocabulary,
            "sequence_length": shape.context, "tokens": self.tokens, "batch_tokens": self.batch_tokens,
            "batch_sequences": self.batch_tokens // shape.context, "steps": self.steps,
            "warmup_steps": self.warmup_steps, "lr": self.lr, "schedule": self.schedule,
            "precision": self.precision, "seed": self.seed,
            "flops": FLOPS_PER_PARAM_TOKEN * shape.params * self.tokens,
        }  # fmt: skip
        found |= {"decided": dict(self.decided)} if self.decided else {}
        return found | dict(self.expected) | {"derivation": [str(step) for step in self.derivation]}


def run_spec(
    params: float | ModelShape,
    tokens: float,
    *,
    vocabulary: int = 32000,
    context: int = 2048,
    head_dim: int = 128,
    lr: float | None = None,
    batch_tokens: float | None = None,
    schedule: str = "cosine",
    precision: str = "bf16",
    seed: int = 0,
) -> RunSpec:
    """Everything that a trainer needs for a size and an amount of data.

    Learning rate and batch follow Step Law where none is given: `lr = 1.79 N^-0.713 D^0.307`,
    `B = 0.58 D^0.571` tokens, N without embeddings.

    Reference: Li et al. 2025, arXiv:2503.04715, equation 1.

    Args:
        params: size N with embeddings, or a shape.
        tokens: training tokens D; rounded to whole steps.
        vocabulary: V, for a shape that is to be found.
        context: tokens of a sequence, likewise.
        head_dim: width of a head, likewise.
        lr: peak learning rate, if not by the rule.
        batch_tokens: tokens of a step, if not by the rule; rounded to whole sequences.
        schedule: cosine, wsd or constant.
        precision: of the matrix products.
        seed: of the run.

    Returns:
        The run with its derivation.

    Raises:
        InputError: the schedule is unknown, or no shape has this size.

    >>> run = run_spec(7e9, 1.4e12)
    >>> run.shape.width, run.shape.layers, run.batch_tokens // 2048, f"{run.lr:.2e}"
    (4096, 38, 2441, '9.42e-04')
    """
    if schedule not in SCHEDULES:
        raise InputError(f"The schedule {schedule!r} is unknown. Use one of: {', '.join(SCHEDULES)}.")
    found = isinstance(params, ModelShape)
    shape = (
        params
        if isinstance(params, ModelShape)
        else made(params, vocabulary=vocabulary, context=context, head_dim=head_dim)
    )
    with warnings.catch_warnings():
        # The derivation says how far outside its source's runs the rule is used.
        warnings.simplefilter("ignore", RangeWarning)
        rule = step_law(shape.params_non_embedding, tokens)
    wanted = rule.batch_tokens if batch_tokens is None else batch_tokens
    batch = max(1, round(wanted / shape.context)) * shape.context
    steps = max(1, round(tokens / batch))
    rate = rule.lr if lr is None else lr
    warmup = max(1, round(WARMUP * steps))
    given = frozenset(w for w, v in (("shape", found or None), ("batch", batch_tokens), ("lr", lr)) if v is not None)
    derivation = _derivation(shape, (batch, steps, warmup), rate, given, rule.notes)
    name = f"n{format_quantity(shape.params)}-d{format_quantity(steps * batch)}-s{seed}"
    return RunSpec(
        name, shape, steps * batch, batch, steps, warmup, float(rate), schedule, precision, seed, derivation
    )  # fmt: skip


def _derivation(
    shape: ModelShape, counts: tuple[int, int, int], rate: float, given: frozenset[str], notes: tuple[str, ...]
) -> tuple[Step, ...]:
    """How shape, batch, steps and learning rate came about."""
    batch, steps, warmup = counts
    noted = f"{STEP_LAW}{''.join(f'; {note}' for note in notes)}"
    return (
        Step("Shape.", f"width {shape.width}, depth {shape.layers}", shape.params, "given" if "shape" in given else
             "nearest in size, width over depth near 128 (Kaplan et al. 2020, section 3.1)",
             assumption="shape" not in given),
        Step("Batch in tokens, whole sequences.", "B = 0.58 D^0.571" if "batch" not in given else "B", batch,
             noted if "batch" not in given else "given", assumption="batch" not in given),
        Step("Optimiser steps.", "D/B", steps, "count"),
        Step("Peak learning rate.", "lr = 1.79 N^-0.713 D^0.307" if "lr" not in given else "lr", rate,
             noted if "lr" not in given else "given", assumption="lr" not in given),
        Step("Steps of the warm-up.", f"{WARMUP:g} of the steps", warmup, "habit", assumption=True),
    )  # fmt: skip
