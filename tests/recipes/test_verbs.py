"""The verbs: what they take, and what the back-test adds."""

import numpy as np
import pytest

import isoflop as iso
from isoflop.errors import FitError, TableError

FLOPS = [10.0**k for k in np.linspace(17, 21, 9)]
LAW = "E + K/(C/1e17)^a"


def rows(column: str = "recipe", names: tuple[object, object] = ("old", "new"), noise: float = 1e-3):
    """Return runs of two recipes as columns."""
    rng = np.random.default_rng(5)
    loss = [(1.7 + k * (c / 1e17) ** -0.15) * (1 + noise * rng.standard_normal()) for k in (1.5, 1.4) for c in FLOPS]
    return {column: [names[0]] * 9 + [names[1]] * 9, "C": FLOPS * 2, "loss": loss}


def test_quantities_aliases_and_choices_are_read():
    found = iso.recipes(LAW, rows(), at={"C": "100E"}, bootstrap=30, level=0.8, backtest=False)
    assert (found.at, found.column, found.level, found.baseline) == (1e20, "flops", 0.8, "old")
    assert found.inflation is None
    assert "no back-test was asked for" in found.notes


def test_numbers_may_name_recipes():
    found = iso.recipes(LAW, rows("bits", (4, 8)), at={"flops": 1e20}, column="bits", bootstrap=30, backtest=False)
    assert {entry.name for entry in found.entries} == {"4", "8"}
    assert found.baseline == "4"


@pytest.mark.parametrize("way", ["shared", "separate"])
def test_the_back_test_widens_and_says_so(way):
    found = iso.recipes(LAW, rows(), at={"flops": 1e22}, bootstrap=30, way=way)
    assert found.inflation is not None
    assert "the back-test of the largest runs" in found.notes[-1]
    assert all(fit.inflation == found.inflation for fit in found.fits.values())


def test_few_runs_have_no_back_test_and_say_why():
    few = {name: [*column[:4], *column[9:13]] for name, column in rows().items()}
    found = iso.recipes(LAW, few, at={"flops": 1e20}, bootstrap=30, way="separate")
    assert found.inflation is None
    assert found.notes[-1].startswith("no back-test: ")


def test_runs_without_a_recipe_are_left_out():
    table = rows()
    table["recipe"][-1] = None
    found = iso.recipes(LAW, table, at={"flops": 1e20}, bootstrap=30, backtest=False)
    assert (found["old"].rows, found["new"].rows, found.fits["new"].rows) == (9, 8, 17)


def test_bad_choices_are_refused():
    with pytest.raises(FitError, match="seed"):
        iso.recipes(LAW, rows(), at={"flops": 1e20}, seed=-1)
    with pytest.raises(FitError, match="between 0 and 1"):
        iso.recipes(LAW, rows(), at={"flops": 1e20}, level=90)
    with pytest.raises(TableError, match="needs two recipes"):
        iso.recipes(LAW, {**rows(), "recipe": ["old"] * 18}, at={"flops": 1e20})
