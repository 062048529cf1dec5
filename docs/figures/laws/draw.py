"""Draws one figure for every law: its response against one column, for three values of another.

The constants are published ones where there are any, else the made-up ones with which the contract
tests try the law (tests/contracts/designs*.py), and the figure says which. `python -m docs.generate`
writes the figures beside this script.
"""

import re
from dataclasses import replace
from typing import Any, Final

import altair as alt
import numpy as np
from numpy.typing import NDArray
from tests.contracts.design import Design
from tests.contracts.designs import DESIGNS

from isoflop import laws
from isoflop.figures.axes import COUNT, COUNTED, Axis, axis
from isoflop.figures.observed import source
from isoflop.figures.save import to_svg
from isoflop.figures.theme import SERIES, finish
from isoflop.laws import Law
from isoflop.units import format_quantity

POINTS: Final = 40
WIDTH: Final = 420

# The first two columns of the formula, unless another pair shows what the law is about.
PAIRS: Final = {
    "data-constrained": ("tokens", "unique_tokens"),
    "repeat-overfit": ("params", "unique_tokens"),
    "fp-training": ("tokens", "mantissa_bits"),
    "qat-split": ("qat_tokens", "weight_bits"),
    "qat-loss": ("tokens", "group_size"),
    "multi-power-two-stage": ("area_after", "lr_after"),
    "multi-power": ("checkpoint_step", "curve"),
    "intrinsic-dimension": ("samples", "intrinsic_dimension"),
    "scalerl": ("gpu_hours", "initial_reward"),
    "sloth": ("params", "tokens"),
    "vocabulary": ("vocab_params", "nonvocab_params"),
    "sparse-pretraining": ("params", "weight_sparsity"),
    "qqt": ("samples", "pool_size"),
    "rag-allocation": ("documents", "shots"),
}


def figures() -> dict[str, str]:
    """Draw every law.

    Returns:
        Name → SVG.
    """
    designs = {design.law: design for design in DESIGNS}
    return {name: to_svg(figure(laws.get(name), designs[name]), width=WIDTH) for name in laws.names()}


def figure(law: Law, design: Design) -> alt.LayerChart:
    """Draw one law with the constants of its contract test.

    Args:
        law: the law.
        design: ranges of its columns, and its constants.

    Returns:
        One line, or one for each of three values of a second column.
    """
    x, second = (*PAIRS.get(law.name, law.columns), None)[:2]
    middle = {word: places(design, word, 3)[1] for word in law.columns}
    along = places(design, x, POINTS)
    held = places(design, second, 3) if second else np.array([np.nan])
    rows: list[dict[str, Any]] = []
    for value in np.unique(held):
        columns = middle | {x: along} | ({second: value} if second else {})
        response = law.evaluate([design.values[name] for name in law.parameter_names], columns)
        label = text(second, float(value)) if second else law.name
        rows += [{"x": a, "y": b, "line": label} for a, b in zip(along, response, strict=True)]
    across, up = _axes(law, x, rows)
    colour: Any = alt.ColorValue(SERIES[0])
    if second:
        names = list(dict.fromkeys(row["line"] for row in rows))
        colour = alt.Color(
            "line", type="nominal", title=second, scale=alt.Scale(domain=names, range=SERIES[: len(names)])
        )
    line = alt.Chart(source(rows)).mark_line(strokeWidth=2, clip=True).encode(across.x(), up.y(), colour)
    fixed = {word: middle[word] for word in law.columns if word not in {x, second}}
    return finish([line], law.title, [_constants(law, design), *_at(fixed)])


def places(design: Design, word: str, count: int) -> NDArray[np.float64]:
    """Values of a column over the range in which the contract test tries the law."""
    levels = np.array(design.levels.get(word, design.ranges.get(word)))
    if word in design.levels and count != POINTS:
        return np.asarray(levels[[0, len(levels) // 2, -1]])
    wide = levels.min() > 0 and levels.max() > 10 * levels.min()
    found = (np.geomspace if wide or word in design.ranges else np.linspace)(levels.min(), levels.max(), count)
    found = np.rint(found) if word == "checkpoint_step" else found
    return found if count == POINTS else np.array([float(f"{value:.2g}") for value in found])


def _axes(law: Law, x: str, rows: list[dict[str, Any]]) -> tuple[Axis, Axis]:
    """Logarithmic axes where values span much; losses, where they do so little, since power laws are straight there."""
    across, up = (np.array([row[field] for row in rows]) for field in ("x", "y"))
    wide = 1.5 if law.response == "loss" else 20
    laid = axis(x, [across], log=bool(across.min() > 0 and across.max() > 3 * across.min()))
    title = f"{law.response} ({law.unit})"
    standing = axis(law.response, [up], log=bool(up.min() > 0 and up.max() > wide * up.min()), title=title)
    return replace(laid, label=COUNT) if counts(x) else laid, standing


def counts(word: str) -> bool:
    """Whether a column counts parameters, tokens or samples."""
    return word in COUNTED or bool(re.search("(tokens|params|samples|pool_size)$", word))


def text(word: str, value: float) -> str:
    """A value in words: 5B, 1e20, 0.25."""
    if not counts(word):
        return f"{value:.3g}".replace("e+", "e").replace("e0", "e").replace("e-0", "e-")
    return re.sub(r"\.(\d*?)0*(?=\D|$)", lambda found: f".{found[1]}" if found[1] else "", format_quantity(value))


def _constants(law: Law, design: Design) -> str:
    """Say whose constants the lines have."""
    if not design.published:
        return "Made-up constants, those of the law's contract test: they show the form, not a result."
    return f"Published constants: {design.published}."


def _at(fixed: dict[str, float]) -> list[str]:
    """Say where the other columns are held."""
    return [f"At {', '.join(f'{word} = {text(word, value)}' for word, value in fixed.items())}."] if fixed else []
