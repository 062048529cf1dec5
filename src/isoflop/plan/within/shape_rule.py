"""What a plan needs of a model's shape when it knows only N: counts of the shape that is made for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.plan.costs.memory import activation_bytes
from isoflop.plan.costs.shapes import made
from isoflop.plan.serving.roofline import weights_read

Array = NDArray[Any]

LEAST, MOST = 7.0, 16.0
"""Decades of N between which shapes are made for a range of sizes."""

# Heads of 128 make shapes near 1e8 wide and shallow: counts that would fall as N grows are left out.
DECADES: Final = (LEAST, *np.arange(8.5, MOST + 0.25, 0.5))

RULE: Final = (
    "shape made for N as `isoflop cost` makes it: width over depth near 128, four query heads per key head, vocabulary "
    "32000, context 2048 (Kaplan et al. 2020, section 3.1: the loss depends little on it)"
)


@lru_cache(maxsize=4096)
def counts(params: float) -> dict[str, float]:
    """Counts of the shape that is made for N.

    Args:
        params: N.

    Returns:
        `shape_params` its own parameters; `kv_elements` numbers cached per token; `linear_params` that multiply a
        token; `read_params` that a step of decoding reads; `score_width` of all layers; `activations` bytes that
        backward keeps of one sequence, with selective recomputation, and its logits.

    Raises:
        InputError: no shape has about N parameters.

    >>> found = counts(8e9)
    >>> found["shape_params"], found["kv_elements"]
    (8059719680.0, 90112.0)
    """
    shape = made(params)
    logits = 4.0 * shape.context * shape.vocabulary
    return {
        "shape_params": float(shape.params),
        "kv_elements": float(shape.kv_elements),
        "linear_params": float(shape.linear_params),
        "read_params": weights_read(shape, 1),
        "score_width": float(shape.layers * shape.cached_score_width),
        "activations": shape.layers * activation_bytes(shape, 1) + logits,
    }


COUNTED: Final = ("shape_params", "kv_elements", "linear_params", "read_params", "score_width", "activations")


@cache
def _anchors() -> tuple[Array, dict[str, Array]]:
    """Ln N of shapes at even steps, and ln of their counts."""
    exact = [counts(10.0**k) for k in DECADES]
    return np.log([one["shape_params"] for one in exact]), {w: np.log([one[w] for one in exact]) for w in COUNTED}


def between(word: str, params: Array) -> Array:
    """A count at sizes between shapes: a cubic spline in logarithms, straight beyond its ends.

    Shapes come in steps, which no slope can follow; at the shapes themselves the counts are exact.

    Args:
        word: the count.
        params: N, any shape.

    Returns:
        The count, as N.
    """
    if word == "shape_params":
        return np.asarray(params, dtype=float)
    from scipy.interpolate import CubicSpline

    x, known = _anchors()
    spline = CubicSpline(x, known[word], bc_type="natural")
    at = np.log(params)
    inside = np.clip(at, x[0], x[-1])
    return np.asarray(np.exp(spline(inside) + spline(inside, 1) * (at - inside)))


@dataclass(frozen=True)
class Shaped:
    """A count of the shape as a function of N, in the place of a formula.

    Args:
        word: the count.
        smooth: whether N has a range, so that counts are taken between shapes.
    """

    word: str
    smooth: bool
    words: ClassVar[tuple[str, ...]] = ("params",)
    text: ClassVar[str] = "shape(params)"

    def at(self, values: Mapping[str, Array]) -> Array:
        """Its value at words' values."""
        params = np.asarray(values["params"], dtype=float)
        if self.smooth:
            return between(self.word, params)
        sizes, place = np.unique(params, return_inverse=True)
        return np.array([counts(float(size))[self.word] for size in sizes])[place].reshape(params.shape)
