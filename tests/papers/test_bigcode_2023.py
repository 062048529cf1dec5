"""BigCode project 2023, ScalingLaws.ipynb: Chinchilla's form on isoFLOP runs of code models."""

import math
from pathlib import Path

from tests.papers.support import assert_prints_as
from tests.papers.tables import bigcode_runs

from isoflop import laws
from isoflop.fit import fit_law


def test_the_isoflop_runs_give_an_optimum_below_the_notebook_s(data_directory: Path) -> None:
    law = laws.get("chinchilla")
    fit = fit_law(law, bigcode_runs(data_directory), objective="log-huber:1e-3")
    assert fit.rows == 78
    assert_prints_as(fit.value, "0.00069516")
    # The notebook printed the objective as 0.0007 and stopped within 0.02 of these logarithms.
    assert_prints_as(fit.value, "0.0007")
    notebook = law.published_set("bigcode-2023").values
    for name in ("A", "B", "E"):
        assert abs(math.log(fit.parameters[name] / notebook[name])) < 0.03
    for name in ("alpha", "beta"):
        assert abs(fit.parameters[name] - notebook[name]) < 0.0015


def test_the_exponent_of_the_optimal_size(data_directory: Path) -> None:
    fit = fit_law(laws.get("chinchilla"), bigcode_runs(data_directory), objective="log-huber:1e-3")
    alpha, beta = fit.parameters["alpha"], fit.parameters["beta"]
    assert_prints_as(beta / (alpha + beta), ".447")
