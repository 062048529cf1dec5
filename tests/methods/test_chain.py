"""Schaeffer's chain (reference A3): by hand, and the order in which it loses the trend."""

import numpy as np
import pytest

from isoflop.errors import FitError, TableError
from isoflop.methods.chain import STEPS, degradation, transform


def test_one_item_by_hand() -> None:
    p = np.array([0.02, 0.06, 0.02])
    scores = transform(np.log(p)[None, None, :], [1]).scores
    assert scores["log_p_vocab"][0, 0] == pytest.approx(np.log(0.06))
    assert scores["p_vocab"][0, 0] == pytest.approx(0.06)
    assert scores["p_choices"][0, 0] == pytest.approx(0.6)
    assert scores["brier"][0, 0] == pytest.approx(-(0.4**2 + 2 * 0.2**2))
    assert scores["accuracy"][0, 0] == 1.0


def test_choices_that_an_item_lacks_have_no_mass() -> None:
    logs = np.log([[[0.3, 0.1, np.nan], [0.1, 0.2, 0.7]]])
    scores = transform(logs, [0, 0]).scores
    np.testing.assert_allclose(scores["p_choices"], [[0.75, 0.1]])
    np.testing.assert_array_equal(scores["accuracy"], [[1.0, 0.0]])
    np.testing.assert_allclose(scores["brier"], [[-2 * 0.25**2, -(0.9**2 + 0.2**2 + 0.7**2)]])


@pytest.mark.parametrize("wrong", [-1, 2])
def test_a_correct_choice_must_be_one_of_the_choices(wrong: int) -> None:
    with pytest.raises(TableError, match=f"correct choice of item 0 is {wrong}, but the choices are numbered 0 to 1"):
        transform(np.log([[[0.5, 0.5]]]), [wrong])


def test_probabilities_are_no_log_probabilities() -> None:
    with pytest.raises(TableError, match="Give logarithms, not probabilities"):
        transform([[[0.5, 0.5]]], [0])


def test_tiny_probabilities_do_not_underflow() -> None:
    scores = transform(np.array([[[-2000.0, -2001.0]]]), [0]).scores
    assert scores["p_choices"][0, 0] == pytest.approx(1 / (1 + np.exp(-1)))


def family(rng: np.random.Generator, models: int = 12, items: int = 150) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A correct choice that gains mass with compute, and wrong ones that wander by themselves."""
    flops = np.geomspace(1e18, 1e23, models)
    trend = 0.25 * np.log(flops / 1e18)[:, None] + rng.normal(-9, 1, items)
    right = trend + rng.normal(0, 0.25, (models, items))
    wrong = trend[..., None] * 0.6 - 2.5 + rng.normal(0, 1.5, (models, items, 3))
    return np.concatenate([right[..., None], wrong], axis=2), np.zeros(items, dtype=int), flops


@pytest.mark.parametrize("kind", ["pearson", "spearman", "kendall"])
def test_the_trend_is_lost_step_by_step(rng: np.random.Generator, kind: str) -> None:
    logs, correct, flops = family(rng)
    found = degradation(transform(logs, correct), flops, kind=kind)  # type: ignore[arg-type]
    medians = [found.median(step) for step in STEPS]
    # log p and p keep it; the wrong choices' mass takes it away, and the argmax most of what is left.
    assert medians[0] > medians[2] > medians[4]
    assert medians[1] > medians[3] > medians[4]
    assert found.lost("accuracy") > found.lost("p_choices") > 0
    survival = [found.survival(step, [0.5])[0] for step in STEPS]
    assert survival[0] > survival[2] > survival[4]


def test_monotone_steps_keep_every_rank(rng: np.random.Generator) -> None:
    logs, correct, flops = family(rng)
    found = degradation(transform(logs, correct), flops)
    np.testing.assert_allclose(found.correlations["log_p_vocab"], found.correlations["p_vocab"], atol=1e-12)


def test_an_item_that_never_changes_has_no_correlation() -> None:
    logs = np.log(np.array([[[0.6, 0.4]], [[0.7, 0.3]], [[0.8, 0.2]]]))
    found = degradation(transform(logs, [0]), [1e18, 1e19, 1e20])
    assert np.isnan(found.correlations["accuracy"][0])
    assert found.median("accuracy") == 0.0
    assert found.median("p_choices") == pytest.approx(1.0)


def test_bad_input_is_refused() -> None:
    with pytest.raises(TableError, match="correct choice of item 0 has no log-probability"):
        transform(np.array([[[np.nan, -1.0]]]), [0])
    with pytest.raises(FitError, match="2 models show no trend"):
        degradation(transform(np.zeros((2, 1, 2)), [0]), [1e18, 1e19])
