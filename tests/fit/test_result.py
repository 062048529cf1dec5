"""Frozen results: predictions, intervals, and JSON bit for bit."""

import dataclasses
import json
import math

import numpy as np
import pytest
from scipy.special import ndtr
from tests.fit.synthetic import chinchilla_runs

import isoflop as iso
from isoflop.errors import ColumnError, FileError, LawError
from isoflop.fit import Correction, Fit
from isoflop.fit.estimate import interval_from_draws
from isoflop.fit.fitting import fit_law
from isoflop.laws.law import Law, Parameter, Source
from isoflop.runs.table import RunTable


@pytest.fixture(scope="module")
def fit():
    return iso.fit("chinchilla", chinchilla_runs(noise=0.004), bootstrap=200, seed=3)


def test_json_gives_the_same_fit_bit_for_bit(fit):
    again = Fit.from_json(fit.to_json())
    assert again.to_json() == fit.to_json()
    assert np.array_equal(again.draws, fit.draws)
    assert again.predict(params=1e11, tokens=1e12).interval == fit.predict(params=1e11, tokens=1e12).interval


def test_json_of_a_users_law_with_levels(tmp_path):
    runs = {"N": [1e8, 2e8, 4e8, 8e8] * 3, "recipe": ["a", "b", "c"] * 4}
    runs["loss"] = [2 + 10 * n**-0.1 for n in runs["N"]]
    made = iso.fit("E[recipe] + A/N^alpha", runs, bootstrap=20)
    path = tmp_path / "fit.json"
    made.to_json(path)
    again = Fit.from_json(path)
    assert again.parameters == made.parameters
    assert again.predict(params=1e9, recipe="b").value == made.predict(params=1e9, recipe="b").value


def test_json_keeps_the_documented_keys(fit):
    data = json.loads(fit.to_json())
    assert set(data["objective"]) >= {"name", "value"}
    assert set(data["parameters"]["alpha"]) == {"value", "interval"}
    assert set(data["certificate"]) >= {"verdict", "reasons"}
    assert len(data["data"]["sha256"]) == 64
    assert {"law", "formula", "rows", "level"} <= set(data)


NESTED = '{"a":' + "[" * 100_000
HUGE = "1" + "0" * 400


def test_a_damaged_fit_is_refused(fit):
    data = fit.to_json()
    start = data.index('"value": ', data.index('"alpha"')) + len('"value": ')
    damaged = data[:start] + HUGE + data[data.index("\n", start) - 1 :]
    empty = json.dumps({**json.loads(data), "data": {**json.loads(data)["data"], "ranges": {"params": []}}})
    for text in (damaged, empty, NESTED, "a\0b"):
        with pytest.raises(FileError, match=r"isoflop"):
            Fit.from_json(text)


@pytest.mark.parametrize(
    "columns",
    [
        {"params": [1e9, 2e9, 3e9], "tokens": [1e9, 2e9]},
        {"params": [], "tokens": []},
        {"params": [[1e9]], "tokens": 1e9},
    ],
)
def test_inputs_of_other_shapes_are_refused(fit, columns):
    with pytest.raises(ColumnError, match="lists of one length"):
        fit.predict(**columns)


def test_levels_are_found_with_spaces_and_in_lists():
    runs = {"N": [1e8, 2e8, 4e8, 8e8] * 3, "recipe": ["a", "b", "c"] * 4}
    runs["loss"] = [2 + "abc".index(r) + 10 * n**-0.1 for n, r in zip(runs["N"], runs["recipe"], strict=True)]
    made = iso.fit("E [ recipe ] + A/N^alpha", runs, bootstrap=0)
    found = made.evaluate(params=1e8, recipe=["a", "b", "c"])
    assert found == pytest.approx([2 + k + 10 * 1e8**-0.1 for k in range(3)], rel=1e-6)


def test_an_interval_holds_its_estimate_where_all_draws_lie_on_one_side():
    draws = np.random.default_rng(0).normal(2.0, 0.2, 1000)
    low, high = interval_from_draws(1.0, draws, 0.9, Correction(24, 5))
    assert low == 1.0
    assert high > 2.2


@pytest.mark.parametrize("count", [50, 100, 1000])
def test_intervals_of_few_draws_are_as_wide_as_they_say(count):
    # The usual quantiles of 50 draws leave out 13 % instead of 10 %.
    draws = np.random.default_rng(count).standard_normal((count, 3000))
    low, high = interval_from_draws(np.zeros(3000), draws, 0.9, Correction(10**9, 0))
    assert np.mean(ndtr(high) - ndtr(low)) == pytest.approx(0.9, abs=0.006)


@pytest.mark.parametrize("text", ["{}", "{nonsense", '{"law": 3}', '{"law": "x", "formula": "__import__(1)"}'])
def test_what_is_no_fit_is_refused(text):
    with pytest.raises((FileError, LawError)):
        Fit.from_json(text)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileError, match=r"nothing\.json"):
        Fit.from_json(tmp_path / "nothing.json")


def test_a_fit_is_frozen(fit):
    with pytest.raises(dataclasses.FrozenInstanceError):
        fit.level = 0.5


