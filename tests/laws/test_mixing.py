"""Mixing laws over named domains: their formulas, and names that are refused."""

import pytest

from isoflop.errors import LawError
from isoflop.laws.mixing import mixing_law


def test_every_domain_has_a_column_and_a_slope() -> None:
    law = mixing_law(["web", "code", "books"])
    assert law.columns == ("web", "code", "books")
    assert law.parameter_names == ("c", "t_web", "t_code", "t_books")
    assert law.domain("t_web") == "real"
    assert law.domain("c") == "positive"


def test_the_value_is_that_of_the_paper_s_form() -> None:
    # c + k exp(sum t r) with k folded into every slope, as shares sum to one.
    law = mixing_law(["web", "code"])
    found = law.predict({"c": 2.0, "t_web": -1.0, "t_code": 0.5}, web=0.25, code=0.75)
    assert float(found) == pytest.approx(2.0 + 2.718281828459045**0.125, rel=1e-14)


@pytest.mark.parametrize(
    ("domains", "words"),
    [
        (["web"], "two or more"),
        (["web", "web"], "two or more"),
        ([], "not none"),
        (["web", "pile-cc"], "'pile-cc' cannot be a column"),
        (["web", "1st"], "letters, digits"),
    ],
)
def test_names_that_cannot_stand_in_a_formula_are_refused(domains: list[str], words: str) -> None:
    with pytest.raises(LawError, match=words):
        mixing_law(domains)


def test_a_domain_named_like_a_letter_of_the_field_is_that_column() -> None:
    # N is the number of parameters wherever a formula is read; a share must have a name of its own.
    with pytest.raises(LawError, match="N stands for params"):
        mixing_law(["N", "code"])
