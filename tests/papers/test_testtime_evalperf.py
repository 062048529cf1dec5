"""EvalPerf's released counts (arXiv:2408.06450), read as samples: 34 settings of 33 models on 118 tasks."""

from pathlib import Path

import numpy as np
import pytest

from isoflop.errors import TableError
from isoflop.runs.read import read_runs
from isoflop.testtime.estimators.coverage import pass_at_k
from isoflop.testtime.reading.read import read_counts, read_counts_by


@pytest.fixture(scope="module")
def file(data_directory: Path) -> Path:
    return data_directory / "evalperf_per_task.csv"


def test_every_model_and_prompt_is_a_part(file: Path) -> None:
    parts = read_counts_by(file, by=["model", "prompt"])
    assert len(parts) == 34
    assert {len(counts) for counts in parts.values()} == {118}
    assert {counts.fewest for counts in parts.values()} == {50, 100}
    assert sum(len(counts) for counts in parts.values()) == 4012
    with pytest.raises(TableError, match="3894 rows of a problem beyond the first"):
        read_counts(file)


def test_pass_at_one_is_the_released_pass_rate(file: Path) -> None:
    table = read_runs(file, response="pass_rate")
    names, codes = table.labels("model")
    model = names.index("google--gemma-2-9b-it")
    released = table.column("pass_rate")[codes == model]
    counts = read_counts(file, where="model = 'google--gemma-2-9b-it'")
    assert counts.problems[:3] == ("HumanEval/0", "HumanEval/4", "HumanEval/9")
    assert float(pass_at_k(counts.n, counts.c, 1).mean()) == pytest.approx(released.mean(), abs=1e-12)
    np.testing.assert_allclose(np.sort(counts.rates), np.sort(released), atol=1e-12)
