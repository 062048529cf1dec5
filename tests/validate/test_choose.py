import json

import numpy as np
import pytest
from tests.validate.designs import chinchilla_runs

from isoflop import laws
from isoflop.errors import ColumnError
from isoflop.runs.table import RunTable
from isoflop.validate.choose import CANDIDATES, DEFAULT, choose_objective

CHINCHILLA = laws.get("chinchilla")


def test_without_a_difference_the_default_stays(rng: np.random.Generator) -> None:
    choice = choose_objective(CHINCHILLA, chinchilla_runs(rng), by="params", rng=rng)
    assert choice.objective == DEFAULT
    assert set(choice.errors) == set(CANDIDATES)
    assert "default" in str(choice)
    assert json.loads(json.dumps(choice.to_dict(), allow_nan=False))["objective"] == DEFAULT


def test_runs_with_one_sided_failures_are_not_left_to_least_squares(rng: np.random.Generator) -> None:
    runs = chinchilla_runs(rng, noise=0.001, sizes=8, ratios=8)
    small = runs.column("params") < 1e9
    # A tenth of the small runs diverged; the large ones were looked after.
    loss = runs.column("loss") * np.where(small & (np.arange(len(runs)) % 9 == 4), 1.3, 1.0)
    table = RunTable.from_columns({"N": runs.column("params"), "D": runs.column("tokens"), "loss": loss})
    choice = choose_objective(CHINCHILLA, table, by="params", rng=rng, candidates=("log-ls", "log-huber"))
    assert choice.objective == "log-huber"
    assert choice.against_default is not None
    assert choice.against_default.distinguishable
    assert "beyond chance" in choice.reason


def test_too_few_runs_keep_the_default_and_say_why(rng: np.random.Generator) -> None:
    choice = choose_objective(CHINCHILLA, chinchilla_runs(rng, sizes=2, ratios=4), by="params", rng=rng)
    assert choice.objective == DEFAULT
    assert "allow no back-test" in choice.reason
    assert choice.errors == {}


def test_a_missing_column_is_an_error(rng: np.random.Generator) -> None:
    table = RunTable.from_columns({"N": [1e8, 2e8, 4e8], "loss": [3.0, 2.9, 2.8]})
    with pytest.raises(ColumnError, match="flops"):
        choose_objective(laws.as_law("A/N^a"), table, by="flops", rng=rng)
