"""Gadre et al. 2024, arXiv:2403.08540: five small runs predict over-trained and larger ones."""

from pathlib import Path

import numpy as np
import pytest
from tests.papers.support import assert_prints_as
from tests.papers.tables import FIVE_RUNS, gadre_runs

from isoflop import laws
from isoflop.fit import fit_law

CONSTANTS = {
    "C4": {"E": "1.5083", "a": "141.3", "b": "189.5", "eta": ".12124"},
    "RedPajama": {"E": "1.8366", "a": "212.2", "b": "366.7", "eta": ".136425"},
    "RefinedWeb": {"E": "1.7345", "a": "157.1", "b": "246.2", "eta": ".1272"},
}


@pytest.mark.parametrize("train_set", CONSTANTS)
def test_five_runs_give_the_published_constants(train_set: str, data_directory: Path) -> None:
    runs = gadre_runs(data_directory, train_set, FIVE_RUNS)
    assert len(runs) == 5
    fit = fit_law(laws.get("gadre"), runs, objective="ls")
    for name, text in CONSTANTS[train_set].items():
        assert_prints_as(fit.parameters[name], text)


@pytest.mark.parametrize(
    ("target", "predicted", "relative_percent"),
    [
        ("model = 'open_lm_1b' AND tokens_per_param = 640", "2.5198", ".71"),
        ("model = 'open_lm_7b' AND tokens_per_param = 20", "2.4427", ".73"),
    ],
)
def test_the_headline_predictions(target: str, predicted: str, relative_percent: str, data_directory: Path) -> None:
    fit = fit_law(laws.get("gadre"), gadre_runs(data_directory, "RedPajama", FIVE_RUNS), objective="ls")
    run = gadre_runs(data_directory, "RedPajama", target)
    forecast = float(fit.evaluate(params=run.column("params"), tokens=run.column("tokens"))[0])
    assert_prints_as(forecast, predicted)
    assert_prints_as(100 * (forecast / float(run.column("loss")[0]) - 1), relative_percent)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"params": 1439795200, "tokens": 640 * 1439795200}, "2.5198"),
        ({"params": 6889410560, "tokens": 20 * 6889410560}, "2.4427"),
    ],
)
def test_published_constants_give_the_predictions(columns: dict[str, float], expected: str) -> None:
    law = laws.get("gadre")
    assert_prints_as(law.predict(law.published_set("gadre-2024-redpajama").values, **columns), expected)


@pytest.mark.parametrize(("corpus", "expected"), [("redpajama", "7.42"), ("refinedweb", "5.85")])
def test_the_stationary_ratio_lies_below_every_run(corpus: str, expected: str) -> None:
    v = laws.get("gadre").published_set(f"gadre-2024-{corpus}").values
    assert_prints_as((v["b"] / v["a"]) ** (1 / (2 * v["eta"])), expected)


@pytest.mark.parametrize("ratio", [5.0, 20.0, 640.0])
def test_the_form_in_compute_and_ratio_is_the_same_law(ratio: float) -> None:
    # L = E + (a M^eta + b M^-eta) C^-eta with C = 6 N D and M = D / N.
    law = laws.get("gadre")
    v = law.published_set("gadre-2024-c4").values
    params = np.geomspace(1e7, 1e10, 4)
    flops = 6 * params * (ratio * params)
    paper = v["E"] + (v["a"] * ratio ** v["eta"] + v["b"] * ratio ** -v["eta"]) * flops ** -v["eta"]
    np.testing.assert_allclose(law.predict(v, params=params, tokens=ratio * params), paper, rtol=1e-12)


@pytest.mark.parametrize("corpus", ["c4", "redpajama", "refinedweb"])
def test_full_precision_rounds_to_the_printed_constants(corpus: str) -> None:
    law = laws.get("gadre")
    exact = law.published_set(f"gadre-2024-{corpus}").values
    rounded = law.published_set(f"gadre-2024-{corpus}-printed").values
    assert_prints_as(exact["E"], f"{rounded['E']:.2f}")
    assert_prints_as(exact["a"], f"{rounded['a']:.0f}")
    assert_prints_as(exact["b"], f"{rounded['b']:.0f}")
    assert_prints_as(exact["eta"], f"{rounded['eta']:.3f}")
