"""Training FLOPs under the conventions that papers use, each by its name."""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from isoflop.errors import UnitsError
from isoflop.plan.costs.shapes import ModelShape
from isoflop.units import FLOPS_PER_PARAM_TOKEN

BACKWARD: Final = 3.0
"""Forward and backward passes cost three forward ones: backward takes two products per product."""


@dataclass(frozen=True)
class Convention:
    """One way to count training FLOPs.

    Args:
        name: what it is called here.
        formula: FLOPs per token, forward and backward.
        counts: what is counted, in words.
        source: who counts so.
        per_token: the count for a shape.
    """

    name: str
    formula: str
    counts: str
    source: str
    per_token: Callable[[ModelShape], float]


def _attention(shape: ModelShape) -> float:
    """Scores and their use over all s positions, forward, per token."""
    return 4.0 * shape.layers * shape.score_width * shape.context


def _palm(shape: ModelShape) -> float:
    return FLOPS_PER_PARAM_TOKEN * shape.active_params + BACKWARD * _attention(shape)


def _causal(shape: ModelShape) -> float:
    return FLOPS_PER_PARAM_TOKEN * shape.active_params + BACKWARD * _attention(shape) / 2


def _kaplan(shape: ModelShape) -> float:
    body = shape.attention_params + shape.ffn_active_params
    return BACKWARD * (2.0 * body + 2.0 * shape.layers * shape.context * shape.width)


def _body(shape: ModelShape) -> float:
    # Appendix F counts, per sequence, 3 h S² for the softmax beside the products.
    softmax = 3.0 * shape.layers * shape.heads * shape.context
    return BACKWARD * (2.0 * (shape.attention_params + shape.ffn_active_params) + _attention(shape) + softmax)


def _chinchilla(shape: ModelShape) -> float:
    # The look-up of the embedding and the logits, 2 V d each.
    return _body(shape) + BACKWARD * 4.0 * shape.vocabulary * shape.width


_ALL: Final = (
    Convention(
        "6nd", "6 N", "all parameters of a dense model, embeddings included; no attention scores",
        "Hoffmann et al. 2022, approach 3", lambda shape: FLOPS_PER_PARAM_TOKEN * shape.params,
    ),
    Convention(
        "6nd-body", "6 N_body", "parameters without embeddings and output head; no attention scores",
        "Kaplan et al. 2020, section 2.1", lambda shape: FLOPS_PER_PARAM_TOKEN * shape.params_non_embedding,
    ),
    Convention(
        "active", "6 N_active", "parameters that a token passes through, embeddings included; no attention scores",
        "6 N with the experts that are used", lambda shape: FLOPS_PER_PARAM_TOKEN * shape.active_params,
    ),
    Convention(
        "kaplan", "3 (2 N_body + 2 L s d)", "products of the layers and attention scores, once; no output head",
        "Kaplan et al. 2020, section 2.1", _kaplan,
    ),
    Convention(
        "chinchilla", "3 (body + 2·2 V d)", "every product, attention over all positions, softmax, look-up and logits",
        "Hoffmann et al. 2022, appendix F", _chinchilla,
    ),
    Convention(
        "chinchilla-body", "3 (2 N_matrices + 4 L h d_h s + 3 L h s)", "the same without look-up and logits",
        "Hoffmann et al. 2022, table A4 as printed", _body,
    ),
    Convention(
        "palm", "6 N + 12 L h d_h s", "active parameters, and attention over all positions",
        "Chowdhery et al. 2022, appendix B", _palm,
    ),
    Convention(
        "palm-causal", "6 N + 6 L h d_h s", "active parameters, and attention over the positions that a token sees",
        "Chowdhery et al. 2022, appendix B, causal half", _causal,
    ),
)  # fmt: skip
CONVENTIONS: Final = MappingProxyType({convention.name: convention for convention in _ALL})
"""Name → convention."""


def convention(name: str) -> Convention:
    """A convention by its name.

    Raises:
        UnitsError: there is none of that name.
    """
    if name not in CONVENTIONS:
        raise UnitsError(f"There is no FLOP convention {name!r}. Give one of {', '.join(CONVENTIONS)}.")
    return CONVENTIONS[name]


def shape_flops(shape: ModelShape, tokens: float, by: str = "palm-causal", *, recompute: bool = False) -> float:
    """Training FLOPs of a shape under a convention.

    Reference: see `CONVENTIONS`. Grouped keys, gates, experts and latent attention, which the papers
    do not have, are counted by their own matrices.

    Args:
        shape: of the model, context included.
        tokens: training tokens D, repeats counted.
        by: name of the convention.
        recompute: whether the forward pass is made twice (full activation recomputation): four
            thirds of the FLOPs, as `8 N` instead of `6 N`. They count as hardware, not as model FLOPs.

    Returns:
        FLOPs of all forward and backward passes.

    Raises:
        UnitsError: the convention is not known.

    >>> from isoflop.plan.costs.shapes import ModelShape
    >>> gpt3 = ModelShape(12288, 96, 96, 96, 128, 49152, 50257, 2048, gated=False, tied=True, positions=2048)
    >>> f"{shape_flops(gpt3, 300e9, '6nd'):.3g}", f"{shape_flops(gpt3, 300e9, 'palm'):.3g}"
    ('3.14e+23', '3.23e+23')
    """
    return convention(by).per_token(shape) * tokens * (4.0 / 3.0 if recompute else 1.0)
