"""What leverages do to intervals: closed forms of a line, and the same answer by every way to ask."""

import json
import math

import numpy as np
import pytest
from experiments.leverage import RESULT, TARGET, designs, simulate

import isoflop as iso
from isoflop.fit.estimate import Correction
from isoflop.fit.leverage import Leverage
from isoflop.fit.quantiles import normal_quantile, student_quantile
from isoflop.fit.result import Fit

FLOPS = np.concatenate([np.geomspace(1e18, 1e19, 12), [1e21, 2e21]])
FAR = 1e23


def line(**settings: object) -> Fit:
    """A line in logarithms, twelve small runs and two large ones."""
    noise = 3e-3 * np.random.default_rng(1).standard_normal(len(FLOPS))
    runs = {"flops": FLOPS, "loss": 1.2 * (FLOPS / 1e18) ** -0.05 * np.exp(noise), "group": np.arange(14) // 2}
    return iso.fit("K/(C/1e18)^a", runs, objective="log-ls", bootstrap=2000, **settings)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def fit() -> Fit:
    return line()


def known(x0: float, x: np.ndarray) -> float:
    """Share of the variance of a line's value at x0 that residuals keep, of all that it has."""
    centred = x - x.mean()
    pull = 1 / len(x) + (x0 - x.mean()) * centred / np.sum(centred**2)
    left = 1 - 1 / len(x) - centred**2 / np.sum(centred**2)
    return float(np.sum(left * pull**2) / np.sum(pull**2))


@pytest.mark.parametrize("flops", [3e18, 3e20, FAR])
def test_a_line_keeps_the_share_of_the_closed_form(fit: Fit, flops: float) -> None:
    found = fit.correction_of(fit.evaluate(flops=flops)[0], fit.evaluate_draws(flops=flops)[:, 0])
    assert found.kept == pytest.approx(known(math.log(flops), np.log(FLOPS)), rel=0.02)


def test_a_forecast_that_two_runs_decide_is_less_sure_than_runs_and_parameters_say(fit: Fit) -> None:
    inside, beyond = (
        fit.correction_of(fit.evaluate(flops=c)[0], fit.evaluate_draws(flops=c)[:, 0]) for c in (3e18, FAR)
    )
    assert beyond.factor(0.9) > 1.2 * fit.correction.factor(0.9) > 1.2 * inside.factor(0.9)


def test_the_factor_is_that_of_share_and_freedom() -> None:
    wide = student_quantile(15, 0.95) / normal_quantile(0.95)
    assert Correction(20, 5).factor(0.9) == pytest.approx(math.sqrt(20 / 15) * wide, rel=1e-12)
    assert Correction(20, 5, inflation=2.0, kept=0.25).factor(0.9) == pytest.approx(4 * wide, rel=1e-12)
    assert Correction(20, 5, lost=False).factor(0.9) == pytest.approx(wide, rel=1e-12)


@pytest.mark.parametrize("new_run", [False, True])
def test_many_places_have_the_intervals_of_each(fit: Fit, new_run: bool) -> None:
    places = [2e18, 3e20, FAR]
    together = fit.predict(flops=places, new_run=new_run).interval
    alone = [fit.predict(flops=c, new_run=new_run).interval for c in places]
    np.testing.assert_allclose(np.transpose(together), alone, rtol=1e-9)


def test_forecast_plan_and_what_is_derived_agree() -> None:
    law, columns = designs()["30 small runs and 2 large ones"]
    truth = law.published_set("epoch-2024").values
    noise = np.exp(4e-3 * np.random.default_rng(2).standard_normal(32))
    fit = iso.fit(law, {**columns, "loss": law.predict(truth, **columns) * noise}, bootstrap=300)
    said = fit.predict(new_run=False, **TARGET).interval

    def loss(p: dict[str, np.ndarray]) -> np.ndarray:
        return p["E"] + p["A"] / TARGET["params"] ** p["alpha"] + p["B"] / TARGET["tokens"] ** p["beta"]

    assert iso.propagate(fit, loss).interval == pytest.approx(said, rel=1e-9)
    assert iso.plan(fit, **TARGET).loss.interval == pytest.approx(said, rel=1e-9)
    again = Fit.from_json(fit.to_json())
    assert again.to_json() == fit.to_json()
    assert again.predict(new_run=False, **TARGET).interval == said


def test_a_file_without_leverages_has_the_factor_of_all(fit: Fit) -> None:
    data = json.loads(fit.to_json())
    del data["leverage"]
    old = Fit.from_json(json.dumps(data))
    assert old.leverage is None
    assert old.correction_of(1.0, np.ones(2000)) == fit.correction
    narrow, wide = (one.predict(flops=FAR, new_run=False).interval for one in (old, fit))
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


@pytest.mark.parametrize(
    "settings", [{"resample": "pairs"}, {"resample": "cluster:group"}, {"prior": {"a": (0.05, 0.01)}}]
)
def test_other_draws_show_all_of_the_noise(settings: dict[str, object]) -> None:
    assert line(**settings).leverage is None


def test_a_quantity_that_the_parameters_do_not_explain_has_the_factor_of_all(fit: Fit) -> None:
    noise = np.random.default_rng(3).standard_normal(2000)
    assert fit.correction_of(0.0, noise).share == fit.correction.share
    assert fit.correction_of(0.0, np.full(2000, np.nan)).share == fit.correction.share
    assert fit.correction_of(0.0, noise[:300]) == fit.correction


def test_draws_without_a_value_do_not_count() -> None:
    lever = Leverage((True, False), np.diag([0.5, 0.9]), np.eye(2))
    rng = np.random.default_rng(4)
    draws = np.stack([np.exp(rng.standard_normal(50)), rng.standard_normal(50)], axis=1)
    value, values = np.array([1.0, 0.0]), draws.copy()
    values[7] = np.nan
    np.testing.assert_allclose(lever.shares(np.array([1.0, 0.0]), draws, value, values), [0.5, 0.9], rtol=1e-9)


def test_what_was_said_of_a_parameter_is_printed() -> None:
    printed = str(line(prior={"a": (0.05, 0.01)}))
    assert "prior 0.05 ± 0.01" in printed


def test_the_kept_simulation_covers_within_three_points() -> None:
    kept = json.loads(RESULT.read_text(encoding="utf-8"))
    assert kept["simulations"] >= 400
    assert {row[0] for row in kept["rows"]} == set(designs())
    for design, level, one_factor, own, new in kept["rows"]:
        nominal, *shares = (float(text.rstrip("%")) for text in (level, own, new))
        assert all(abs(share - nominal) <= 3.0 for share in shares), design
        if design.startswith("30 small"):
            assert float(one_factor.rstrip("%")) < nominal - 5


@pytest.mark.slow
def test_a_fresh_piece_of_the_simulation_agrees_with_the_kept_one() -> None:
    """Other seeds than the kept run; three Monte-Carlo standard errors of allowance."""
    for (way, level), share in simulate("30 small runs and 2 large ones", range(20_000, 20_120)).items():
        if way != "one factor for all":
            assert abs(share - level) <= 0.03 + 3 * np.sqrt(level * (1 - level) / 120), (way, level)
