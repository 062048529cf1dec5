"""Classes of accelerator-hours, and the frontier of a recipe."""

import numpy as np
import pytest

from isoflop.errors import TableError
from isoflop.recipes.classes import in_classes, tokens_allowed
from isoflop.recipes.frontier import frontier_places, frontier_runs
from isoflop.runs.table import RunTable


def runs() -> RunTable:
    rows = [
        ("gpt", 6.0, 3.0), ("gpt", 5.0, 3.1), ("gpt", 12.0, 2.8), ("gpt", 24.02, 2.6),
        ("lstm", 6.0, 3.3), ("lstm", 12.0, 2.9), ("lstm", 24.0, 2.5), ("lstm", 200.0, 2.0),
    ]  # fmt: skip
    return RunTable.from_columns(dict(zip(("recipe", "gpu_hours", "loss"), zip(*rows, strict=True), strict=True)))


def test_each_class_holds_its_own_runs():
    found = {result.hours: result for result in in_classes(runs())}
    assert list(found) == [6.0, 12.0, 24.0, 48.0, 96.0]
    assert [found[h].best for h in (6.0, 12.0, 24.0)] == ["gpt", "gpt", "lstm"]
    assert found[24.0].responses == {"gpt": 2.6, "lstm": 2.5}
    assert found[24.0].lead == pytest.approx(2.6 / 2.5 - 1)
    # The run of 200 hours is in no class.
    assert found[96.0].to_dict() == {"hours": 96.0, "responses": {}, "best": None, "lead": None}


def test_throughput_is_shared_between_accelerators():
    assert tokens_allowed(80_000, 6, accelerators=8) == 10_000 * 3600 * 6


@pytest.mark.parametrize("throughput", [0.0, -1.0])
def test_no_throughput_allows_no_tokens(throughput):
    with pytest.raises(TableError, match="Measure the throughput"):
        tokens_allowed(throughput, 6)


def test_a_class_of_no_hours_is_refused():
    with pytest.raises(TableError, match="positive accelerator-hours"):
        in_classes(runs(), classes=[0.0, 6.0])


def test_the_frontier_keeps_the_best_of_each_bin_while_it_improves(rng):
    flops = np.exp(rng.uniform(np.log(1e18), np.log(1e22), 200))
    loss = 2 + 30 * flops**-0.07 * np.exp(np.abs(0.1 * rng.standard_normal(200)))
    places = frontier_places(flops, loss, bins=10)
    assert (np.diff(flops[places]) > 0).all()
    assert (np.diff(loss[places]) < 0).all()
    edges = np.geomspace(flops.min(), flops.max(), 11)
    for place in places:
        k = min(int(np.searchsorted(edges, flops[place], side="right")) - 1, 9)
        inside = (flops >= edges[k]) & (flops <= edges[k + 1])
        assert loss[place] == loss[inside].min()


def test_the_frontier_is_taken_recipe_by_recipe():
    rows = {"recipe": ["a", "a", "b", "b"], "flops": [1e18, 1e20, 1e18, 1e20], "loss": [3.0, 2.5, 4.0, 4.1]}
    found = frontier_runs(RunTable.from_columns(rows), bins=2)
    assert found.source_rows.tolist() == [1, 2, 3]
    assert "not on the frontier" in found.excluded[0].reason


def test_no_bins_are_refused():
    with pytest.raises(TableError, match="0 bins"):
        frontier_places([1.0], [1.0], bins=0)
