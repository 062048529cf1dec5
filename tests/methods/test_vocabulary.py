"""What vocabularies and their tokenizers are refused."""

import pytest

from isoflop.errors import InputError
from isoflop.methods.vocabulary import best_vocabularies, tokens_per_character


def test_tokens_per_character_fall_with_the_vocabulary_up_to_the_cap() -> None:
    few, many, cap, beyond = tokens_per_character([1_000, 32_000, 200_000, 1e6])
    assert few > many > cap
    assert cap == beyond


@pytest.mark.parametrize("entries", [32, 0, -5.0, float("nan")])
def test_vocabularies_outside_the_fit_are_refused(entries: float) -> None:
    with pytest.raises(InputError, match=r"fitted from 1,000 to 200,000\. Count entries"):
        tokens_per_character([32_000, entries])


def test_a_size_in_billions_is_refused() -> None:
    with pytest.raises(InputError, match="positive numbers"):
        best_vocabularies(-7e9)
