"""Caballero et al. 2022, arXiv:2210.14891: the decomposition of figure 1 and 4-digit addition."""

from dataclasses import replace

import numpy as np
import pytest
from tests.papers.support import assert_prints_as

from isoflop import laws
from isoflop.fit import fit_law
from isoflop.laws.broken import bnsl_formula
from isoflop.runs.table import RunTable

# Figure 4, left: training-set size against test cross-entropy; the last three points are held out.
# fmt: off
PROBLEMS = np.array(
    [160.0, 192, 256, 320, 384, 448, 480, 512, 544, 576, 608, 640, 672, 736, 800, 864, 928]
)
CROSS_ENTROPY = np.array([
    2.13809046, 2.11813418, 2.08955508, 2.06988398, 2.05404987, 2.03837089, 2.02814281, 2.00496872, 1.95576149,
    1.86313841, 1.70891537, 1.50637664, 1.29754721, 0.96559684, 0.75856477, 0.64768338, 0.55695445,
])
# fmt: on
HELD_OUT = 3


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        (1.0, "4660.00"),
        (1e6, "1972.32"),
        (1e10, "27.7221"),
        (1e14, ".427646"),
        (1e18, "2.32886"),
        (1e20, "8.09580"),
        (1e22, "8.6268e-3"),
    ],
)
def test_decomposition_figure(x: float, expected: str) -> None:
    law = laws.get("bnsl-3-flops")
    assert_prints_as(law.predict(law.published_set("decomposition").values, flops=x), expected)


def test_published_addition_constants_predict_the_held_out_points() -> None:
    law = laws.get("bnsl-1-tokens")
    predicted = law.predict(law.published_set("addition-4-digit").values, tokens=PROBLEMS[-HELD_OUT:])
    for value, expected in zip(predicted, (".7602", ".6375", ".5626"), strict=True):
        assert_prints_as(value, expected)


def test_the_softplus_form_equals_the_printed_product() -> None:
    law = laws.get("bnsl-3-flops")
    v = law.published_set("decomposition").values
    x = np.geomspace(1e-1, 1e22, 50)
    printed = v["b"] * x ** -v["c0"]
    for i in (1, 2, 3):
        printed = printed * (1 + (x / v[f"d{i}"]) ** (1 / v[f"f{i}"])) ** (-v[f"c{i}"] * v[f"f{i}"])
    np.testing.assert_allclose(law.predict(v, flops=x), v["a"] + printed, rtol=1e-12)


def test_fit_on_fourteen_points_extrapolates_to_the_last_three() -> None:
    # The authors minimise the squared error of log(y + 1): a law for that response says the same.
    formula = f"shifted_log = log(1 + {bnsl_formula(1, 'D')})"
    law = replace(laws.get("bnsl-1-tokens"), formula=formula)
    runs = RunTable.from_columns({"tokens": PROBLEMS, "shifted_log": np.log1p(CROSS_ENTROPY)})
    few = runs.select(np.arange(len(runs)) < len(runs) - HELD_OUT, "held out")
    fit = fit_law(law, few, objective="ls")
    # The reference is curve_fit's result, right to five digits (a = .413885, c1 = 5.66291); Gauss-Newton in
    # 40-digit arithmetic ends at the published set of this law.
    assert fit.parameters == pytest.approx(law.published_set("addition-4-digit").values, rel=2e-9)
    expected = {"a": ".41388", "b": "2.27727", "c0": ".0550773", "c1": "5.6629", "d1": "612.584", "f1": ".0591930"}
    for name, text in expected.items():
        assert_prints_as(fit.parameters[name], text)
    predicted = np.expm1(fit.evaluate(tokens=PROBLEMS))
    squared = np.log(predicted / CROSS_ENTROPY) ** 2
    assert_prints_as(np.sqrt(squared[:-HELD_OUT].mean()), "5.98e-4")
    assert_prints_as(np.sqrt(squared[-HELD_OUT:].mean()), ".01092")
