"""What a Transformer looks like, its parameters and its cache; from a shape to N and from N to a shape."""

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from isoflop.errors import InputError
from isoflop.units import format_quantity

LARGEST: Final = 1e16
"""Params of the largest shape that is made: widths are tried one by one."""
NEAR: Final = 0.05
"""A shape made for a size N may miss it by this share."""

SHARED_KEYS: Final = 4
"""Query heads per key head in a shape that is made (assumption)."""


@dataclass(frozen=True)
class LatentAttention:
    """Multi-head latent attention: keys and values pass through one narrow vector per token.

    Args:
        kv_rank: width of the vector that is cached.
        rope_dim: width of the positional key cached beside it.
        query_rank: width that queries pass through; 0 for none.
        content_dim: width of a head's key without the position.
        value_dim: width of a head's value.
    """

    kv_rank: int
    rope_dim: int
    query_rank: int
    content_dim: int
    value_dim: int


@dataclass(frozen=True)
class Experts:
    """A mixture of experts in place of the feed-forward layer.

    Args:
        total: routed experts of a layer.
        active: those that a token passes through.
        width: hidden width of one expert.
        shared: hidden width of the experts that every token passes through, together.
        dense_layers: first layers that keep an ordinary feed-forward layer.
    """

    total: int
    active: int
    width: int
    shared: int = 0
    dense_layers: int = 0


@dataclass(frozen=True)
class ModelShape:
    """A decoder-only Transformer; all counts follow from it. Biases are not counted.

    Args:
        width: of the residual stream, d.
        layers: L.
        heads: query heads h of a layer.
        kv_heads: key and value heads of a layer.
        head_dim: width of a head.
        ffn: hidden width f of the feed-forward layer.
        vocabulary: V.
        context: tokens of a sequence s.
        gated: whether the feed-forward layer has three matrices (SwiGLU and its like) rather than two.
        tied: whether the output head is the embedding.
        positions: learned positions; 0 for none.
        experts: the mixture of experts; None for a dense model.
        latent: latent attention; None for ordinary heads.
    """

    width: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    ffn: int
    vocabulary: int
    context: int
    gated: bool = True
    tied: bool = False
    positions: int = 0
    experts: Experts | None = None
    latent: LatentAttention | None = None

    def __post_init__(self) -> None:
        """Refuse what no model can be.

        Raises:
            InputError: a width or number is not positive, or the query heads are no multiple of the key heads.
        """
        counts = {k: v for k, v in vars(self).items() if k not in {"positions", "experts", "latent", "gated", "tied"}}
        wrong = [f"{name} = {value}" for name, value in counts.items() if value < 1]
        if wrong:
            raise InputError(f"A model with {', '.join(wrong)} cannot exist. Give whole numbers from 1 up.")
        if self.heads % self.kv_heads:
            raise InputError(
                f"{self.heads} query heads cannot share {self.kv_heads} key heads evenly. "
                "Give a number of key heads that divides the query heads."
            )
        if self.experts is not None and not 0 < self.experts.active <= self.experts.total:
            raise InputError(
                f"{self.experts.active} of {self.experts.total} experts cannot be active. Give from one up to all."
            )

    @property
    def attention_params(self) -> int:
        """Matrices of attention, all layers."""
        d, h = self.width, self.heads
        if self.latent is None:
            return self.layers * d * self.head_dim * (2 * h + 2 * self.kv_heads)
        m = self.latent
        query = h * (m.content_dim + m.rope_dim)
        queries = (d + query) * m.query_rank if m.query_rank else d * query
        keys_values = d * (m.kv_rank + m.rope_dim) + m.kv_rank * h * (m.content_dim + m.value_dim)
        return self.layers * (queries + keys_values + h * m.value_dim * d)

    def _ffn(self, experts_used: int) -> int:
        """Matrices of the feed-forward layers when so many experts count, router included."""
        matrix = (3 if self.gated else 2) * self.width
        if self.experts is None:
            return self.layers * matrix * self.ffn
        e = self.experts
        routed = matrix * (experts_used * e.width + e.shared) + self.width * e.total
        return e.dense_layers * matrix * self.ffn + (self.layers - e.dense_layers) * routed

    @property
    def ffn_params(self) -> int:
        """Matrices of the feed-forward layers and routers, all layers and experts."""
        return self._ffn(self.experts.total if self.experts else 1)

    @property
    def ffn_active_params(self) -> int:
        """Those of them that one token passes through."""
        return self._ffn(self.experts.active if self.experts else 1)

    @property
    def embedding_params(self) -> int:
        """Entries of the embedding, and of the output head where it is another matrix, and learned positions."""
        return self.vocabulary * self.width * (1 if self.tied else 2) + self.positions * self.width

    @property
    def params_non_embedding(self) -> int:
        """Parameters without embedding, output head and positions: matrices and the norms' gains."""
        return self.attention_params + self.ffn_params + (2 * self.layers + 1) * self.width

    @property
    def params(self) -> int:
        """All parameters N."""
        return self.params_non_embedding + self.embedding_params

    @property
    def active_params(self) -> int:
        """Parameters that one token passes through; all of them in a dense model."""
        return self.params - self.ffn_params + self.ffn_active_params

    @property
    def linear_params(self) -> int:
        """Parameters that multiply one token: active matrices and the output head, no look-ups."""
        return self.attention_params + self.ffn_active_params + self.vocabulary * self.width

    @property
    def score_width(self) -> float:
        """Width of scores and values of a layer, averaged: FLOPs of both are 4 times it per earlier token."""
        if self.latent is None:
            return self.heads * self.head_dim
        return self.heads * (self.latent.content_dim + self.latent.rope_dim + self.latent.value_dim) / 2

    @property
    def cached_score_width(self) -> int:
        """The same when decoding from the cache; latent attention then works on the cached vector itself."""
        if self.latent is None:
            return self.heads * self.head_dim
        return self.heads * (self.latent.kv_rank + self.latent.rope_dim)

    @property
    def kv_elements(self) -> int:
        """Numbers cached per token, all layers."""
        if self.latent is None:
            return self.layers * 2 * self.kv_heads * self.head_dim
        return self.layers * (self.latent.kv_rank + self.latent.rope_dim)

    def with_context(self, context: float) -> "ModelShape":
        """The same model on sequences of another length."""
        return replace(self, context=round(context))

    def to_dict(self) -> dict[str, Any]:
        """The shape and its counts, for JSON."""
        inner = {k: vars(v) if isinstance(v, Experts | LatentAttention) else v for k, v in vars(self).items()}
        counts = ("params", "active_params", "params_non_embedding", "kv_elements")
        return inner | {name: getattr(self, name) for name in counts}


