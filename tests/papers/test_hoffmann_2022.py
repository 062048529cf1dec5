"""Hoffmann et al. 2022, arXiv:2203.15556: losses of Chinchilla and Gopher by the published constants."""

import pytest
from tests.papers.support import assert_prints_as

from isoflop import laws

CHINCHILLA_70B = {"params": 70e9, "tokens": 1.4e12}
GOPHER_280B = {"params": 280e9, "tokens": 300e9}


@pytest.mark.parametrize(
    ("constants", "run", "expected"),
    [
        ("hoffmann-2022", CHINCHILLA_70B, "1.9366"),
        ("hoffmann-2022", GOPHER_280B, "1.9933"),
        ("hoffmann-2022-tex", CHINCHILLA_70B, "1.9208"),
        ("hoffmann-2022-tex", GOPHER_280B, "1.9672"),
    ],
)
def test_published_constants_give_the_losses(constants: str, run: dict[str, float], expected: str) -> None:
    law = laws.get("chinchilla")
    assert_prints_as(law.predict(law.published_set(constants).values, **run), expected)


def test_the_source_text_rounds_to_the_printed_constants() -> None:
    law = laws.get("chinchilla")
    exact = law.published_set("hoffmann-2022-tex").values
    for name, text in {"A": "406.4", "B": "410.7", "E": "1.69", "alpha": "0.34", "beta": "0.28"}.items():
        assert_prints_as(exact[name], text)
