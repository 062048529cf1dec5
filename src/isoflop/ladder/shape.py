"""One dial, the width, from which shape, batch and learning rate of a run follow in numbered steps."""

import math
from dataclasses import dataclass
from typing import Final

from isoflop.errors import InputError
from isoflop.units import FLOPS_PER_PARAM_TOKEN

VOCABULARY_SIZE: Final = 256
"""Every byte is a token; byte 0 stands between files."""

HEAD_WIDTH: Final = 16
"""No attention head is narrower than this."""

WIDTH_PER_LAYER: Final = 32
"""Width divided by depth, up to rounding."""


@dataclass(frozen=True)
class Recipe:
    """Everything about training that all runs of a ladder share.

    The learning rate at its peak is `lr · (N / 1e5)^lr_params · (D / 1e6)^lr_tokens`, the batch
    `batch · D^batch_tokens` tokens, with N = params and D = tokens.

    Attributes:
        context: bytes of a sequence.
        lr: peak learning rate at 1e5 params and 1e6 tokens.
        lr_params: exponent of params in the learning rate.
        lr_tokens: exponent of tokens in the learning rate.
        batch: factor of the batch, tokens.
        batch_tokens: exponent of tokens in the batch.
        schedule: "cosine" or "wsd", both to zero.
        warmup: part of the updates that the learning rate rises over.
        decay: part of the updates that "wsd" falls over.
        weight_decay: of the matrices; gains have none.
        beta1: AdamW's first moment.
        beta2: AdamW's second moment.
        clip: largest norm of the gradient.
    """

    context: int = 128
    lr: float = 0.01
    lr_params: float = 0.0
    lr_tokens: float = 0.0
    batch: float = 0.58
    batch_tokens: float = 0.571
    schedule: str = "cosine"
    warmup: float = 0.1
    decay: float = 0.2
    weight_decay: float = 0.1
    beta1: float = 0.9
    beta2: float = 0.99
    clip: float = 1.0


@dataclass(frozen=True)
class Step:
    """One step of a derivation.

    Attributes:
        name: what was set.
        formula: by which rule.
        value: to what.
        source: on whose word; says where it is an assumption.
    """

    name: str
    formula: str
    value: float
    source: str


@dataclass(frozen=True)
class Shape:
    """What a model looks like; all counts follow from it.

    Attributes:
        width: of the residual stream.
        depth: layers.
        heads: attention heads of a layer.
        hidden: width of the feed-forward layer.
    """

    width: int
    depth: int
    heads: int
    hidden: int

    @property
    def embedding(self) -> int:
        """Entries of the embedding, which is the output head as well (tied)."""
        return VOCABULARY_SIZE * self.width

    @property
    def matmul_params(self) -> int:
        """Parameters that multiply every token: attention, feed-forward, and the tied head once."""
        return self.embedding + self.depth * (4 * self.width**2 + 3 * self.width * self.hidden)

    @property
    def params(self) -> int:
        """All parameters N: matrices, the tied embedding once, and the gains of the norms."""
        return self.matmul_params + (2 * self.depth + 1) * self.width

    @property
    def params_non_embedding(self) -> int:
        """Parameters without the tied embedding."""
        return self.params - self.embedding

    def flops(self, tokens: int, context: int) -> float:
        """Count training FLOPs exactly: `3 D (2 N_matmul + 2 depth width (context + 1))`.

        The first term is every matrix product forward (2 per parameter and token), the second the
        attention scores and their use over the (context + 1)/2 positions that a causal token sees on
        average; backward costs twice forward. Norms, softmax and activations are not counted.

        Args:
            tokens: training tokens D.
            context: tokens of a sequence.

        Returns:
            FLOPs of all forward and backward passes.

        >>> shape_of(64).flops(1000, 128) / (6 * shape_of(64).params * 1000)
        1.138...
        """
        attention = 2 * self.depth * self.width * (context + 1)
        return 3.0 * tokens * (2 * self.matmul_params + attention)