def shape_for(
    params: float,
    *,
    vocabulary: int = 32000,
    context: int = 2048,
    aspect: float = 128.0,
    head_dim: int = 128,
    queries_per_key: int = 1,
    gated: bool = True,
    tied: bool = False,
) -> ModelShape:
    """A dense shape of about N parameters: the nearest in size, and then in width over depth.

    Reference: Kaplan et al. 2020, section 3.1: loss depends on N and little on the shape; width over
    depth near 100 is theirs, 128 the default here, an assumption. The feed-forward layer is 4 d wide,
    or 8/3 d when gated (Shazeer 2020), rounded up to a multiple of the head.

    Args:
        params: N, embeddings counted.
        vocabulary: V.
        context: tokens of a sequence.
        aspect: width over depth to aim at.
        head_dim: width of a head, and step of the width; a half or a quarter of it where no size fits otherwise.
        queries_per_key: query heads that share one key head.
        gated: whether the feed-forward layer has three matrices.
        tied: whether the output head is the embedding.

    Returns:
        The shape.

    Raises:
        InputError: no shape comes within 5 % of N, or N is above 1e16.

    >>> shape = shape_for(7e9)
    >>> shape.width, shape.layers, shape.ffn, shape.params
    (4096, 34, 11008, 7143182336)
    """
    if not params <= LARGEST:
        raise InputError(
            f"No shape is made of {format_quantity(params)} parameters, but of {format_quantity(LARGEST)} at most. "
            "Give fewer, or a shape of your own."
        )
    best: tuple[float, ModelShape] | None = None
    wide = round(3 * (params * aspect / 12) ** (1 / 3)) + 4 * head_dim
    for dim in (head_dim, head_dim // 2, head_dim // 4):
        for width in range(4 * dim, max(wide, 4 * dim + 1), dim):
            one = _layer(width, dim, (vocabulary, context), queries_per_key, gated=gated, tied=tied)
            if one is None:
                continue
            each = one.params - one.embedding_params - one.width
            layers = _even((params - one.embedding_params - one.width) / each)
            made = replace(one, layers=layers)
            miss = abs(math.log(made.params / params)) + 0.1 * abs(math.log(width / layers / aspect))
            if best is None or miss < best[0] - 1e-12:
                best = (miss, made)
        if best is not None and abs(best[1].params / params - 1) <= NEAR:
            return best[1]
    nearest = f"the nearest has {format_quantity(best[1].params)}" if best else "there is none at all"
    raise InputError(
        f"No shape has about {format_quantity(params)} parameters with a vocabulary of {vocabulary} and heads of "
        f"{head_dim}; {nearest}. Give a smaller vocabulary or head, or a shape of your own."
    )


def made(params: float, *, vocabulary: int = 32000, context: int = 2048, head_dim: int = 128) -> ModelShape:
    """A shape for N whose key heads serve four query heads each, as most do now, or one where that cannot be.

    Args:
        params: N, embeddings counted.
        vocabulary: V.
        context: tokens of a sequence.
        head_dim: width of a head.

    Returns:
        The shape; see `shape_for`.

    Raises:
        InputError: no shape has about N parameters.

    >>> made(8e9).kv_heads
    8
    """
    make = partial(shape_for, params, vocabulary=vocabulary, context=context, head_dim=head_dim)
    try:
        return make(queries_per_key=SHARED_KEYS)
    except InputError:
        return make()


def _even(layers: float) -> int:
    """A whole number of layers, even from eight up, so that pipelines can divide them."""
    return max(1, round(layers)) if layers < 8 else 2 * round(layers / 2)


def _layer(width: int, dim: int, sizes: tuple[int, int], shared: int, *, gated: bool, tied: bool) -> ModelShape | None:
    """One layer of this width, or None when its heads cannot be shared evenly, by key heads and by devices."""
    heads = width // dim
    if heads % shared or heads % (8 if heads >= 16 else 2 if heads >= 4 else 1):
        return None
    ffn = dim * math.ceil((8 / 3 if gated else 4) * width / dim)
    return ModelShape(width, 1, heads, heads // shared, dim, ffn, *sizes, gated=gated, tied=tied)
