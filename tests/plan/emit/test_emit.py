"""Runs that are written: read back by their formats and by the ladder."""

import json
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.plan.fits import fitted, two_recipes

from isoflop import laws
from isoflop.errors import FileError, InputError
from isoflop.fit import fit_law
from isoflop.ladder.grid import read_ladder
from isoflop.ladder.shape import shape_of
from isoflop.plan.costs.hardware import device
from isoflop.plan.emit.files import write_ladder_file, write_run_file
from isoflop.plan.emit.plans import runs_of
from isoflop.plan.emit.run import run_spec
from isoflop.plan.optimum.plan import plan
from isoflop.plan.optimum.result import Plan
from isoflop.plan.within.within import plan_within
from isoflop.runs.table import RunTable
from isoflop.uncertainty.bootstrap import bootstrap

LADDER = Path(__file__).parents[3] / "examples" / "ladder_small.toml"


def test_a_plan_becomes_runs() -> None:
    """Size, data, whole batches; the plan's compute within half a step, whatever size has a shape."""
    found = plan(fitted(), flops=1e22)
    runs = runs_of(found, seeds=(0, 1))
    assert [run.seed for run in runs] == [0, 1]
    run = runs[0]
    assert run.shape.params == pytest.approx(float(found.params.value), rel=0.05)
    assert run.tokens == run.steps * run.batch_tokens
    tokens = 1e22 / 6 / run.shape.params
    assert abs(run.tokens - tokens) <= run.batch_tokens / 2
    assert run.batch_tokens % run.shape.context == 0
    assert run.lr == pytest.approx(1.79 * run.shape.params_non_embedding**-0.713 * tokens**0.307)


def test_a_plan_within_limits_becomes_runs() -> None:
    """Words of the solved plan are enough; a given batch is kept."""
    found = plan_within(fitted(), choose={"params": None, "tokens": None}, limits=["flops <= 1e21"])
    run = runs_of(found, batch_tokens=2**20, precision="fp8")[0]
    assert run.batch_tokens == 2**20
    assert run.precision == "fp8"
    assert abs(run.tokens - 1e21 / 6 / run.shape.params) <= run.batch_tokens / 2
    assert not next(step for step in run.derivation if step.text.startswith("Batch")).assumption


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


def test_what_a_run_file_says_of_a_run_beyond_the_data(tmp_path: Path) -> None:
    """Distance in decades, the interval and the factor that widened it, warnings: in the file itself."""
    fit = replace(fitted(), inflation=1.5)
    for found in (
        plan(fit, flops=1e25),
        plan_within(fit, choose={"params": None, "tokens": None}, limits=["flops <= 1e25"]),
    ):
        write_run_file(tmp_path / "runs.toml", runs_of(found))
        run = tomllib.loads((tmp_path / "runs.toml").read_text("utf-8"))["runs"][0]
        assert run["decades_beyond_the_runs"] == pytest.approx(dict(found.distance_decades), abs=1e-3)
        assert run["decades_beyond_the_runs"]["params"] > 1
        loss = found.loss if isinstance(found, Plan) else found.best
        assert run["expected"][0]["response"] == "loss"
        assert run["expected"][0]["value"] == pytest.approx(float(loss.value), rel=1e-5)
        assert run["expected"][0]["interval"] == pytest.approx(list(loss.interval), rel=1e-5)
        assert run["expected"][0]["widened_by"] == 1.5
        assert run["warnings"] == list(found.warnings)
        assert any("factor 1.50" in text for text in run["warnings"])
    plain = runs_of(plan(fitted(), flops=1e25))[0].to_dict()
    assert "widened_by" not in plain["expected"][0]
    assert any("no back-test was run" in text for text in plain["warnings"])
    inside = runs_of(plan(fitted(), flops=1e21))[0].to_dict()
    assert inside["decades_beyond_the_runs"] == {}


def test_a_run_keeps_the_limits_of_its_plan() -> None:
    """The size is rounded to a shape and the data follow: money and deadline hold up to half a step."""
    found = plan_within(
        fitted(), choose={"params": None, "tokens": None, "devices": "64..1024/64"}, device="H100", precision="fp8",
        limits=["money <= $2M", "time <= 30 days"], given={"price": "$2/h"},
    )  # fmt: skip
    run = runs_of(found)[0].to_dict()
    hours = run["flops"] / (device("H100").peak("fp8") * 0.4) / 3600
    assert 2 * hours <= 2e6 * (1 + 0.5 / run["steps"])
    assert hours * 3600 / run["decided"]["devices"] <= 30 * 86400
    assert run["precision"] == "fp8"
    assert "every limit is kept" in " ".join(run["derivation"])


def test_a_run_says_what_else_was_decided() -> None:
    """Epochs, distinct tokens and a recipe are no settings of a shape, but part of the run."""
    found = plan_within(
        two_recipes(), choose={"params": None, "tokens": None}, limits=["flops <= 1e21"], given={"recipe": "better"}
    )
    assert runs_of(found)[0].decided == {"recipe": "better"}
    law = laws.get("data-constrained")
    size, epochs = (g.ravel() for g in np.meshgrid(np.geomspace(1e8, 1e10, 5), np.geomspace(1, 40, 5)))
    columns = {"params": size, "tokens": 1e9 * epochs, "unique_tokens": np.full(25, 1e9)}
    loss = law.predict(law.published[0].values, **columns)
    runs = RunTable.from_columns({**columns, "loss": loss})
    fit = fit_law(law, runs, objective="ls", fix={"E": law.published[0].values["E"]})
    fit = bootstrap(fit, runs, draws=10, rng=np.random.default_rng(0), workers=1)
    repeated = plan_within(
        fit,
        choose={"params": None, "epochs": (1, 100)},
        limits=["flops <= 1e21"],
        given={"unique_tokens": "2e9 tokens"},
    )
    run = runs_of(repeated)[0]
    assert run.decided["unique_tokens"] == 2e9
    assert run.decided["epochs"] == pytest.approx(run.tokens / 2e9, rel=1e-3)


def test_data_that_were_given_stay_as_they_are() -> None:
    """Only data that followed the size follow the size that has a shape."""
    run = runs_of(plan(fitted(), params="7B", tokens="100B tokens"))[0]
    assert abs(run.tokens - 1e11) <= run.batch_tokens / 2


def test_a_ladder_file_says_how_far_its_runs_lie(tmp_path: Path) -> None:
    """Warnings are comments before the grid."""
    path = tmp_path / "ladder.toml"
    notes = ("The plan lies beyond the runs.",)
    write_ladder_file(path, LADDER, [(1e6, 1e6, 0)], lambda width: shape_of(width).params, notes=notes)
    assert "\n# The plan lies beyond the runs.\n" in path.read_text("utf-8")
    assert len(read_ladder(path).jobs) == 1
