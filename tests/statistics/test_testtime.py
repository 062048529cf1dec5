"""Estimators of test-time compute have no bias in simulation, and their intervals hold what they say."""

import itertools

import numpy as np
import pytest

from isoflop.testtime.estimators.best_of import best_of_k
from isoflop.testtime.estimators.coverage import pass_at_k, pass_at_k_variance, pass_hat_k
from isoflop.testtime.estimators.efficiency import eff_at_k
from isoflop.testtime.estimators.resample import benchmark_mean, fixed_mean, redraw_counts
from isoflop.testtime.estimators.survival import attempts_within
from isoflop.testtime.estimators.votes import majority_at_k, weighted_vote_at_k

DRAWS = 20_000
LEVEL, SLACK = 0.95, 0.025


def assert_unbiased(estimates, truth):
    """Fail where the mean over the draws is four standard errors from the truth, for any k."""
    error = estimates.std(axis=0) / np.sqrt(len(estimates))
    z = (estimates.mean(axis=0) - truth) / error
    assert np.all(np.abs(z) < 4), z


def test_counts_give_no_bias(rng):
    n, p, ks = 30, 0.12, np.array([1, 4, 15, 30])
    c, samples = rng.binomial(n, p, DRAWS), np.full(DRAWS, n)
    assert_unbiased(pass_at_k(samples, c, ks), 1 - (1 - p) ** ks)
    assert_unbiased(pass_hat_k(samples, c, ks[:2]), p ** ks[:2])
    assert_unbiased(attempts_within(samples, c, ks[1:]), (1 - (1 - p) ** ks[1:]) / p)


def test_the_largest_of_k_has_no_bias(rng):
    n, ks = 9, np.array([1, 3, 9])
    starts = np.arange(DRAWS + 1) * n
    values = rng.random(DRAWS * n)
    assert_unbiased(best_of_k(values, starts, ks), ks / (ks + 1))
    # Wrong with chance 1/2: the largest of B(k, 1/2) uniforms.
    efficiency = np.where(rng.random(DRAWS * n) < 0.5, values, 0.0)
    grid = (np.arange(100_000) + 0.5) / 100_000
    truth = [1 - np.mean((0.5 + 0.5 * grid) ** k) for k in ks]
    assert_unbiased(eff_at_k(efficiency, starts, ks), truth)


def test_the_picked_sample_has_no_bias_with_ties(rng):
    """Three scores: the largest among k is s or less with chance F(s)^k, and then right with chance r_s."""
    n, ks = 8, np.array([2, 5, 8])
    share, right = np.array([0.5, 0.3, 0.2]), np.array([0.1, 0.4, 0.7])
    score = rng.choice(3, DRAWS * n, p=share)
    correct = (rng.random(DRAWS * n) < right[score]).astype(float)
    below = np.concatenate([[0.0], np.cumsum(share)])
    truth = [((below[1:] ** k - below[:-1] ** k) * right).sum() for k in ks]
    assert_unbiased(best_of_k(correct, np.arange(DRAWS + 1) * n, ks, by=score), truth)


def test_votes_have_no_bias(rng):
    """Three answers: the truth is the sum over all sequences of k answers."""
    n, ks, share = 8, np.array([1, 3, 4]), np.array([0.4, 0.35, 0.25])
    heavy, truth = np.array([0.6, 0.4, 0.4]), np.zeros((2, 3))
    for row, k in enumerate(ks):
        for drawn in itertools.product(range(3), repeat=int(k)):
            chance, votes = share[list(drawn)].prod(), np.bincount(drawn, minlength=3)
            for way, total in enumerate((votes.astype(float), votes * heavy)):
                winners = total >= total.max() - 1e-9
                truth[way, row] += chance * winners[0] / winners.sum()
    # Equal counts of the answers are one problem, worked out once.
    counts, place = np.unique(rng.multinomial(n, share, DRAWS), axis=0, return_inverse=True)
    answers = np.concatenate([np.repeat([0, 1, 2], row) for row in counts])
    starts = np.arange(len(counts) + 1) * n
    plain = majority_at_k(answers, answers == 0, starts, ks)
    weighted = weighted_vote_at_k(answers, answers == 0, heavy[answers], starts, ks, rng=rng, subsets=100)
    assert_unbiased(plain[place], truth[0])
    assert_unbiased(weighted[place], truth[1])


