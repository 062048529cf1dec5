"""Runs that are written: read back by their formats and by the ladder."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest
from tests.plan.fits import fitted

from isoflop import laws
from isoflop.errors import FileError, InputError
from isoflop.fit import fit_law
from isoflop.ladder.grid import read_ladder
from isoflop.ladder.shape import shape_of
from isoflop.plan.emit import run_spec, runs_of, write_ladder_file, write_run_file
from isoflop.plan.optimum.plan import plan
from isoflop.plan.within.within import plan_within
from isoflop.runs.table import RunTable
from isoflop.uncertainty.bootstrap import bootstrap

LADDER = Path(__file__).parents[2] / "examples" / "ladder_small.toml"


def test_a_plan_becomes_runs() -> None:
    """Size, data, whole batches; tokens within half a step of the plan's."""
    found = plan(fitted(), flops=1e22)
    runs = runs_of(found, seeds=(0, 1))
    assert [run.seed for run in runs] == [0, 1]
    run = runs[0]
    assert run.shape.params == pytest.approx(float(found.params.value), rel=0.05)
    assert run.tokens == run.steps * run.batch_tokens
    assert abs(run.tokens - float(found.tokens.value)) <= run.batch_tokens / 2
    assert run.batch_tokens % run.shape.context == 0
    assert run.lr == pytest.approx(1.79 * run.shape.params_non_embedding**-0.713 * float(found.tokens.value) ** 0.307)


def test_a_plan_within_limits_becomes_runs() -> None:
    """Words of the solved plan are enough; a given batch is kept."""
    found = plan_within(fitted(), choose={"params": None, "tokens": None}, limits=["flops <= 1e21"])
    run = runs_of(found, batch_tokens=2**20, precision="fp8")[0]
    assert run.batch_tokens == 2**20
    assert run.precision == "fp8"
    assert run.shape.params * run.tokens * 6 == pytest.approx(1e21, rel=0.06)
    assert not run.derivation[1].assumption


def test_a_plan_without_data_has_no_runs() -> None:
    """The message names what is lacking."""
    law = laws.from_text("E + A/N^alpha")
    size = np.geomspace(1e8, 1e10, 8)
    runs = RunTable.from_columns({"params": size, "loss": 1.7 + 400 / size**0.33})
    fit = bootstrap(fit_law(law, runs, objective="ls"), runs, draws=20, rng=np.random.default_rng(0), workers=1)
    found = plan_within(fit, choose={"params": None}, limits=["params <= 1e9"])
    with pytest.raises(InputError, match="tokens"):
        runs_of(found)


@pytest.mark.parametrize("ending", ["toml", "json"])
def test_both_formats_hold_the_same(ending: str, tmp_path: Path) -> None:
    """What is read back is what was written."""
    runs = [run_spec(4e8, 8e9, seed=seed) for seed in (0, 1)]
    path = tmp_path / f"runs.{ending}"
    write_run_file(path, runs)
    text = path.read_text("utf-8")
    read = (tomllib.loads if ending == "toml" else json.loads)(text)
    assert read["runs"] == [run.to_dict() for run in runs]


def test_the_ladder_reads_its_file(tmp_path: Path) -> None:
    """Widths nearest in size, tokens and seeds; corpus and recipe of the template."""
    wanted = {(width, tokens, seed) for width, tokens in ((48, 10**6), (96, 2 * 10**6)) for seed in (0, 1)}
    runs = [(1.02 * shape_of(width).params, float(tokens), seed) for width, tokens, seed in sorted(wanted)]
    path = tmp_path / "ladder.toml"
    write_ladder_file(path, LADDER, runs, lambda width: shape_of(width).params)
    ladder, template = read_ladder(path), read_ladder(LADDER)
    assert ladder.recipe == template.recipe
    assert ladder.packages == template.packages
    assert {(job.width, job.tokens, job.seed) for job in ladder.jobs} == wanted


def test_a_given_size_is_a_size() -> None:
    """What was given counts as much as what was chosen."""
    found = plan_within(fitted(), choose={"tokens": (1e9, 1e12)}, limits=["flops <= 1e21"], given={"params": "1B"})
    assert runs_of(found)[0].shape.params == pytest.approx(1e9, rel=0.05)


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    """Endings, schedules and templates."""
    runs = [run_spec(4e8, 8e9)]
    with pytest.raises(FileError, match=r"\.toml or \.json"):
        write_run_file(tmp_path / "runs.yaml", runs)
    with pytest.raises(FileError, match="cannot be written"):
        write_run_file(tmp_path / "none" / "runs.json", runs)
    with pytest.raises(FileError, match="cannot be read"):
        write_ladder_file(tmp_path / "ladder.toml", tmp_path / "none.toml", [(1e6, 1e6, 0)], float)
    with pytest.raises(InputError, match="schedule"):
        run_spec(4e8, 8e9, schedule="staircase")


def test_a_rule_beyond_its_source_says_so_in_the_derivation_alone() -> None:
    """1.4T tokens lie beyond the runs of Step Law: the note is in the steps, and no warning ends the test."""
    steps = map(str, run_spec(7e9, 1.4e12).derivation)
    noted = [step for step in steps if "decades outside the runs of the source" in step]
    assert len(noted) == 2
    assert "tokens 1.4e+12" in noted[0]
