"""A plan as runs that people start: shape, tokens, batch, learning rate by a stated rule, schedule, precision."""

import json
import tomllib
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from isoflop.errors import FileError, InputError, RangeWarning
from isoflop.methods.steplaw import step_law
from isoflop.plan.costs.shapes import ModelShape, shape_for
from isoflop.plan.optimum.result import Plan, Step
from isoflop.plan.within.result import PlanWithin
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

    def to_dict(self) -> dict[str, Any]:
        """Plain values, the shape's under their own names."""
        shape = self.shape
        return {
            "name": self.name, "params": shape.params, "params_non_embedding": shape.params_non_embedding,
            "width": shape.width, "depth": shape.layers, "heads": shape.heads, "kv_heads": shape.kv_heads,
            "head_dim": shape.head_dim, "ffn": shape.ffn, "vocabulary_size": shape.vocabulary,
            "sequence_length": shape.context, "tokens": self.tokens, "batch_tokens": self.batch_tokens,
            "batch_sequences": self.batch_tokens // shape.context, "steps": self.steps,
            "warmup_steps": self.warmup_steps, "lr": self.lr, "schedule": self.schedule,
            "precision": self.precision, "seed": self.seed,
            "flops": FLOPS_PER_PARAM_TOKEN * shape.params * self.tokens,
            "derivation": [str(step) for step in self.derivation],
        }  # fmt: skip


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
    (4096, 34, 2441, '9.28e-04')
    """
    if schedule not in SCHEDULES:
        raise InputError(f"The schedule {schedule!r} is unknown. Use one of: {', '.join(SCHEDULES)}.")
    found = isinstance(params, ModelShape)
    shape = (
        params
        if isinstance(params, ModelShape)
        else shape_for(params, vocabulary=vocabulary, context=context, head_dim=head_dim)
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


def sizes_of(plan: Plan | PlanWithin) -> dict[str, float]:
    """Size and data of a plan, and batch and learning rate where it chose them.

    Raises:
        InputError: the plan has no size or no data.
    """
    if isinstance(plan, Plan):
        found = {"params": float(plan.params.value), "tokens": float(plan.tokens.value)}
    else:
        found = dict(plan.inputs) | {w: float(e.value) for w, e in {**plan.quantities, **plan.variables}.items()}
    lacking = [word for word in ("params", "tokens") if not found.get(word, float("nan")) > 0]
    if lacking:
        raise InputError(f"The plan says nothing of {', '.join(lacking)}, so there is no run to write. Choose them.")
    return {word: found[word] for word in ("params", "tokens", "lr", "batch_tokens") if word in found}


def runs_of(plan: Plan | PlanWithin, *, seeds: Sequence[int] = (0,), **settings: Any) -> tuple[RunSpec, ...]:  # noqa: ANN401 - as run_spec takes them
    """The runs of a plan, one a seed.

    Args:
        plan: any plan with a size and an amount of data.
        seeds: of the runs.
        settings: of `run_spec`; batch and learning rate that the plan chose are kept unless given here.

    Returns:
        The runs.

    Raises:
        InputError: the plan has no size or no data.

    >>> import numpy as np, isoflop as iso
    >>> N, D = (g.ravel() for g in np.meshgrid(np.geomspace(1e8, 1e10, 4), np.geomspace(1e9, 1e12, 4)))
    >>> runs = {"N": N, "D": D, "loss": 1.8 + 480 / N**.35 + 2e3 / D**.37}
    >>> fit = iso.fit("E + A/N^alpha + B/D^beta", runs, bootstrap=20)
    >>> [run.name for run in runs_of(iso.plan(fit, flops=1e22), seeds=(0, 1))]
    ['n10.4B-d162B-s0', 'n10.4B-d162B-s1']
    """
    options: dict[str, Any] = {**sizes_of(plan), **settings}
    params, tokens = options.pop("params"), options.pop("tokens")
    return tuple(run_spec(params, tokens, seed=seed, **options) for seed in seeds)


def write_run_file(path: str | Path, runs: Sequence[RunSpec]) -> None:
    """Write runs as TOML (`[[runs]]`) or JSON (`{"runs": [...]}`), by the file's ending.

    Args:
        path: to write, .toml or .json.
        runs: from `runs_of` or `run_spec`.

    Returns:
        Nothing; the file holds one table a run, with every setting and its derivation.

    Raises:
        FileError: the ending is another, or the file cannot be written.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "runs.toml")
    >>> write_run_file(path, [run_spec(4e8, 8e9)])
    >>> tomllib.loads(path.read_text("utf-8"))["runs"][0]["schedule"]
    'cosine'
    """
    target, rows = Path(path), [run.to_dict() for run in runs]
    match target.suffix:
        case ".json":
            text = json.dumps({"runs": rows}, indent=1, allow_nan=False) + "\n"
        case ".toml":
            text = "\n".join(
                "\n".join(["[[runs]]", *(f"{k} = {_toml(v)}" for k, v in row.items()), ""]) for row in rows
            )
        case other:
            raise FileError(f"Runs are written as .toml or .json, not {other or 'without an ending'}. Rename {path}.")
    _write(target, text)


def write_ladder_file(
    path: str | Path, template: str | Path, runs: Sequence[tuple[float, float, int]], size_of: Callable[[int], float]
) -> None:
    """Write runs as the grid of a ladder file, with the corpus and recipe of another one.

    The ladder derives shape, batch and learning rate from the width by its own recipe, so only the
    width nearest in size and the tokens are carried over.

    Args:
        path: to write, TOML.
        template: ladder file whose corpus and recipe are kept.
        runs: size N, tokens D and seed of every run.
        size_of: parameters of a ladder model of a width.

    Raises:
        FileError: the template cannot be read, or the file cannot be written.
    """
    try:
        text = Path(template).read_text(encoding="utf-8")
        tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FileError(f"The ladder file {template} cannot be read: {error}. Give a TOML file.") from error
    head = text.partition("[[grid]]")[0].rstrip()
    cells: dict[tuple[int, int], list[int]] = {}
    for params, tokens, seed in runs:
        cells.setdefault((_width(params, size_of), round(tokens)), []).append(seed)
    blocks = [f"[[grid]]\nwidth = {w}\ntokens = [{_toml(str(d))}]\nseeds = {s}" for (w, d), s in sorted(cells.items())]
    _write(Path(path), "\n\n".join([head, *blocks]) + "\n")


def _width(params: float, size_of: Callable[[int], float]) -> int:
    """The width whose model is nearest in size, a multiple of 8."""
    width = 16
    while size_of(width + 8) <= params:
        width += 8
    return width if params / size_of(width) <= size_of(width + 8) / params else width + 8


def _toml(value: Any) -> str:  # noqa: ANN401 - plain values
    """A plain value as TOML writes it; JSON's strings and lists are TOML's."""
    return repr(value) if isinstance(value, float) else json.dumps(value, ensure_ascii=False)


def _write(path: Path, text: str) -> None:
    """Write a text file."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FileError(f"{path} cannot be written: {error}. Give another place.") from error
