"""RPC among k samples: against the rule itself, ties, missing answers."""

import numpy as np
import pytest

from isoflop.errors import InputError, TableError
from isoflop.testtime.selection.perplexity import pruned_consistency
from isoflop.testtime.selection.pruned_vote import pruned_vote_at_k


def sampled(rng, problems=4, n=12):
    answers = rng.integers(0, 4, problems * n)
    return answers, answers == 0, -rng.gamma(2, 0.4, problems * n), np.arange(problems + 1) * n


def test_all_samples_are_the_rule_itself(rng):
    answers, correct, logs, starts = sampled(rng)
    found = pruned_vote_at_k(answers, correct, logs, starts, [12], rng=rng)
    for place in range(4):
        rows = slice(12 * place, 12 * place + 12)
        assert found[place, 0] == pruned_consistency(answers[rows].tolist(), logs[rows]).credit(0)


def test_one_sample_is_right_as_often_as_it_is(rng):
    answers, correct, logs, starts = sampled(rng, problems=1)
    found = pruned_vote_at_k(answers, correct, logs, starts, [1], rng=rng, subsets=3000)
    share = correct.mean()
    assert abs(found[0, 0] - share) < 4 * np.sqrt(share * (1 - share) / 3000)


def test_repeated_completions_count_once(rng):
    answers, logs = [0, 0, 0, 1], [-0.5, -0.5, -0.5, -0.1]
    given = {"starts": [0, 4], "ks": [4], "rng": rng}
    assert pruned_vote_at_k(answers, [1, 1, 1, 0], logs, **given).tolist() == [[0.0]]
    flat = [-0.3] * 4
    assert pruned_vote_at_k(answers, [1, 1, 1, 0], flat, **given).tolist() == [[1.0]]
    assert pruned_vote_at_k(answers, [1, 1, 1, 0], flat, completions=[5, 5, 5, 6], **given).tolist() == [[0.5]]


def test_samples_without_an_answer(rng):
    assert pruned_vote_at_k([-1, -1], [0, 0], [-0.1, -0.2], [0, 2], [2], rng=rng).tolist() == [[0.0]]
    assert pruned_vote_at_k([-1, 3], [0, 1], [-0.2, -0.2], [0, 2], [2], rng=rng).tolist() == [[1.0]]


def test_problems_of_different_size(rng):
    found = pruned_vote_at_k([0, 1, 1, 0], [1, 0, 0, 0], [-0.2] * 4, [0, 1, 4], [1], rng=rng, subsets=5)
    assert found.tolist() == [[1.0], [0.0]]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"ks": [3]}, "above the number of samples of problem b"),
        ({"correct": [1, 1, 0, 0, 0]}, "problem a: samples with one answer"),
        ({"mean_log_prob": [-1, -1, np.nan, -1, -1]}, "1 log_probs are missing"),
        ({"completions": [1]}, "one per sample"),
        ({"subsets": 0}, "1 subset or more"),
        ({"correct": [1, 0, 0, 7, 0]}, "problem b: correct is 7"),
    ],
)
def test_tables_that_cannot_be_voted_on(change, word, rng):
    given = {
        "answers": [0, 1, 1, 0, 2],
        "correct": [1, 0, 0, 0, 0],
        "mean_log_prob": [-1.0] * 5,
        "starts": [0, 3, 5],
        "ks": [2],
        "names": ["a", "b"],
    }
    with pytest.raises(TableError, match=word):
        pruned_vote_at_k(**{**given, **change}, rng=rng)


def test_log_probs_are_at_most_zero(rng):
    with pytest.raises(InputError, match="at most 0"):
        pruned_vote_at_k([0, 1], [1, 0], [0.5, -1], [0, 2], [2], rng=rng)