def beta_coverage(a, b, ks):
    """Mean of pass@k over problems whose p has a beta distribution."""
    from scipy.special import betaln

    return 1 - np.exp(betaln(a, b + ks) - betaln(a, b))


def held(estimate, truth):
    """Whether each interval holds its truth."""
    return (estimate.interval[0] <= truth) & (truth <= estimate.interval[1])


def assert_covers(hits, count):
    """Fail unless the shares are within the slack of the level."""
    assert np.all(np.abs(hits / count - LEVEL) <= SLACK), hits / count


@pytest.mark.slow
@pytest.mark.parametrize(("problems", "n", "ks", "shape"), [
    (60, 20, (1, 5, 20), (0.5, 1.5)), (164, 10, (1, 3, 10), (0.3, 0.5)), (100, 100, (1, 10, 50), (0.25, 2.0)),
])  # fmt: skip
def test_intervals_over_problems_cover(problems, n, ks, shape, rng):
    count, ks = 1000, np.array(ks)
    hits, truth = np.zeros(len(ks)), beta_coverage(*shape, ks)
    for _ in range(count):
        c = rng.binomial(n, rng.beta(*shape, problems))
        value = pass_at_k(np.full(problems, n), c, ks)
        hits += held(benchmark_mean(value, rng=rng, draws=400, level=LEVEL), truth)
    assert_covers(hits, count)


@pytest.mark.slow
def test_intervals_of_best_of_k_and_votes_cover(rng):
    """Problems with their own chance of the right answer, and a verifier that knows a little."""
    count, problems, n, k = 400, 80, 12, 4
    hits, truth = np.zeros(2), np.zeros((400_000, 2))
    # The truth by 400,000 fresh problems, one draw of k samples each.
    p = rng.beta(1, 1, len(truth))
    right = rng.random((len(truth), k)) < p[:, None]
    score = right + rng.standard_normal((len(truth), k))
    truth[:, 0] = np.take_along_axis(right, score.argmax(axis=1)[:, None], axis=1)[:, 0]
    truth[:, 1] = np.where(right.sum(axis=1) * 2 == k, 0.5, right.sum(axis=1) * 2 > k)
    aim, starts = truth.mean(axis=0), np.arange(problems + 1) * n
    # Two answers: the vote depends on how many are right alone.
    answers = np.concatenate([np.repeat([0, 1], [c, n - c]) for c in range(n + 1)])
    voted = majority_at_k(answers, answers == 0, np.arange(n + 2) * n, k)[:, 0]
    for _ in range(count):
        y = (rng.random((problems, n)) < rng.beta(1, 1, problems)[:, None]).ravel()
        by = y + rng.standard_normal(len(y))
        c = np.add.reduceat(y.astype(int), starts[:-1])
        value = np.hstack([best_of_k(y, starts, k, by=by), voted[c][:, None]])
        hits += held(benchmark_mean(value, rng=rng, draws=400, level=LEVEL), aim)
    assert_covers(hits, count)


@pytest.mark.slow
def test_two_levels_cover_with_many_samples_and_fixed_problems_by_their_variances(rng):
    count, problems, n, ks, shape = 300, 100, 60, np.array([1, 5]), (0.5, 1.0)
    both, fixed, truth = np.zeros(2), np.zeros(2), beta_coverage(*shape, ks)
    samples = np.full(problems, n)
    for _ in range(count):
        p = rng.beta(*shape, problems)
        c = rng.binomial(n, p)
        value = pass_at_k(samples, c, ks)
        again = redraw_counts(lambda n, c: pass_at_k(n, c, ks), samples, c)
        both += held(benchmark_mean(value, rng=rng, draws=300, level=LEVEL, again=again), truth)
        own = (1 - (1 - p[:, None]) ** ks).mean(axis=0)
        fixed += held(fixed_mean(value, pass_at_k_variance(samples, c, ks), level=LEVEL), own)
    assert_covers(both, count)
    assert_covers(fixed, count)