@dataclass(frozen=True)
class Derived:
    """A run's settings with the steps that led to them.

    Attributes:
        shape: of the model.
        tokens: training tokens D, whole batches.
        sequences: sequences of a batch.
        updates: of the optimiser.
        warmup_updates: of them, those of the warm-up.
        lr: peak learning rate.
        steps: the derivation, in order.
    """

    shape: Shape
    tokens: int
    sequences: int
    updates: int
    warmup_updates: int
    lr: float
    steps: tuple[Step, ...]


def shape_of(width: int) -> Shape:
    """Derive depth, heads and hidden width of a model from its width.

    `depth = max(2, round(width / 32))`; as many heads as keep an even head width of at least 16;
    `hidden = 8/3 width`, rounded up to a multiple of 8.

    Reference: constant width/depth as in Kaplan et al. 2020, section 3.1; 8/3 of SwiGLU: Shazeer 2020, section 2.

    Args:
        width: residual width, a positive multiple of 8 and at least 16.

    Returns:
        The shape.

    Raises:
        InputError: the width is not such a number.

    >>> shape_of(96)
    Shape(width=96, depth=3, heads=6, hidden=256)
    """
    if width < HEAD_WIDTH or width % 8:
        raise InputError(
            f"A ladder model of width {width} cannot be built. Use a multiple of 8, at least {HEAD_WIDTH}."
        )
    depth = max(2, math.floor(width / WIDTH_PER_LAYER + 0.5))
    heads = max(h for h in range(1, width) if width % (2 * h) == 0 and width // h >= HEAD_WIDTH)
    return Shape(width, depth, heads, 8 * math.ceil(width / 3))


def derive(width: int, tokens: int, recipe: Recipe) -> Derived:
    """Derive all settings of one run from the dial and the horizon, in numbered steps.

    Args:
        width: the dial.
        tokens: training tokens D asked for; rounded to whole batches.
        recipe: what all runs share.

    Returns:
        Settings and steps, in the order in which they were derived.

    >>> derive(64, 1_000_000, Recipe(lr=0.02)).updates
    651
    """
    shape = shape_of(width)
    sequences = max(1, round(recipe.batch * tokens**recipe.batch_tokens / recipe.context))
    updates = max(1, round(tokens / (sequences * recipe.context)))
    seen = updates * sequences * recipe.context
    warmup = max(1, round(recipe.warmup * updates))
    lr = recipe.lr * (shape.params / 1e5) ** recipe.lr_params * (tokens / 1e6) ** recipe.lr_tokens
    steps = (
        Step("width", "the dial", width, "the ladder file"),
        Step("depth", "max(2, round(width / 32))", shape.depth, "Kaplan et al. 2020, section 3.1; assumption: 32"),
        Step("heads", "most with even head width >= 16", shape.heads, "assumption"),
        Step("hidden", "8 ceil(width / 3)", shape.hidden, "Shazeer 2020, section 2"),
        Step("params", "256 width + depth (4 width^2 + 3 width hidden) + gains", shape.params, "count"),
        Step(
            "batch_tokens",
            f"{recipe.batch:g} D^{recipe.batch_tokens:g}, whole sequences",
            sequences * recipe.context,
            "Step Law, Li et al. 2025, arXiv:2503.04715; assumption: holds this far below its range",
        ),
        Step("steps", "D / batch_tokens, rounded", updates, "count"),
        Step("tokens", "steps batch_tokens", seen, "count"),
        Step("warmup", f"{recipe.warmup:g} steps", warmup, "assumption"),
        Step(
            "lr",
            f"{recipe.lr:g} (N/1e5)^{recipe.lr_params:g} (D/1e6)^{recipe.lr_tokens:g}",
            lr,
            "a probe on this corpus (ladder.json, lr_probe)",
        ),
        Step("flops", "6 N D", FLOPS_PER_PARAM_TOKEN * shape.params * seen, "Kaplan et al. 2020, section 2.1"),
    )
    return Derived(shape, seen, sequences, updates, warmup, lr, steps)
