"""Alabdulmohsin et al. 2022, arXiv:2209.06640: extrapolation of 20 language curves, fitted on `is_train` = 1.

The numbers are those of the table's own JSON: `E + c x^-k` by least squares on the log, error beyond the fit.
"""

from pathlib import Path

import numpy as np
import pytest

from isoflop import laws
from isoflop.fit.fitting import fit_law
from isoflop.runs.read import read_runs
from isoflop.runs.table import RunTable

# Domain, curves, mean root mean square error on the held-out part.
PRINTED = (("BB", 10, 0.007580404565122623), ("LM", 5, 0.0009859490126494855), ("NMT", 5, 0.01539459810644972))


@pytest.mark.parametrize(("domain", "curves", "printed"), PRINTED)
def test_held_out_parts_of_the_curves(domain: str, curves: int, printed: float, data_directory: Path) -> None:
    runs = read_runs(data_directory / "learning_curves_lang.csv", where=f"domain = '{domain}'")
    labels = [np.array(names)[place] for names, place in (runs.labels(word) for word in ("task", "model"))]
    keys = sorted(set(zip(*labels, strict=True)))
    x, y, train = runs.column("x"), runs.column("y"), runs.column("is_train") == 1
    errors, verdicts = [], []
    for task, model in keys:
        own = (labels[0] == task) & (labels[1] == model)
        table = RunTable.from_columns({"tokens": x[own & train], "loss": y[own & train]})
        fit = fit_law(laws.get("power-tokens-floor"), table, objective="log-ls")
        beyond = own & ~train
        errors.append(np.sqrt(np.mean((fit.evaluate(tokens=x[beyond]) - y[beyond]) ** 2)))
        verdicts.append((fit.parameters["E"] < 1e-6, fit.certificate.verdict))
    assert len(keys) == curves
    assert np.mean(errors) == pytest.approx(printed, rel=1e-5)
    # Where the floor vanishes, the certificate says so.
    assert all(verdict == "weakly identified" for vanished, verdict in verdicts if vanished)
    assert any(verdict == "certified" for _, verdict in verdicts)
