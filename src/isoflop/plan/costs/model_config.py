"""Shapes from a Hugging Face config.json."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from isoflop.errors import FileError, InputError
from isoflop.plan.costs.shapes import Experts, LatentAttention, ModelShape

_NAMES: Final = {
    "width": ("hidden_size", "n_embd", "d_model"),
    "layers": ("num_hidden_layers", "n_layer", "n_layers", "num_layers"),
    "heads": ("num_attention_heads", "n_head", "n_heads", "num_heads"),
    "vocabulary": ("vocab_size",),
}
_CONTEXT: Final = ("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len", "seq_length")
_FFN: Final = ("intermediate_size", "n_inner", "ffn_dim", "ffn_hidden_size", "d_ff")

# Whether the feed-forward layer of a kind of model has a third matrix is in its code, not in its config.
_PLAIN: Final = frozenset(
    {
        "gpt2", "gpt_neo", "gpt_neox", "gptj", "opt", "bloom", "falcon", "phi", "mpt", "starcoder2",
        "gpt_bigcode", "codegen",
    }
)  # fmt: skip
_GATED: Final = frozenset(
    {
        "llama", "mistral", "mixtral", "qwen2", "qwen2_moe", "qwen3", "qwen3_moe", "gemma", "gemma2",
        "gemma3_text", "phi3", "olmo", "olmo2", "olmoe", "deepseek", "deepseek_v2", "deepseek_v3", "cohere",
        "granite", "stablelm", "internlm2", "yi", "baichuan", "smollm3", "minicpm", "kimi_k2",
    }
)  # fmt: skip
_LEARNED_POSITIONS: Final = frozenset({"gpt2", "opt", "gpt_neo", "gpt_bigcode"})


def read_config(
    source: str | Path | Mapping[str, Any], *, gated: bool | None = None, context: int | None = None
) -> ModelShape:
    """The shape of a model from its Hugging Face config.json.

    Args:
        source: the file, its folder, or its contents.
        gated: whether the feed-forward layer has three matrices; known for common kinds of models when None.
        context: tokens of a sequence; the config's longest when None.

    Returns:
        The shape. What the config does not say follows the library's own defaults: as many key heads
        as query heads, `width / heads` for the width of a head, an output head tied to the embedding,
        a feed-forward layer of four widths.

    Raises:
        FileError: the file cannot be read or is no JSON object.
        InputError: a size is missing or no whole number, or the kind of model is not known and `gated` is None.

    >>> llama = {"model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
    ...     "num_key_value_heads": 8, "intermediate_size": 14336, "vocab_size": 128256,
    ...     "max_position_embeddings": 8192, "tie_word_embeddings": False}
    >>> read_config(llama).params
    8030261248
    """
    found = dict(source) if isinstance(source, Mapping) else _load(Path(source))
    # Models that see and hear keep the language model's sizes one level down.
    if isinstance(found.get("text_config"), Mapping) and "hidden_size" not in found:
        found = dict(found["text_config"])
    sizes = {name: _size(found, aliases, needed=True) for name, aliases in _NAMES.items()}
    width, heads = sizes["width"], sizes["heads"]
    kind = str(found.get("model_type", ""))
    seen = context or _size(found, _CONTEXT) or 2048
    return ModelShape(
        **sizes,
        kv_heads=_key_heads(found, heads),
        head_dim=_size(found, ("head_dim",)) or width // heads,
        ffn=_size(found, _FFN) or 4 * width,
        context=seen,
        gated=_is_gated(kind) if gated is None else gated,
        tied=bool(found.get("tie_word_embeddings", True)),
        positions=(_size(found, _CONTEXT) or 0) if kind in _LEARNED_POSITIONS else 0,
        experts=_experts(found),
        latent=_latent(found),
    )


def _load(path: Path) -> dict[str, Any]:
    """The JSON object of a file."""
    path = path / "config.json" if path.is_dir() else path
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{path} cannot be read: {error}. Give the config.json of a model.") from error
    except json.JSONDecodeError as error:
        raise FileError(f"{path} is no JSON: {error}. Give the config.json of a model.") from error
    if not isinstance(found, dict):
        raise FileError(f"{path} holds no JSON object. Give the config.json of a model.")
    return found


def _size(found: Mapping[str, Any], names: tuple[str, ...], *, needed: bool = False) -> int:
    """A positive whole number under one of its names; 0 where there is none."""
    name = next((n for n in names if found.get(n) is not None), None)
    if name is None:
        if needed:
            listed = ", ".join(sorted(k for k, v in found.items() if isinstance(v, int)))
            raise InputError(
                f"The config has no {names[0]} (nor {', '.join(names[1:]) or 'another name for it'}); its numbers are "
                f"{listed or 'none'}. Give the config.json of a decoder-only Transformer, or the shape itself."
            )
        return 0
    value = found[name]
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InputError(f"The config's {name} is {value!r}, no whole number from 0 up. Correct it.")
    return value


def _key_heads(found: Mapping[str, Any], heads: int) -> int:
    """Key heads: their own number, one for multi-query attention, else as many as query heads."""
    if found.get("multi_query") and not found.get("new_decoder_architecture"):
        return 1
    return _size(found, ("num_key_value_heads", "num_kv_heads")) or heads


def _is_gated(kind: str) -> bool:
    """Whether a kind of model has gated feed-forward layers."""
    if kind in _GATED:
        return True
    if kind in _PLAIN:
        return False
    raise InputError(
        f"Whether models of type {kind or 'unknown'!r} have two or three feed-forward matrices is not known. "
        "Say it: gated=True for three (SwiGLU, GeGLU), gated=False for two."
    )


def _experts(found: Mapping[str, Any]) -> Experts | None:
    """The mixture of experts, if there is one."""
    total = _size(found, ("num_local_experts", "num_experts", "n_routed_experts"))
    if total < 2:
        return None
    width = _size(found, ("moe_intermediate_size",)) or _size(found, _FFN, needed=True)
    shared = _size(found, ("shared_expert_intermediate_size",)) or width * _size(found, ("n_shared_experts",))
    active = _size(found, ("num_experts_per_tok", "num_experts_per_token", "moe_topk"), needed=True)
    dense = _size(found, ("first_k_dense_replace",))
    return Experts(total, active, width, shared, dense)


def _latent(found: Mapping[str, Any]) -> LatentAttention | None:
    """Latent attention, if the keys and values are compressed."""
    rank = _size(found, ("kv_lora_rank",))
    if not rank:
        return None
    content, value = (_size(found, (name,), needed=True) for name in ("qk_nope_head_dim", "v_head_dim"))
    rope = _size(found, ("qk_rope_head_dim",), needed=True)
    return LatentAttention(rank, rope, _size(found, ("q_lora_rank",)), content, value)
