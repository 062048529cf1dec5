"""A law asked for columns that the table lacks names them, and the nearest law that needs only what is there."""

import numpy as np
import pytest

import isoflop as iso
from isoflop import laws
from isoflop.errors import ColumnError
from isoflop.laws.nearest import nearest_law, needs_sentence

RUNS = {"N": np.geomspace(1e7, 1e9, 8), "D": np.geomspace(1e9, 4e10, 8)[::-1].copy(), "loss": np.linspace(3, 2, 8)}


@pytest.mark.parametrize(
    ("name", "there", "nearest"),
    [
        ("kaplan-steps", {"params", "tokens", "flops", "loss"}, "chinchilla"),
        ("chinchilla", {"params", "loss"}, "power-params"),
        ("farseer", {"tokens", "loss"}, "power-tokens"),
        ("bnsl-2-flops", {"flops", "loss"}, "power-flops"),
        ("task-sigmoid", {"flops", "accuracy"}, "cod"),
    ],
)
def test_the_nearest_law_needs_only_what_is_there(name: str, there: set[str], nearest: str) -> None:
    found = nearest_law(laws.get(name), there)
    assert found is not None
    assert found.name == nearest
    assert set(found.columns) <= there


def test_no_law_is_named_where_none_can_be_fitted() -> None:
    assert nearest_law(laws.get("chinchilla"), {"loss", "seed"}) is None
    assert needs_sentence(laws.get("chinchilla"), {"loss", "seed"}) == ""


def test_a_law_never_stands_on_what_it_explains() -> None:
    found = nearest_law(laws.get("chinchilla"), {"loss", "params"}, "params")
    assert found is None or "params" not in found.columns


def test_a_fit_names_every_missing_column_and_what_to_use() -> None:
    law = laws.from_text("L = E + A/N^a + B/D^b + q*unique_tokens^c + r*epochs")
    with pytest.raises(ColumnError) as caught:
        iso.fit(law, RUNS, bootstrap=0)
    text = str(caught.value)
    assert (
        "no columns 'unique_tokens', 'epochs', which law 'formula' needs; it has params, tokens, flops, loss." in text
    )
    assert "--map unique_tokens=your_column" in text
    assert text.endswith("The nearest law that needs only what is there is 'chinchilla' (params, tokens).")


def test_one_missing_column() -> None:
    with pytest.raises(ColumnError, match=r"no column 'steps', which law 'kaplan-steps' needs.*'chinchilla'"):
        iso.fit("kaplan-steps", RUNS, bootstrap=0)
