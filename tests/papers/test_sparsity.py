"""Frantar et al. 2023 (arXiv:2309.08520) and Luo et al. 2024 (arXiv:2411.02335): zeros in weights and activations.

Sections 18 and 19 of the reference sheet precision_and_cost.md.
"""

import numpy as np
import pytest
from tests.papers.support import assert_prints_as

from isoflop import laws
from isoflop.errors import InputError, RangeWarning
from isoflop.methods.sparse import n_of_m_sparsity, sparse_size_multiplier

SPARSE = laws.get("sparse-pretraining")


@pytest.mark.parametrize(
    ("name", "multipliers"),
    [("frantar-2023-t5-notebook", ("1.59", "2.16", "2.63")), ("frantar-2023-vit-notebook", ("1.60", "2.17", "2.63"))],
)
def test_what_sparsity_is_worth(name: str, multipliers: tuple[str, ...]) -> None:
    values = SPARSE.published_set(name).values
    for sparsity, printed in zip((0.5, 0.75, 0.875), multipliers, strict=True):
        factor = float(sparse_size_multiplier(sparsity, values))
        assert_prints_as(factor, printed)
        sparse = SPARSE.predict(values, params=1e8, tokens=1e10, weight_sparsity=sparsity)
        dense = SPARSE.predict(values, params=factor * 1e8, tokens=1e10, weight_sparsity=0.0)
        assert sparse == pytest.approx(dense, rel=1e-12)


@pytest.mark.parametrize(
    ("task", "printed"),
    [
        ("t5", {"a_S": "16.79", "b_S": ".722", "c_S": "45.02", "b_N": ".245", "a_D": "6.90e8", "c": ".651"}),
        ("vit", {"a_S": "294.4", "b_S": ".821", "c_S": "468.2", "b_N": ".392", "a_D": "2.37e8", "c": "4.517"}),
    ],
)
def test_the_notebook_gives_the_printed_constants(task: str, printed: dict[str, str]) -> None:
    values = SPARSE.published_set(f"frantar-2023-{task}-notebook").values
    for name, text in printed.items():
        assert_prints_as(values[name], text)
        assert SPARSE.published_set(f"frantar-2023-{task}").values[name] == float(text)


def test_the_extrapolation_of_the_notebook() -> None:
    values = SPARSE.published_set("frantar-2023-t5-notebook").values
    # 48 x 12 x 1024^2 non-zero parameters at 75 % and 500,000 steps: predicted 1.4683, trained 1.4828.
    loss = SPARSE.predict(values, params=48 * 12 * 1024**2, tokens=5e5 * 65536, weight_sparsity=0.75)
    assert_prints_as(loss, "1.4683")


def test_a_pattern_of_two_of_four_is_half_sparse() -> None:
    assert_prints_as(sparse_size_multiplier(n_of_m_sparsity(2, 4)), "1.59")
    with pytest.raises(InputError, match="keeps 5 of 4"):
        n_of_m_sparsity(5, 4)
    with pytest.raises(InputError, match="from 0 to below 1"):
        sparse_size_multiplier(1.0)


@pytest.mark.parametrize(
    ("size", "alpha", "b", "c", "limit"),
    [
        ("0.1b", 0.101, -0.0151, 3.20, 0.0614),
        ("0.8b", 1.01, -3.49, 7.97e-3, 0.0721),
        ("2.4b", 1.53, -3.46, 1.56e-4, 0.0648),
    ],
)
def test_the_relu_rows_in_the_paper_s_own_letters(size: str, alpha: float, b: float, c: float, limit: float) -> None:
    law = laws.get("activation-ratio-relu")
    billions = np.array([1.0, 10.0, 100.0])
    ratio = law.predict(law.published_set(f"luo-2024-{size}").values, tokens=1e9 * billions)
    np.testing.assert_allclose(ratio, np.exp(-c * billions**alpha + b) + limit, rtol=1e-12)
    assert np.all(np.diff(ratio) < 0)


@pytest.mark.parametrize(
    ("size", "alpha", "c", "limit"), [("0.1b", 0.479, 0.102, 0.409), ("1.2b", 0.967, 0.538, 0.382)]
)
def test_the_silu_rows_in_the_paper_s_own_letters(size: str, alpha: float, c: float, limit: float) -> None:
    law = laws.get("activation-ratio-silu")
    billions = np.array([5.0, 10.0, 100.0])
    ratio = law.predict(law.published_set(f"luo-2024-{size}").values, tokens=1e9 * billions)
    np.testing.assert_allclose(ratio, limit - c / billions**alpha, rtol=1e-12)
    assert np.all(np.diff(ratio) > 0)


def test_the_headline_sparsity_is_one_minus_the_limit_of_the_largest_model() -> None:
    law = laws.get("activation-ratio-relu")
    assert_prints_as(100 * (1 - law.published_set("luo-2024-2.4b").values["A_0"]), "93.52")


def test_a_dense_model_is_inside_the_range_and_more_zeros_than_were_tried_are_not() -> None:
    values = SPARSE.published_set("frantar-2023-t5").values
    assert SPARSE.distance({"weight_sparsity": [0.0, 0.5]}) == {"weight_sparsity": 0.0}
    with pytest.warns(RangeWarning, match="weight_sparsity by 0.054 decades"):
        SPARSE.predict(values, params=1e8, tokens=1e10, weight_sparsity=[0.0, 0.99])
