"""Test-time cost by Kinetics: FLOPs and the memory that attention reads, added as equivalent FLOPs."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import InputError
from isoflop.plan.costs.shapes import ModelShape

INTENSITY: Final = 562.5
"""FLOPs that a B200 makes while it reads one 16-bit number: 2250e12/8e12 FLOPs per byte, two bytes each."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Equivalent:
    """Equivalent FLOPs of one question.

    Args:
        compute: FLOPs, an array over the answers' lengths.
        memory: numbers read times the intensity.
    """

    compute: Array
    memory: Array

    @property
    def total(self) -> Array:
        """EFLOPs."""
        return self.compute + self.memory


def eflops(
    shape: ModelShape,
    prompt: float,
    output: ArrayLike,
    *,
    trials: float = 1,
    params: float | None = None,
    budget: float | None = None,
    block: int | None = None,
    intensity: float = INTENSITY,
) -> Equivalent:
    """Cost of answering a question n times in parallel, in equivalent FLOPs.

    `n (2 N g + 2 (2 p + g) g h d) + I · 2 (2 p + n g) g k d` for prompt p, answer g, h query and k key heads
    and d the width of a head times layers: the trials share the prompt's cache, and weights are read
    once for many questions, so not counted. With a budget of B tokens that attention reads (top-k),
    `(2 p + g) g/2` becomes `B g − max(0, B − p)²/2` in every trial that gets there. A block size adds the
    search among the blocks.

    Reference: Sadhukhan et al. 2025, arXiv:2506.05333, and the authors' code. That code has a plus
    before the half square in its top-k cost; the minus, which its block cost has, is right.

    Args:
        shape: of the model.
        prompt: p, tokens.
        output: g, tokens; an array for several lengths.
        trials: n.
        params: N; the shape's active parameters when None.
        budget: B, tokens that attention reads at a time; None for all.
        block: tokens of a block, for block top-k.
        intensity: I, FLOPs per number read.

    Returns:
        Compute and memory in FLOPs, of the shape of `output`.

    Raises:
        InputError: a block without a budget.

    >>> qwen = ModelShape(4096, 36, 32, 8, 128, 12288, 151936, 40960)
    >>> cost = eflops(qwen, 200, 8192, params=8.19e9)
    >>> round(float(cost.compute) / 1e12, 2), round(float(cost.memory) / 1e12, 2)
    (154.94, 2919.03)
    """
    if block is not None and budget is None:
        raise InputError("A block size needs a budget of tokens that attention reads. Give budget= as well.")
    g = np.asarray(output, dtype=float)
    size = float(shape.active_params if params is None else params)
    h = shape.cached_score_width * shape.layers
    k = shape.kv_elements / 2
    if budget is None:
        attention, read = trials * (2 * prompt + g) * g / 2, (2 * prompt + trials * g) * g / 2
    else:
        # An answer that ends before the budget is reached reads all of its cache.
        reached = np.minimum(g, max(0.0, budget - prompt))
        seen = budget * (g - reached) + prompt * reached + reached**2 / 2 if budget > prompt else budget * g
        attention, read = trials * seen, trials * seen
    compute = trials * 2 * size * g + 4 * attention * h
    memory = 4 * read * k
    if block is not None:
        compute = compute + trials * ((2 * prompt + g) // block) * g * h
        memory = memory + ((2 * prompt + trials * g) // block) * g * k
    return Equivalent(compute, memory * intensity)
