"""Skaling, arXiv:2608.07222: the coupled form on the 240 digitised Chinchilla points."""

from pathlib import Path

import numpy as np
from tests.papers.support import assert_prints_as
from tests.papers.tables import epoch_points

from isoflop import laws
from isoflop.fit import fit_law


def test_the_coupled_form_fits_the_chinchilla_points_better(data_directory: Path) -> None:
    runs = epoch_points(data_directory)
    coupled = fit_law(laws.get("skaling"), runs, objective="log-ls")
    plain = fit_law(laws.get("chinchilla"), runs, objective="log-ls")
    expected = {"A": "3909", "B": "3.352e4", "E": "1.7920", "alpha": ".4526", "beta": ".4866", "k": ".737"}
    for name, text in expected.items():
        assert_prints_as(coupled.parameters[name], text)
    assert_prints_as(np.sqrt(np.mean(coupled.residuals**2)), ".00628")
    assert_prints_as(np.sqrt(np.mean(plain.residuals**2)), ".00691")


def test_the_published_set_is_that_fit(data_directory: Path) -> None:
    law = laws.get("skaling")
    fit = fit_law(law, epoch_points(data_directory), objective="log-ls")
    values = law.published_set("epoch-2024-refit").values
    columns = {"params": np.array([1e8, 7e10]), "tokens": np.array([2e10, 1.4e12])}
    np.testing.assert_allclose(fit.evaluate(**columns), law.predict(values, **columns), rtol=1e-6)


def test_with_k_of_one_it_is_chinchilla() -> None:
    coupled, plain = laws.get("skaling"), laws.get("chinchilla")
    values = plain.published_set("hoffmann-2022").values
    run = {"params": 1e9, "tokens": 2e10}
    assert coupled.predict({**values, "k": 1.0}, **run) == plain.predict(values, **run)
