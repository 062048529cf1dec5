"""What the tests of the command line share: a runner, a small table, a fit of it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from isoflop.cli.boundary import run
from isoflop.laws.multipower import LUO_CONSTANTS, NAMES, multi_power
from isoflop.methods.schedules import make_schedule

LAW = {"E": 1.69, "A": 406.4, "alpha": 0.34, "B": 410.7, "beta": 0.28}


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it wrote."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found


Isoflop = Callable[..., Ended]


@pytest.fixture
def isoflop(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Isoflop:
    """Return a function that runs one command in this process, as typed after `isoflop`."""
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments: object) -> Ended:
        status = run([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Ended(status, out, err)

    return call


def chinchilla_rows(noise: float = 0.003, seed: int = 1) -> dict[str, np.ndarray]:
    """Return runs of Chinchilla's law: five budgets, five ratios of tokens to parameters."""
    flops, ratio = (x.ravel() for x in np.meshgrid(np.geomspace(1e18, 1e20, 5), np.geomspace(5, 120, 5)))
    params = np.sqrt(flops / 6 / ratio)
    tokens = flops / 6 / params
    loss = LAW["E"] + LAW["A"] / params ** LAW["alpha"] + LAW["B"] / tokens ** LAW["beta"]
    rng = np.random.default_rng(seed)
    return {"N": params, "D": tokens, "loss": loss * np.exp(noise * rng.standard_normal(len(loss)))}


def write_csv(path: Path, columns: dict[str, Any]) -> Path:
    """Write columns as CSV."""
    rows = zip(*(list(values) for values in columns.values()), strict=True)
    lines = [",".join(columns), *(",".join(str(cell) for cell in row) for row in rows)]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a table of 25 runs."""
    return write_csv(tmp_path_factory.mktemp("runs") / "runs.csv", chinchilla_rows())


@pytest.fixture(scope="session")
def recipe_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a table of two recipes, 25 runs each; muon's losses are 1 % lower."""
    one, two = chinchilla_rows(seed=4), chinchilla_rows(seed=5)
    rows = {name: np.concatenate([one[name], two[name] * (0.99 if name == "loss" else 1)]) for name in one}
    named = {"recipe": np.repeat(["adamw", "muon"], 25), **rows}
    return write_csv(tmp_path_factory.mktemp("recipes") / "runs.csv", named)


@pytest.fixture(scope="session")
def curve_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a log of two loss curves that the multi-power law made, with a little noise."""
    rng, warmup = np.random.default_rng(6), 200
    schedules = [make_schedule(shape, 6000, 3e-4, end=3e-5, warmup=warmup) for shape in ("cosine", "constant")]
    step = np.arange(300, 6001, 60)
    rows: dict[str, list[Any]] = {"run": [], "step": [], "lr": [], "loss": []}
    law = multi_power([schedule.lr for schedule in schedules])
    constants = dict(zip(NAMES, LUO_CONSTANTS["100m"], strict=True))
    for code, schedule in enumerate(schedules):
        loss = law.predict(constants, curve=np.full(len(step), code), checkpoint_step=step)
        rows["run"] += [schedule.name] * len(step)
        rows["step"] += step.tolist()
        rows["lr"] += schedule.lr[step].tolist()
        rows["loss"] += (loss * np.exp(0.0005 * rng.standard_normal(len(step)))).tolist()
    return write_csv(tmp_path_factory.mktemp("curves") / "log.csv", {k: np.array(v) for k, v in rows.items()})


@pytest.fixture(scope="session")
def samples_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return counts of 40 samples of 40 problems by two models, the second the better one."""
    rng = np.random.default_rng(8)
    rates = rng.beta(0.5, 2.0, 40)
    rows = {
        "model": np.repeat(["small", "large"], 40),
        "task_id": [f"p{k}" for k in range(40)] * 2,
        "n_samples": np.full(80, 40),
        "n_correct": rng.binomial(40, np.concatenate([rates, np.sqrt(rates)])),
    }
    return write_csv(tmp_path_factory.mktemp("samples") / "counts.csv", rows)


@pytest.fixture(scope="session")
def proportional(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a table whose tokens are proportional to its parameters: no fit of it is certified."""
    rows = chinchilla_rows()
    rows["D"] = rows["N"] * 20
    loss = LAW["E"] + LAW["A"] / rows["N"] ** LAW["alpha"] + LAW["B"] / rows["D"] ** LAW["beta"]
    rows["loss"] = loss * np.exp(0.003 * np.random.default_rng(3).standard_normal(len(loss)))
    return write_csv(tmp_path_factory.mktemp("proportional") / "runs.csv", rows)


@pytest.fixture(scope="session")
def fit_file(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a fit of the table, with draws."""
    path = tmp_path_factory.mktemp("fit") / "fit.json"
    assert run(["fit", str(runs), "--law", "chinchilla", "--bootstrap", "50", "-o", str(path), "--json"]) == 0
    return path


@pytest.fixture(scope="session")
def doubtful(proportional: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a fit that is not certified, with draws."""
    path = tmp_path_factory.mktemp("doubtful") / "fit.json"
    assert run(["fit", str(proportional), "--law", "chinchilla", "--bootstrap", "20", "-o", str(path), "--json"]) == 0
    return path
