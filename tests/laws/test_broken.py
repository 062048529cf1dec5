"""The builder of broken power laws."""

import numpy as np
import pytest

from isoflop import laws
from isoflop.errors import LawError
from isoflop.laws.broken import bnsl


def test_a_sharp_break_does_not_overflow() -> None:
    law = laws.get("bnsl-1-flops")
    sharp = {"a": 0.1, "b": 2.0, "c0": 0.1, "c1": 0.5, "d1": 1e10, "f1": 1e-4}
    before, after = law.predict(sharp, flops=[1e9, 1e20])
    assert before == pytest.approx(0.1 + 2.0 * 1e9**-0.1, rel=1e-12)
    assert after == pytest.approx(0.1 + 2.0 * 1e20**-0.1 * 1e10**-0.5, rel=1e-12)


def test_any_column_can_be_the_scale() -> None:
    law = bnsl(2, "problems")
    assert law.columns == ("problems",)
    assert law.name == "bnsl-2-problems"
    assert len(law.parameter_names) == 3 + 3 * 2


@pytest.mark.parametrize("breaks", [0, 10, 1.5])
def test_a_number_of_breaks_that_makes_no_sense_is_refused(breaks: int) -> None:
    with pytest.raises(LawError, match="1 to 9 breaks"):
        bnsl(breaks, "flops")


@pytest.mark.parametrize("column", ["N", "params", "n_params"])
def test_a_column_of_the_vocabulary_may_have_any_of_its_names(column: str) -> None:
    law = bnsl(1, column)
    assert law.name == "bnsl-1-params"
    assert law.columns == ("params",)
    assert law.formula == laws.get("bnsl-1-params").formula


def test_the_exponent_after_all_breaks_is_the_sum() -> None:
    law = laws.get("bnsl-2-flops")
    values = {"a": 0.0, "b": 3.0, "c0": 0.1, "c1": 0.3, "d1": 1e10, "f1": 0.2, "c2": -0.15, "d2": 1e15, "f2": 0.2}
    far = np.log(law.predict(values, flops=[1e30, 1e31]))
    assert (far[0] - far[1]) / np.log(10) == pytest.approx(0.1 + 0.3 - 0.15, rel=1e-9)
