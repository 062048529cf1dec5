"""cost: sizes, configs, plans, deadlines, devices of the user."""

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Isoflop


def test_a_size_is_costed(isoflop: Isoflop) -> None:
    found = isoflop("cost", "--params", "7B", "--tokens", "1T", "--by", "6nd", "--mfu", "0.4", "--json").json
    hours = 6 * 7e9 * 1e12 / (989e12 * 0.4 * 3600)
    assert found["training"]["device_hours"]["value"] == pytest.approx(hours)
    assert found["serving"] is None
    assert found["training"]["carbon"] is None


def test_a_table_shows_conventions_thresholds_and_on_request_the_steps(isoflop: Isoflop) -> None:
    line = ("cost", "--params", "7B", "--tokens", "1T", "--serve", "1e13 tokens", "--grid", "400 g/kWh")
    short, long = isoflop(*line), isoflop(*line, "--steps")
    for word in ("training money", "serving speed", "palm-causal", "poor proxy", "warning: The share of peak"):
        assert word in short.out
    assert set(short.out.splitlines()) < set(long.out.splitlines())
    assert "\n1. " in long.out
    assert "(assumption)" in long.out


def test_a_config_is_costed(isoflop: Isoflop, tmp_path: Path) -> None:
    config = {
        "model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
        "num_key_value_heads": 8, "intermediate_size": 14336, "vocab_size": 128256, "max_position_embeddings": 8192,
        "tie_word_embeddings": False,
    }  # fmt: skip
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config))
    found = isoflop("cost", "--config", path, "--tokens", "15T", "--json").json
    assert found["params"]["value"] == 8030261248
    assert found["shape"]["kv_heads"] == 8


def test_a_plan_is_costed_with_its_interval(isoflop: Isoflop, fit_file: Path) -> None:
    found = isoflop("cost", "--fit", fit_file, "--loss", "2.3", "--json").json
    low, high = found["training"]["money"]["interval"]
    assert low < found["training"]["money"]["value"] < high
    target = isoflop("plan", fit_file, "--loss", "2.3", "--json").json
    assert found["flops"]["value"] == pytest.approx(target["flops"]["value"])


def test_a_deadline_and_devices_of_the_user(isoflop: Isoflop, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[H100]\nprice = "$2.1/h"\nmfu = 0.42\n')
    found = isoflop(
        "cost", "--params", "7B", "--tokens", "2T", "--deadline", "30 days", "--hardware", path, "--json"
    ).json
    assert found["training"]["hours"]["value"] <= 720
    assert found["mfu"] == 0.42
    hours, money = (found["training"][key]["value"] for key in ("device_hours", "money"))
    assert money == pytest.approx(2.1 * hours)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("cost", "The model is given by nothing"),
        ("cost --params 7B", "training tokens are missing"),
        ("cost --params 7B --tokens 1T --flops 1e22", "needs a fit"),
        ("cost --params 7B --config x.json --tokens 1T", "given by --params and --config"),
        ("cost --params 7B --tokens 1T --device H1000", "no device 'H1000'"),
        ("cost --params 7B --tokens 1T --deadline 80GB", "is a quantity of memory, and time is asked for"),
        ("cost --params 7B --tokens 1T --devices 3.5", "no whole number"),
        ("cost --params 70B --tokens 1T --devices 8", "Give at least"),
        ("cost --params 7B --tokens 1T --by 7nd", "no FLOP convention"),
        ("cost --params 7B --tokens 1T --mfu 40", "no share"),
        ("cost --config nowhere.json --tokens 1T", "cannot be read"),
        ("cost --params 7B --tokens 1T --recompute some", "no kind of recomputation"),
    ],
)
def test_what_cannot_be_costed_is_refused(isoflop: Isoflop, line: str, said: str) -> None:
    ended = isoflop(*line.split())
    assert (ended.status, ended.out) == (2, "")
    assert said in ended.err
    assert ended.err.count("\n") == 1


def test_the_length_of_training_sequences_is_asked_for(isoflop: Isoflop, tmp_path: Path) -> None:
    """A config has the longest positions; trained at 4096 the devices are not starved, and nothing is warned of."""
    config = {
        "model_type": "llama", "hidden_size": 8192, "num_hidden_layers": 80, "num_attention_heads": 64,
        "num_key_value_heads": 8, "intermediate_size": 28672, "vocab_size": 128256, "max_position_embeddings": 131072,
    }  # fmt: skip
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config))
    line = ("cost", "--config", path, "--tokens", "15T", "--devices", "1024", "--json")
    whole, short = isoflop(*line).json, isoflop(*line, "--context", "4096").json
    assert short["shape"]["context"] == 4096
    assert any("Training sequences are taken as long as the shape's 131072" in text for text in whole["warnings"])
    assert any("keep more" in text for text in whole["warnings"])
    assert not any("sequences" in text for text in short["warnings"])
    assert short["layout"]["efficiency"] > 0.8 > 0.5 > whole["layout"]["efficiency"]
    # Scores over the positions that a token sees, causal half: 6 L h d_h s per token.
    each = 6 * 80 * 8192 * (131072 - 4096)
    assert whole["flops"]["value"] - short["flops"]["value"] == pytest.approx(each * 15e12)
