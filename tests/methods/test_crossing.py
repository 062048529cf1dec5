"""Crossings of two recipes: on a point of the grid, at the end of the span, everywhere."""

import numpy as np
import pytest

from isoflop.errors import LawError
from isoflop.laws.law import Law, Parameter
from isoflop.methods.crossing import POINTS, crossing

LINE = Law("line", "y = a*x + b", variables=("x",), parameters={"a": Parameter("real"), "b": Parameter("real")})


def test_a_crossing_between_points_of_the_grid_is_found() -> None:
    found = crossing(LINE, {"a": 1.0, "b": 0.0}, {"a": 2.0, "b": -3.0}, column="x", span=(1.0, 10.0))
    assert found == (pytest.approx(3.0),)


def test_a_crossing_on_a_point_of_the_grid_is_found() -> None:
    # x = 1 begins the span, and a power of ten can be met exactly inside it.
    found = crossing(LINE, {"a": 1.0, "b": 0.0}, {"a": 2.0, "b": -1.0}, column="x", span=(1.0, 10.0))
    assert found == (pytest.approx(1.0),)
    inside = float(np.exp(np.linspace(0.0, np.log(10.0), POINTS)[100]))
    found = crossing(LINE, {"a": 1.0, "b": 0.0}, {"a": 2.0, "b": -inside}, column="x", span=(1.0, 10.0))
    assert found == (pytest.approx(inside),)


def test_one_recipe_twice_crosses_nowhere() -> None:
    same = {"a": 1.0, "b": 0.0}
    with pytest.raises(LawError, match="the same response at every x"):
        crossing(LINE, same, same, column="x", span=(1.0, 10.0))