def test_prediction_intervals_hold_the_value_and_grow_with_level_and_noise(fit):
    narrow = fit.predict(params=1e11, tokens=1e12, level=0.5, new_run=False)
    mean = fit.predict(params=1e11, tokens=1e12, new_run=False)
    single = fit.predict(params=1e11, tokens=1e12)
    assert mean.interval[0] < mean.value < mean.interval[1]
    assert narrow.interval[1] - narrow.interval[0] < mean.interval[1] - mean.interval[0]
    assert mean.interval[1] - mean.interval[0] < single.interval[1] - single.interval[0]


def test_inflation_widens_predictions_and_is_said(fit):
    wide = dataclasses.replace(fit, inflation=2.0)
    before, after = (f.predict(params=1e11, tokens=1e12) for f in (fit, wide))
    ratio = np.log(after.interval[1] / after.value) / np.log(before.interval[1] / before.value)
    assert ratio == pytest.approx(2.0)
    assert wide.interval("alpha") == fit.interval("alpha")
    assert len(after.leaves_out) == len(before.leaves_out) - 1


def test_distance_is_said_in_decades(fit):
    high = fit.data.ranges["params"][1]
    forecast = fit.predict(params=high * 100, tokens=fit.data.ranges["tokens"][1])
    assert forecast.distance_decades["params"] == pytest.approx(2.0)
    assert forecast.distance_decades["tokens"] == 0.0
    assert forecast.distance_decades["flops"] > 0


def test_arrays_are_predicted_at_once(fit):
    forecast = fit.predict(params=[1e9, 1e10], tokens=[2e10, 2e11])
    single = fit.predict(params=1e10, tokens=2e11)
    assert forecast.value[1] == single.value
    assert forecast.interval[1][1] == pytest.approx(single.interval[1])


def test_flops_follow_from_params_and_tokens():
    runs = {"C": [1e18, 1e19, 1e20, 1e21], "loss": [3.1, 2.7, 2.4, 2.2]}
    made = iso.fit("K/C^a", runs, bootstrap=0)
    assert made.evaluate(params=1e9, tokens=1e10)[0] == made.evaluate(flops=6e19)[0]


def test_without_draws_there_is_no_interval(fit):
    bare = dataclasses.replace(fit, draws=None)
    with pytest.raises(LawError, match="no draws"):
        bare.interval("alpha")


def test_text_shows_parameters_and_verdict(fit):
    assert "alpha" in str(fit)
    assert "certified" in str(fit)


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"params": 1e9, "N": 2e9, "tokens": 1e10}, "given twice"),
        ({"params": 1e9, "tokens": 1e10, "lr": 1e-3}, "does not depend on 'lr'"),
        ({"params": 1e9}, "tokens"),
        ({"params": "seven", "tokens": 1e10}, "not a quantity"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(fit, inputs, words):
    with pytest.raises(iso.InputError, match=words):
        fit.predict(**inputs)


def test_quantities_are_read(fit):
    assert fit.predict(params="100B", tokens="1T").value == fit.predict(params=1e11, tokens=1e12).value


@pytest.mark.parametrize("level", [0.0, 1.0, 1.5, -0.1])
def test_a_level_that_is_no_probability_is_refused(fit, level):
    with pytest.raises(iso.InputError, match="between 0 and 1"):
        fit.predict(params=1e9, tokens=1e10, level=level)


def test_a_law_does_not_explain_a_column_by_itself():
    with pytest.raises(iso.InputError, match="by itself"):
        iso.fit("A*L^a", chinchilla_runs(noise=0.01), bootstrap=0)


def test_a_negative_seed_is_refused():
    with pytest.raises(iso.InputError, match="seed"):
        iso.fit("chinchilla", chinchilla_runs(noise=0.01), seed=-1)


def test_json_keeps_all_that_a_users_law_says():
    law = Law(
        "mine", "L = E + A/x^alpha", title="Loss in x", variables=("x",), unit="bits/byte", counted="x in millions",
        valid="small x", advice="beware", source=Source("Nobody", 2026, "Notes", "p. 3"), limits=(0.0, math.inf),
        ranges={"x": (1.0, 1e4)}, parameters={"alpha": Parameter((0.0, 2.0), "exponent", (0.1, 0.9))},
    )  # fmt: skip
    x = np.geomspace(1, 1e4, 12)
    fit = fit_law(law, RunTable.from_columns({"x": x, "loss": 1.5 + 2 / x**0.4}))
    assert Fit.from_json(fit.to_json()).law == law


def shares_of(noise: float) -> Fit:
    """A fit of a share that rises to one, from runs that scatter."""
    law = Law("share", "right = 1 - A/x^alpha", variables=("x",), unit="share", valid="x above 1", limits=(0.0, 1.0))
    x = np.geomspace(1, 100, 24)
    right = 1 - 0.3 / x**0.5 + noise * np.random.default_rng(1).standard_normal(24)
    return iso.fit(law, RunTable.from_columns({"x": x, "right": right}), objective="ls", bootstrap=200)


def test_a_forecast_that_the_response_cannot_have_is_refused():
    fit = shares_of(0.001)
    assert fit.predict(x=1e4).value == pytest.approx(0.997, abs=1e-3)
    with pytest.raises(iso.InputError, match="between 0 and 1"):
        fit.predict(x=1e-3)


def test_an_interval_ends_where_the_response_must():
    found = shares_of(0.05).predict(x=[10.0, 1e5])
    assert found.interval[1][0] < found.interval[1][1] == 1.0
    assert (found.interval[0] < found.value).all()
