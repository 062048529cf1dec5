"""Shapes, their counts, and shapes from config.json."""

import json

import pytest

from isoflop.errors import FileError, InputError, UnitsError
from isoflop.plan.costs.flops import CONVENTIONS, convention, shape_flops
from isoflop.plan.costs.model_config import read_config
from isoflop.plan.costs.shapes import Experts, ModelShape, shape_for

LLAMA = ModelShape(4096, 32, 32, 8, 128, 14336, 128256, 8192)
CONFIG = {
    "model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
    "num_key_value_heads": 8, "intermediate_size": 14336, "vocab_size": 128256, "max_position_embeddings": 8192,
    "tie_word_embeddings": False,
}  # fmt: skip


def test_parameters_are_the_sum_of_all_matrices():
    each = 4096 * 4096 * 2 + 2 * 4096 * 1024 + 3 * 4096 * 14336 + 2 * 4096
    assert LLAMA.params == 32 * each + 4096 + 2 * 128256 * 4096
    assert LLAMA.active_params == LLAMA.params
    assert LLAMA.params_non_embedding == LLAMA.params - 2 * 128256 * 4096


def test_experts_are_held_but_not_all_used():
    dense = ModelShape(4096, 32, 32, 8, 128, 14336, 32000, 4096)
    mixture = ModelShape(4096, 32, 32, 8, 128, 14336, 32000, 4096, experts=Experts(8, 2, 14336))
    expert, router = 3 * 4096 * 14336, 4096 * 8
    assert mixture.params == dense.params + 32 * (7 * expert + router)
    assert mixture.active_params == dense.params + 32 * (expert + router)


@pytest.mark.parametrize("params", [1e8, 4e8, 1e9, 3e9, 7e9, 13e9, 70e9, 175e9, 1e12])
def test_a_shape_made_for_a_size_has_it_and_can_be_divided(params):
    shape = shape_for(params)
    assert shape.params == pytest.approx(params, rel=0.05)
    assert 64 < shape.width / shape.layers < 256
    assert shape.heads * shape.head_dim == shape.width
    assert shape.heads % 8 == 0 or params < 1e9


def test_a_size_below_the_vocabulary_has_no_shape():
    with pytest.raises(InputError, match=r"No shape has about 1.00M parameters with a vocabulary of 32000"):
        shape_for(1e6)
    assert shape_for(1e6, vocabulary=256, head_dim=32).params == pytest.approx(1e6, rel=0.05)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"layers": 0}, "layers = 0"),
        ({"kv_heads": 7}, "32 query heads cannot share 7"),
        ({"experts": Experts(4, 5, 8)}, "5 of 4"),
    ],
)
def test_impossible_shapes_are_refused(change, said):
    sizes = {k: v for k, v in vars(LLAMA).items() if k not in change}
    with pytest.raises(InputError, match=said):
        ModelShape(**{**sizes, **change})


def test_a_config_is_read_from_file_and_folder(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    assert read_config(tmp_path) == read_config(tmp_path / "config.json") == read_config(CONFIG) == LLAMA


def test_gpt_2_counts_its_positions_and_ties_its_head():
    shape = read_config(
        {"model_type": "gpt2", "n_embd": 768, "n_layer": 12, "n_head": 12, "vocab_size": 50257, "n_positions": 1024}
    )
    assert (shape.ffn, shape.kv_heads, shape.gated, shape.tied, shape.positions) == (3072, 12, False, True, 1024)
    assert shape.params == 12 * (12 * 768**2 + 2 * 768) + 768 + 50257 * 768 + 1024 * 768


def test_a_mixture_and_latent_attention_are_read():
    experts = {"n_routed_experts": 256, "num_experts_per_tok": 8, "moe_intermediate_size": 2048, "n_shared_experts": 1}
    latent = {"kv_lora_rank": 512, "q_lora_rank": 1536, "qk_rope_head_dim": 64, "qk_nope_head_dim": 128}
    more = {"model_type": "deepseek_v3", "first_k_dense_replace": 3, "v_head_dim": 128}
    shape = read_config(CONFIG | experts | latent | more)
    assert shape.experts == Experts(256, 8, 2048, shared=2048, dense_layers=3)
    assert shape.kv_elements == 32 * (512 + 64)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"hidden_size": None}, "The config has no hidden_size"),
        ({"num_hidden_layers": 2.5}, "num_hidden_layers is 2.5"),
        ({"model_type": "novel"}, "models of type 'novel'"),
    ],
)
def test_a_config_that_says_too_little_is_refused(change, said):
    with pytest.raises(InputError, match=said):
        read_config(CONFIG | change)


def test_an_unknown_kind_is_read_when_its_gates_are_told():
    assert not read_config(CONFIG | {"model_type": "novel"}, gated=False).gated


@pytest.mark.parametrize("text", ["{", "[1]"])
def test_a_file_without_a_json_object_is_refused(tmp_path, text):
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(FileError, match="Give the config"):
        read_config(tmp_path)


def test_conventions_differ_by_what_they_count():
    count = {name: item.per_token(LLAMA) for name, item in CONVENTIONS.items()}
    scores = 4 * 32 * 4096 * 8192
    assert count["6nd"] == 6 * LLAMA.params
    assert count["palm"] - count["6nd"] == 3 * scores == 2 * (count["palm-causal"] - count["6nd"])
    assert count["chinchilla"] - count["chinchilla-body"] == 3 * 4 * 128256 * 4096
    assert count["active"] == count["6nd"]
    assert count["kaplan"] == pytest.approx(6 * (LLAMA.params_non_embedding - 65 * 4096) + 3 * 2 * 32 * 8192 * 4096)


def test_full_recomputation_makes_the_forward_pass_again():
    assert shape_flops(LLAMA, 1e9, "6nd", recompute=True) == pytest.approx(8 * LLAMA.params * 1e9)


def test_an_unknown_convention_is_named_with_those_that_exist():
    with pytest.raises(UnitsError, match=r"no FLOP convention '7nd'. Give one of 6nd"):
        convention("7nd")


@pytest.mark.parametrize("params", [1.1e16, 1e60, float("inf"), float("nan")])
def test_sizes_beyond_any_model_are_refused_at_once(params: float) -> None:
    # Draws of a law that the runs do not determine hold such optima; trying their widths would never end.
    with pytest.raises(InputError, match=r"1\.00e\+16 at most"):
        shape_for(params)
