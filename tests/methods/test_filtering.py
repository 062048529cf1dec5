"""Pools of data: mixtures, the best cut at any compute, utilities fitted together."""

import numpy as np
import pytest
from tests.papers.support import assert_prints_as

from isoflop import laws
from isoflop.errors import LawError, RangeWarning, TableError
from isoflop.methods.filtering import Pool, best_pools, fit_pools, mixture_error
from isoflop.runs.table import RunTable

GOOD, DIVERSE = Pool(-0.1, 3.0, 12.8e6), Pool(-0.07, 8.0, 12.8e6)


@pytest.mark.parametrize(("samples", "printed"), [(32e6, "1.00554"), (128e6, ".91130"), (640e6, ".85917")])
def test_equal_mixture_of_two_pools(samples: float, printed: str) -> None:
    # Sheet D3: tau' = 6 and 16, s = 25.6M.
    assert_prints_as(mixture_error([GOOD, DIVERSE], samples, a=0.01), printed)


@pytest.mark.parametrize(("samples", "printed"), [(12.8e6, "1.07562"), (128e6, ".95473"), (640e6, ".95132")])
def test_one_pool_is_the_law_itself(samples: float, printed: str) -> None:
    assert_prints_as(mixture_error([GOOD], samples, a=0.01), printed)


def test_the_floor_is_inside_the_product() -> None:
    # Outside it, the error would never fall below d.
    endless = Pool(-0.5, 1e9, 1e7)
    assert mixture_error([endless], 1e11, a=1.0, d=0.1) < 0.1


def test_filters_become_less_strict_with_compute() -> None:
    pools = {f"decile{k}": Pool(-0.12 + 0.008 * k, 3.0 + 0.2 * k, 12.8e6) for k in range(10)}
    kept = [len(best_pools(pools, samples, a=0.01).pools) for samples in (12.8e6, 64e6, 128e6, 640e6)]
    assert kept == sorted(kept)
    assert kept[0] == 1
    assert kept[-1] > 3


def test_every_set_may_be_tried() -> None:
    found = best_pools({"good": GOOD, "diverse": DIVERSE}, 640e6, a=0.01, nested=False)
    assert found.pools == ("good", "diverse")
    assert set(found.others) == {("good",), ("diverse",)}
    assert_prints_as(found.others["diverse",], ".93934")


def test_pools_of_different_sizes_are_refused() -> None:
    with pytest.raises(TableError, match="of one size"):
        mixture_error([GOOD, Pool(-0.1, 3.0, 1e6)], 1e7, a=0.01)
    with pytest.raises(TableError, match="0 pools"):
        best_pools({}, 1e7, a=0.01)


def test_utilities_and_half_lives_are_found_again(rng: np.random.Generator) -> None:
    truth = {"good": GOOD, "diverse": DIVERSE}
    rows = [(name, n) for name in truth for n in np.geomspace(3e6, 640e6, 14)]
    error = np.array([mixture_error([truth[name]], n, a=0.01) for name, n in rows])
    runs = RunTable.from_columns(
        {
            "pool": [name for name, _ in rows],
            "samples": [n for _, n in rows],
            "pool_size": np.full(len(rows), 12.8e6),
            "error": error * np.exp(rng.normal(0.0, 1e-4, len(rows))),
        }
    )
    assert fit_pools(runs)[0].draws is None
    fit, names = fit_pools(runs, rng=rng, draws=40)
    assert set(names) == set(truth)
    assert fit.certificate.verdict != "not converged"
    assert fit.parameters["a"] == pytest.approx(0.01, rel=0.05)
    for name, pool in truth.items():
        assert fit.parameters[f"b_{name}"] == pytest.approx(pool.utility, rel=0.03)
        assert fit.parameters[f"tau_{name}"] == pytest.approx(pool.half_life, rel=0.03)
        low, high = fit.interval(f"b_{name}", 0.99)
        assert low < pool.utility < high
        assert high - low < 0.02


@pytest.mark.parametrize(
    ("pool", "samples", "words"),
    [
        (Pool(0.1, 3.0, 12.8e6), 640e6, "utility below 0"),
        (Pool(-0.1, -3.0, 12.8e6), 640e6, "half-life above 0"),
        (Pool(-0.1, 3.0, 0.0), 640e6, "size and half-life above 0"),
        (Pool(-0.1, 3.0, 12.8e6), -1.0, "give a positive number"),
        (Pool(-0.1, 3.0, 12.8), 640e6, "both as plain counts"),
    ],
)
def test_pools_and_samples_that_cannot_be_are_refused(pool: Pool, samples: float, words: str) -> None:
    with pytest.raises(TableError, match=words):
        mixture_error([pool], samples, a=0.01)


def test_a_pool_in_another_unit_than_the_samples_is_refused() -> None:
    # 12.8 for 12.8 million: fifty million passes, each a step of the product.
    values = {"a": 0.01, "b": -0.1, "d": 0.1, "tau": 3.0}
    with pytest.warns(RangeWarning, match="pool_size"), pytest.raises(LawError, match="in the same unit"):
        laws.get("qqt").predict(values, samples=[12.8e6, 640e6], pool_size=[12.8e6, 12.8])
