"""Best mixtures with intervals."""

import numpy as np
import pytest
from tests.methods.test_regmix import PRIOR, made_up

from isoflop.errors import FitError, TableError
from isoflop.methods.mixture_draws import forecast_mixture
from isoflop.methods.regmix import draw_mixtures
from isoflop.runs.table import RunTable


def test_the_shares_and_the_gain_have_intervals(rng: np.random.Generator) -> None:
    pytest.importorskip("lightgbm", reason="LightGBM is not installed.")
    runs = made_up(200, rng)
    even = dict.fromkeys(PRIOR, 1.0)
    found = forecast_mixture(runs, tuple(PRIOR), "loss", even, rng=rng, draws=8, samples=2000, top=40)
    assert found.shares["books"].value == found.best.shares["books"]
    low, high = found.shares["books"].interval
    assert low < 0.5 < high
    assert high - low < 0.5
    assert found.gain.value == found.best.prior_loss - found.best.loss
    assert found.gain.interval[0] < found.gain.value < found.gain.interval[1]
    assert any("size of the model" in text for text in found.gain.leaves_out)


def test_a_linear_regression_is_surer_with_more_runs() -> None:
    pytest.importorskip("sklearn", reason="scikit-learn is not installed.")
    widths = []
    for count in (20, 320):
        rng = np.random.default_rng(2)
        shares = draw_mixtures(PRIOR, count, rng=rng)
        loss = 3 + shares @ [0.3, 0.2, -0.2] + rng.normal(0, 0.05, count)
        runs = RunTable.from_columns({**dict(zip(PRIOR, shares.T, strict=True)), "loss": loss})
        found = forecast_mixture(
            runs, tuple(PRIOR), "loss", PRIOR, rng=rng, kind="linear", draws=60, samples=500, top=20
        )
        widths.append(float(np.diff(found.gain.interval)[0]))
        assert found.gain.interval[0] < found.gain.value < found.gain.interval[1]
    assert widths[1] < 0.5 * widths[0]


def test_what_cannot_be_is_refused(rng: np.random.Generator) -> None:
    pytest.importorskip("sklearn", reason="scikit-learn is not installed.")
    runs = made_up(30, rng)
    with pytest.raises(FitError, match="1 draws give no interval"):
        forecast_mixture(runs, tuple(PRIOR), "loss", PRIOR, rng=rng, draws=1)
    with pytest.raises(TableError, match="the model has books, code, web"):
        forecast_mixture(runs, tuple(PRIOR), "loss", {"web": 1.0}, rng=rng, kind="linear", draws=2)
