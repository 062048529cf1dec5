"""RegMix on made-up mixtures, and what it refuses."""

import sys

import numpy as np
import pytest

from isoflop.errors import FitError, MissingExtraError, TableError
from isoflop.methods.regmix import best_mixture, draw_mixtures, fit_mixtures, rank_agreement
from isoflop.runs.table import RunTable

PRIOR = {"web": 0.6, "code": 0.3, "books": 0.1}


def made_up(count: int, rng: np.random.Generator) -> RunTable:
    """Runs whose loss falls in the share of books, down to one half."""
    shares = draw_mixtures(PRIOR, count, rng=rng)
    loss = 3.0 + 4 * (shares[:, 2] - 0.5) ** 2 + 0.5 * shares[:, 1]
    return RunTable.from_columns({**dict(zip(PRIOR, shares.T, strict=True)), "loss": loss})


def test_mixtures_sum_to_one_and_drop_crumbs(rng: np.random.Generator) -> None:
    shares = draw_mixtures(PRIOR, 500, rng=rng, least=0.01)
    assert shares.shape == (500, 3)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, rtol=1e-12)
    assert np.all((shares == 0) | (shares >= 0.01))
    # Weak Dirichlets are almost single domains, strong ones are near the flattened prior.
    assert shares.max() > 0.99
    assert shares.max(axis=1).min() < 0.6


def test_the_same_generator_gives_the_same_mixtures() -> None:
    one, other = (draw_mixtures(PRIOR, 50, rng=np.random.default_rng(seed)) for seed in (3, 3))
    np.testing.assert_array_equal(one, other)
    assert not np.array_equal(one, draw_mixtures(PRIOR, 50, rng=np.random.default_rng(4)))


def test_linear_regression_finds_its_own_coefficients(rng: np.random.Generator) -> None:
    shares = draw_mixtures(PRIOR, 40, rng=rng)
    runs = RunTable.from_columns({**dict(zip(PRIOR, shares.T, strict=True)), "loss": 2 + shares @ [1.0, 0.2, -0.4]})
    pytest.importorskip("sklearn", reason="scikit-learn is not installed.")
    model = fit_mixtures(runs, tuple(PRIOR), "loss", rng=rng, kind="linear")
    np.testing.assert_allclose(model.predict(np.eye(3)), [3.0, 2.2, 1.6], rtol=1e-9)
    assert rank_agreement(model, runs, rng=rng).spearman == pytest.approx(1.0)


def test_the_best_mixture_is_near_the_minimum(rng: np.random.Generator) -> None:
    pytest.importorskip("lightgbm", reason="LightGBM is not installed.")
    model = fit_mixtures(made_up(300, rng), tuple(PRIOR), "loss", rng=rng)
    found = best_mixture(model, {"web": 1.0, "code": 1.0, "books": 1.0}, rng=rng, samples=5000, top=50)
    assert model.rows == 240
    assert found.shares["books"] == pytest.approx(0.5, abs=0.08)
    assert found.shares["code"] < 0.12


def test_rows_that_are_no_mixtures_are_named(rng: np.random.Generator) -> None:
    runs = RunTable.from_columns({"web": [0.5, 0.9], "code": [0.5, 0.4], "loss": [3.0, 3.1]})
    with pytest.raises(TableError, match=r"row 2 the shares of web, code sum to 1\.3"):
        fit_mixtures(runs, ("web", "code"), "loss", rng=rng)


def test_a_prior_of_other_domains_is_refused(rng: np.random.Generator) -> None:
    pytest.importorskip("sklearn", reason="scikit-learn is not installed.")
    model = fit_mixtures(made_up(30, rng), tuple(PRIOR), "loss", rng=rng, kind="linear")
    with pytest.raises(TableError, match="the model has books, code, web"):
        best_mixture(model, {"web": 0.5, "code": 0.5}, rng=rng)
    with pytest.raises(FitError, match="best 128 of 100 mixtures cannot be averaged"):
        best_mixture(model, PRIOR, rng=rng, samples=100)
    with pytest.raises(TableError, match="positive share"):
        best_mixture(model, {"web": 0.5, "code": 0.5, "books": 0.0}, rng=rng)


def test_too_few_runs_to_stop_on_are_refused(rng: np.random.Generator) -> None:
    with pytest.raises(FitError, match="Give more runs"):
        fit_mixtures(made_up(5, rng), tuple(PRIOR), "loss", rng=rng)
    with pytest.raises(FitError, match="no regression 'ridge'"):
        fit_mixtures(made_up(40, rng), tuple(PRIOR), "loss", rng=rng, kind="ridge")  # type: ignore[arg-type]


def test_a_missing_package_names_its_extra(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(MissingExtraError, match=r"isoflop\[mixtures\]"):
        fit_mixtures(made_up(40, rng), tuple(PRIOR), "loss", rng=rng)
