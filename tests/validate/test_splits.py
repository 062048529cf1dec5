import numpy as np
import pytest

from isoflop.errors import TableError
from isoflop.validate.splits import roll, size_groups


def test_budgets_that_scatter_by_a_few_percent_are_one_group(rng: np.random.Generator) -> None:
    budgets = np.repeat([6e18, 1e19, 3e19, 1e20], 9)
    edges = size_groups(budgets * np.exp(rng.uniform(-0.05, 0.05, len(budgets))))
    np.testing.assert_allclose(edges, [6e18, 1e19, 3e19, 1e20], rtol=0.06)


def test_a_continuous_column_falls_into_half_decades_from_the_top(rng: np.random.Generator) -> None:
    values = np.append(10 ** rng.uniform(18, 21, 300), [1e18, 1e21])
    edges = size_groups(values)
    assert len(edges) == 6
    for k, edge in enumerate(edges):
        low, high = 10 ** (18 + k / 2), 10 ** (18.5 + k / 2)
        expected = values[(values > low) & (values <= high)] if k else values[values <= high]
        assert edge == expected.min()


def test_a_short_continuous_column_has_as_many_groups_as_are_needed(rng: np.random.Generator) -> None:
    values = np.append(10 ** rng.uniform(18, 18.6, 400), [1e18, 10**18.6])
    # Neighbours within a factor 1.25 would be one size; this range has only seven of those.
    assert len(size_groups(values, 2)) == len(size_groups(values, 5)) <= 12


def test_each_run_is_fitted_or_predicted(rng: np.random.Generator) -> None:
    values = rng.permutation(10 ** rng.uniform(17, 22, 120))
    rolled = roll(values, by="flops", parameters=5)
    assert [fold.cut for fold in rolled.folds] == sorted(fold.cut for fold in rolled.folds)
    for fold in rolled.folds:
        assert sorted([*fold.train, *fold.test]) == list(range(120))
        assert values[fold.train].max() < fold.cut == values[fold.test].min()


@pytest.mark.parametrize(("groups", "cuts"), [(2, 1), (3, 1), (4, 2), (6, 3), (8, 3)])
def test_at_most_half_of_the_groups_are_held_out(groups: int, cuts: int) -> None:
    values = np.repeat(np.geomspace(1e8, 1e10, groups), 10)
    assert len(roll(values, by="params", parameters=3).folds) == cuts


def test_a_cut_with_too_few_runs_below_says_so() -> None:
    values = np.repeat([1.0, 2.0, 4.0, 8.0], 4)
    rolled = roll(values, by="params", parameters=5, cuts=[2.0, 4.0, 8.0, 9.0])
    assert [fold.cut for fold in rolled.folds] == [4.0, 8.0]
    assert [(s.cut, s.reason) for s in rolled.skipped] == [
        (2.0, "4 runs below; the law has 5 free parameters and needs 8"),
        (9.0, "no run at or above; the largest has params 8"),
    ]


@pytest.mark.parametrize(
    ("values", "given", "words"),
    [
        ([1.0, 1.1, 1.2], {}, "about the same params"),
        ([1.0, 2.0, 4.0], {"hold_out": 3}, "Give at most 2"),
        ([1.0, 2.0, 4.0], {"hold_out": 0}, "Give at least 1"),
        ([1.0, 2.0, 4.0], {}, "a law with fewer parameters"),
        ([1.0, 2.0, 4.0], {"cuts": []}, "no cuts given"),
    ],
)
def test_what_cannot_be_cut_is_refused_with_the_next_step(values: list[float], given: dict, words: str) -> None:
    with pytest.raises(TableError, match=words):
        roll(np.array(values), by="params", parameters=2, **given)
