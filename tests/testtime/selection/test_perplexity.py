"""Self-consistency, perplexity consistency and pruned paths on answers of all kinds."""

import numpy as np
import pytest

from isoflop.errors import InputError
from isoflop.testtime.selection.perplexity import (
    answer_classes,
    likely_paths,
    perplexity_consistency,
    pruned_consistency,
    self_consistency,
)


def test_equal_log_probs_are_self_consistency(rng):
    answers = list("abcabcaabb")
    assert perplexity_consistency(answers, [-0.7] * 10).values == pytest.approx(self_consistency(answers).values)
    assert pruned_consistency(answers, [-0.7] * 10).counted.all()


def test_order_of_samples_changes_no_confidence(rng):
    answers, logs = list("abcabcaabb"), -rng.random(10)
    places = rng.permutation(10)
    for rule in (perplexity_consistency, pruned_consistency):
        before = rule(answers, logs)
        after = rule([answers[i] for i in places], logs[places])
        assert dict(zip(after.answers, after.values, strict=True)) == pytest.approx(
            dict(zip(before.answers, before.values, strict=True))
        )


def test_repeated_completions_count_once():
    answers, logs = ["x", "x", "x", "y"], [-0.5, -0.5, -0.5, -0.1]
    assert perplexity_consistency(answers, logs).best == ("x",)
    once = perplexity_consistency(answers, logs, completions=["p", "p", "p", "q"])
    assert once.best == ("y",)
    assert once.values.tolist() == pytest.approx([np.exp(-0.1), np.exp(-0.5)] / (np.exp(-0.1) + np.exp(-0.5)))
    assert once.counted.tolist() == [True, False, False, True]


def test_meaning_joins_answers_through_others():
    near = answer_classes([1.0, 3.0, 1.4, 1.8, 3.2], same=lambda a, b: abs(a - b) < 0.5)
    assert near.tolist() == [0, 1, 0, 0, 1]
    # 1.0 and 1.8 differ by more, and meet only through 1.4, which comes last.
    assert answer_classes([1.0, 1.8, 1.4], same=lambda a, b: abs(a - b) < 0.5).tolist() == [0, 0, 0]
    joined = self_consistency(["1/2", "2", "0.5"], same=lambda a, b: {a, b} == {"1/2", "0.5"})
    assert joined.answers == ("1/2", "2")
    assert joined.classes.tolist() == [0, 1, 0]


def test_ties_split_credit():
    found = self_consistency(["a", "b", "b", "a", "c"])
    assert found.best == ("a", "b")
    assert [found.credit(a) for a in "abc"] == [0.5, 0.5, 0.0]


def test_tiny_probabilities_keep_their_ratio():
    found = perplexity_consistency(["a", "b"], [-600.0, -601.0])
    assert found.values == pytest.approx([1 / (1 + np.exp(-1)), 1 / (1 + np.exp(1))])


@pytest.mark.parametrize(("logs", "kept"), [([], []), ([-1.0], [True]), ([-0.3] * 7, [True] * 7)])
def test_nothing_to_prune(logs, kept):
    assert likely_paths(logs).tolist() == kept


def test_pruning_keeps_the_likelier_ones(rng):
    """Whatever the fit: a kept sample of the lower part lies above the mean, so that the likeliest always stays."""
    for _ in range(30):
        logs = -rng.gamma(2.0, 0.5, size=rng.integers(2, 40))
        kept = likely_paths(logs)
        assert kept[logs.argmax()]
        assert kept[np.exp(logs) >= np.exp(logs).mean()].all()


@pytest.mark.parametrize("logs", [[-0.1, 0.5], [-0.1, np.nan], [-0.1, -np.inf], [[-0.1, -0.2]]])
def test_log_probs_are_finite_and_at_most_zero(logs):
    with pytest.raises(InputError, match="at most 0"):
        perplexity_consistency(["a", "b"], logs)


@pytest.mark.parametrize(("answers", "logs"), [([], []), (["a"], [-1.0, -2.0]), (["a", "b", "c"], [-1.0, -2.0])])
def test_one_log_prob_per_answer(answers, logs):
    for rule in (perplexity_consistency, pruned_consistency):
        with pytest.raises(InputError, match="per sample"):
            rule(answers, logs)


def test_one_completion_per_sample():
    with pytest.raises(InputError, match="1 completions for 2"):
        perplexity_consistency(["a", "b"], [-1.0, -2.0], completions=["x"])


def test_sums_of_log_probs_are_told_from_means():
    for rule in (perplexity_consistency, pruned_consistency):
        with pytest.raises(InputError, match="divide them by its tokens"):
            rule(["a", "b"], [-2000.0, -1500.0])


def test_answers_are_hashable():
    with pytest.raises(InputError, match=r"\[1\] cannot be compared"):
        self_consistency([(1,), [1]])


def test_no_sample():
    with pytest.raises(InputError, match="at least 1"):
        self_consistency([])
