"""Finding laws, and adding one's own."""

import pytest

from isoflop.errors import FileError, LawError
from isoflop.laws import as_law, from_toml, get, names

OWN = """
name = "floor"
formula = "L = E + A/C^a"
counted = "C = 6ND"
[parameters.a]
domain = [0, 1]
meaning = "exponent"
[source]
authors = "A. Reader"
year = 2026
title = "A law of one's own"
[[published]]
name = "guess"
values = {E = 1.5, A = 100, a = 0.1}
"""


def test_every_name_finds_its_law():
    assert len(names()) >= 15
    assert all(get(name).name == name for name in names())


def test_a_near_miss_is_suggested():
    with pytest.raises(LawError, match="'chinchilla'"):
        get("chinchila")


def test_a_law_from_toml(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(OWN, encoding="utf-8")
    law = from_toml(path)
    assert law.name == "floor"
    assert law.domain("a") == (0.0, 1.0)
    assert law.published_set("guess").values["A"] == 100
    assert as_law(str(path)) == law


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("formula = ", "TOML"),
        ("name = 'x'", "no key 'formula'"),
        ("formula = 'E + A/N^a'\ncolour = 'red'", "colour"),
        ("formula = 'E + A/N^a'\n[parameters.a]\ndomain = 'whole'", "whole"),
        ("formula = 'E + A/N^a'\n[source]\nname = 'x'", "do not fit"),
    ],
)
def test_a_faulty_file_says_what_is_wrong(tmp_path, text, words):
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises((LawError, FileError), match=words):
        from_toml(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileError, match="nowhere"):
        from_toml(tmp_path / "nowhere.toml")


def test_a_formula_is_a_law():
    assert as_law("E + A/C^a").columns == ("flops",)


def test_an_unknown_published_set_lists_the_known_ones():
    with pytest.raises(LawError, match="hoffmann"):
        get("chinchilla").published_set("nobody")
