import pytest

from isoflop.runs.columns import SYMBOL_TO_WORD, VOCABULARY, match, resolve
from isoflop.runs.read import read_runs


@pytest.mark.parametrize(
    ("header", "word"),
    [
        ("N", "params"),
        ("n_params", "params"),
        ("Model Size", "params"),
        ("numParams", "params"),
        ("num-params", "params"),
        (" params ", "params"),
        ("D", "tokens"),
        ("tokens_seen", "tokens"),
        ("Training Tokens", "tokens"),
        ("C", "flops"),
        ("Training FLOPs", "flops"),
        ("L", "loss"),
        ("val/loss", "loss"),
        ("validation_loss", "loss"),
        ("val/bpb", "loss"),
        ("Bits per byte", "loss"),
        ("Loss (nats)", "loss"),
        ("S", "steps"),
        ("U", "unique_tokens"),
        ("learning_rate", "lr"),
        ("d_model", "width"),
        ("run_id", "run"),
    ],
)
def test_headers_as_people_write_them(header: str, word: str) -> None:
    assert resolve(header) == word


@pytest.mark.parametrize(
    "header", ["n", "d", "c", "l", "s", "u", "", "_", "loss_c4_val", "größe", "A", "tokens_per_param"]
)
def test_other_headers_are_no_words(header: str) -> None:
    assert resolve(header) is None


@pytest.mark.parametrize(
    ("header", "word", "factor"),
    [
        ("N_B", "params", 1e9),
        ("D_T", "tokens", 1e12),
        ("C_1e21", "flops", 1e21),
        ("Params (M)", "params", 1e6),
        ("params_b", "params", 1e9),
        ("tokens in billions", "tokens", 1e9),
        ("tokens [trillion]", "tokens", 1e12),
        ("loss_b", None, 1.0),
        ("params", "params", 1.0),
    ],
)
def test_a_factor_in_the_header_is_read(header: str, word: str | None, factor: float) -> None:
    found = match(header)
    assert (found.word, found.scale) == (word, factor) if word else found is None or found.scale == 1.0


def test_no_two_words_share_an_alias() -> None:
    owners: dict[str, set[str]] = {}
    for word, column in VOCABULARY.items():
        for name in (word, *column.aliases):
            owners.setdefault(name.replace("_", "").lower(), set()).add(word)
    assert {name: words for name, words in owners.items() if len(words) > 1} == {}


def test_every_alias_means_its_word() -> None:
    for word, column in VOCABULARY.items():
        assert all(resolve(name) == word for name in (word, *column.aliases)), word


def test_held_out_bits_come_before_a_training_loss() -> None:
    table = read_runs({"N": [1e8], "D": [2e9], "train_loss": [2.5], "val_bpb": [0.9]})
    assert table.column("loss").tolist() == [0.9]
    assert "loss is column 'val_bpb', in bits/byte by its name" in table.notes
    assert "loss is read from column 'val_bpb', not from 'train_loss'" in table.notes


def test_letters_of_the_field() -> None:
    assert dict(SYMBOL_TO_WORD) == {
        "N": "params",
        "D": "tokens",
        "C": "flops",
        "L": "loss",
        "S": "steps",
        "U": "unique_tokens",
    }


def test_ranges_are_ranges() -> None:
    assert all(column.low < column.high and column.counted for column in VOCABULARY.values())
