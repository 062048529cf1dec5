"""A law outside the range that its source supports says how far."""

import re
import warnings
from pathlib import Path

import numpy as np
import pytest

import isoflop as iso
from isoflop import laws
from isoflop.errors import LawError, RangeWarning
from isoflop.laws import Law

SMALL = Law("small", "L = E + A/N^alpha", ranges={"params": (1e6, 1e9)})
VALUES = {"E": 1.7, "A": 400.0, "alpha": 0.34}


def test_the_distance_is_in_decades() -> None:
    assert SMALL.distance({"params": 1e11}) == {"params": pytest.approx(2.0)}
    assert SMALL.distance({"params": [1e7, 1e4]}) == {"params": pytest.approx(2.0)}
    assert SMALL.distance({"params": 1e9}) == {"params": 0.0}


def test_prediction_outside_warns_with_the_distance() -> None:
    with pytest.warns(RangeWarning, match=r"'small': params by 1 decades \(it supports 1.00M to 1.00B\)"):
        SMALL.predict(VALUES, params=1e10)


def test_prediction_inside_is_silent() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert float(SMALL.predict(VALUES, N=1e9)) == pytest.approx(1.7 + 400 * 1e9**-0.34)


def test_ratios_and_compute_are_derived() -> None:
    gadre = laws.get("gadre").distance({"params": 1e9, "tokens": 2e8})
    assert gadre == {"params": 0.0, "tokens_per_param": pytest.approx(2.0)}
    by_flops = Law("c", "E + A/N^alpha + B/D^beta", ranges={"flops": (1e18, 1e21)})
    assert by_flops.distance({"params": 1e10, "tokens": 1e12}) == {"flops": pytest.approx(np.log10(60))}


def test_the_shipped_chinchilla_knows_its_range() -> None:
    law = laws.get("chinchilla")
    with pytest.warns(RangeWarning, match=r"params by 1\.1 decades \(it supports 70.0M to 16.0B\)"):
        law.predict(law.published_set("epoch-2024").values, params=2e11, tokens=4e11)


def test_a_forecast_names_what_lies_beyond_runs_and_source() -> None:
    runs = {"N": np.geomspace(1e6, 1e8, 12)}
    runs["loss"] = np.asarray(SMALL.predict(VALUES, params=runs["N"]))
    fit = iso.fit(SMALL, runs, bootstrap=20)
    assert fit.predict(params=1e11).source_decades == {"params": pytest.approx(2.0)}
    assert fit.predict(params=5e8).source_decades == {}


def test_runs_reach_further_than_the_source() -> None:
    runs = {"N": np.geomspace(1e8, 1e11, 12)}
    runs["loss"] = np.asarray(SMALL.predict(VALUES, params=runs["N"]))
    assert iso.fit(SMALL, runs, bootstrap=20).predict(params=5e10).source_decades == {}


def test_a_range_survives_json_and_comes_from_toml(tmp_path: Path) -> None:
    file = tmp_path / "law.toml"
    file.write_text('name = "small"\nformula = "L = E + A/N^alpha"\n[ranges]\nparams = [1e6, 1e9]\n')
    law = laws.from_toml(file)
    assert law.ranges == {"params": (1e6, 1e9)}
    runs = {"N": np.geomspace(1e6, 1e8, 12)}
    runs["loss"] = np.asarray(law.predict(VALUES, params=runs["N"]))
    again = iso.Fit.from_json(iso.fit(law, runs, bootstrap=20).to_json())
    assert again.law.ranges == law.ranges
    assert again.predict(params=1e10).source_decades == {"params": pytest.approx(1.0)}


@pytest.mark.parametrize("written", ["1e6", "[1e6]", '["a", "b"]'])
def test_a_range_that_is_none_is_refused(tmp_path: Path, written: str) -> None:
    file = tmp_path / "law.toml"
    file.write_text(f'name = "small"\nformula = "L = E + A/N^alpha"\n[ranges]\nparams = {written}\n')
    with pytest.raises(LawError, match="keys that do not fit"):
        laws.from_toml(file)


@pytest.mark.parametrize(
    "name",
    [
        "task-sigmoid", "cod", "observational", "sloth", "lr-annealing", "lr-annealing-params", "multi-power",
        "multi-power-two-stage", "batch-steps", "lr-batch-saturating", "lr-batch-power", "intrinsic-dimension",
    ],
)  # fmt: skip
def test_a_law_has_a_range_or_says_that_its_source_states_none(name: str) -> None:
    law = laws.get(name)
    said = re.search("no range (of [a-z]+ )?stated by the source", law.valid)
    assert law.ranges or said
    assert set(law.ranges) <= set(law.columns)


@pytest.mark.parametrize(
    ("name", "columns", "beyond"),
    [
        ("steplaw-lr", {"params": 1.07e10, "tokens": 1e10}, {"params": 1.0, "tokens": 0.0}),
        ("steplaw-batch", {"tokens": 1e13}, {"tokens": 2.0}),
        ("critical-batch", {"loss": 0.2}, {"loss": 1.0}),
        ("densing", {"days": 7960.0}, {"days": 1.0}),
        ("task-sigmoid", {"task_loss": [0.6, 18.15]}, {"task_loss": 1.0}),
        ("lr-annealing", {"S1": 216.0, "S2": 0.1}, {"S1": 1.0, "S2": 0.0}),
        ("multi-power-two-stage", {"lr_fall": 2e-4, "lr_after": 3e-6}, {"lr_fall": 0.0, "lr_after": 1.0}),
        ("optimal-hyperparameter", {"params": 1e9, "tokens": 1.6e12}, {"params": 0.0, "tokens_per_param": 1.0}),
    ],
)
def test_the_laws_of_hyper_parameters_know_their_ranges(
    name: str, columns: dict[str, float], beyond: dict[str, float]
) -> None:
    assert laws.get(name).distance(columns) == pytest.approx(beyond)
