"""Answers chosen by how likely the model finds its own reasoning: perplexity consistency and pruned paths."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import InputError
from isoflop.testtime.selection.weibull import fit_weibull_mixture

Array = NDArray[Any]
A = TypeVar("A", bound=Hashable)


@dataclass(frozen=True)
class Confidence:
    """How sure a rule is of every answer to one problem.

    Args:
        answers: different answers, the surest first; where answers are equal in meaning, the first given.
        values: confidence of each, adding to 1.
        classes: place in `answers` of every sample, shape (samples,).
        counted: whether a sample counted; pruned ones and repeated completions did not.
    """

    answers: tuple[Hashable, ...]
    values: Array
    classes: Array = field(repr=False)
    counted: Array = field(repr=False)

    @property
    def best(self) -> tuple[Hashable, ...]:
        """The answers that share the largest confidence."""
        return tuple(a for a, v in zip(self.answers, self.values, strict=True) if v == self.values[0])

    def credit(self, truth: Hashable) -> float:
        """1 where the true answer is best alone, a share where it ties, 0 where it is not best."""
        return 1 / len(self.best) if truth in self.best else 0.0


def answer_classes(answers: Sequence[A], same: Callable[[A, A], bool] | None = None) -> Array:
    """Numbers of the classes of answers that mean the same, in order of first appearance.

    Pairs that `same` joins are joined through others too, as in the source's code.

    Args:
        answers: one per sample, hashable.
        same: whether two different answers mean the same; equality alone when left out.

    Returns:
        Class of every sample, shape (samples,).

    Raises:
        InputError: an answer is not hashable.

    >>> answer_classes(["1/2", "3", "0.5", "3"], same=lambda a, b: {a, b} == {"1/2", "0.5"})
    array([0, 1, 0, 1])
    """
    given: Sequence[Any] = list(answers)
    bad = [answer for answer in given if not isinstance(answer, Hashable)]
    if bad:
        raise InputError(f"The answer {bad[0]!r} cannot be compared by value. Give texts, numbers or tuples.")
    distinct = list(dict.fromkeys(answers))
    parent = list(range(len(distinct)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    if same is not None:
        for i in range(len(distinct)):
            for j in range(i):
                if root(i) != root(j) and same(distinct[j], distinct[i]):
                    low, high = sorted((root(i), root(j)))
                    parent[high] = low
    roots = [root(i) for i in range(len(distinct))]
    number = {r: n for n, r in enumerate(dict.fromkeys(roots))}
    of = {answer: number[r] for answer, r in zip(distinct, roots, strict=True)}
    return np.array([of[answer] for answer in answers], dtype=np.int64)


def _confidence(
    answers: Sequence[A], weights: Array, counted: Array, same: Callable[[A, A], bool] | None
) -> Confidence:
    """Weights of the counted samples added by answer, over their sum."""
    if len(answers) == 0 or len(answers) != len(weights):
        raise InputError(f"{len(answers)} answers and {len(weights)} weights: give one of each per sample, at least 1.")
    classes = answer_classes(answers, same)
    total = np.bincount(classes, weights=np.where(counted, weights, 0.0))
    # Classes without a counted sample stay, with confidence 0. Equal totals keep the order of appearance.
    order = np.argsort(-total, kind="stable")
    first = {int(c): answers[i] for i, c in reversed(list(enumerate(classes)))}
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    return Confidence(tuple(first[int(c)] for c in order), total[order] / total.sum(), place[classes], counted)


def self_consistency(answers: Sequence[A], *, same: Callable[[A, A], bool] | None = None) -> Confidence:
    """Share of the samples that give each answer.

    Reference: Wang et al. 2022, arXiv:2203.11171.

    Args:
        answers: one per sample.
        same: whether two different answers mean the same.

    Returns:
        Confidence of each answer.

    Raises:
        InputError: there is no sample.

    >>> self_consistency(list("AABABBBCBC")).values.tolist()
    [0.5, 0.3, 0.2]
    """
    return _confidence(answers, np.ones(len(answers)), np.ones(len(answers), dtype=bool), same)


def _probabilities(mean_log_prob: ArrayLike) -> Array:
    """`exp` of the mean token log-probabilities, checked."""
    logs = np.asarray(mean_log_prob, dtype=float)
    if logs.ndim != 1 or not np.isfinite(logs).all() or (logs.size and logs.max() > 1e-6):
        raise InputError(
            f"Mean log-probabilities of shape {logs.shape} must be a list of finite numbers of at most 0, one per "
            "sample. Give the mean over the tokens of each sample, in nats."
        )
    found = np.exp(logs)
    if not found.all():
        raise InputError(
            f"A mean log-probability of {logs.min():g} nats is no probability that a computer can hold. If these are "
            "sums over the tokens of a sample, divide them by its tokens."
        )
    return np.asarray(found)


def _first_of_each(completions: Sequence[Hashable] | None, count: int) -> Array:
    """Whether a sample is the first with its completion; all are where completions are not given."""
    if completions is None:
        return np.ones(count, dtype=bool)
    if len(completions) != count:
        raise InputError(f"{len(completions)} completions for {count} samples. Give one per sample.")
    first = {completion: place for place, completion in reversed(list(enumerate(completions)))}
    return np.array([first[completion] == place for place, completion in enumerate(completions)], dtype=bool)


def perplexity_consistency(
    answers: Sequence[A],
    mean_log_prob: ArrayLike,
    *,
    completions: Sequence[Hashable] | None = None,
    same: Callable[[A, A], bool] | None = None,
) -> Confidence:
    """Confidence `Σ exp(mean log p)` over the different completions that give an answer, normalised.

    The inverse perplexity of a completion, not its probability, as in the source's code; exact duplicates
    count once.

    Reference: Zhou et al. 2025 (RPC), arXiv:2510.15444, and its code.

    Args:
        answers: one per sample.
        mean_log_prob: mean token log-probability of each sample, nats, shape (samples,).
        completions: the texts or their hashes; without them no sample counts as a duplicate.
        same: whether two different answers mean the same.

    Returns:
        Confidence of each answer.

    Raises:
        InputError: there is no sample, sizes differ, or a log-probability is missing or above 0.

    >>> logs = [-0.2, -0.25, -0.3, -0.35, -1.2, -1.4, -1.5, -1.6, -1.8, -2.0]
    >>> found = perplexity_consistency(list("AABABBBCBC"), logs)
    >>> found.answers, found.values.round(4).tolist()
    (('A', 'B', 'C'), [0.5334, 0.3885, 0.0781])
    """
    return _confidence(answers, _probabilities(mean_log_prob), _first_of_each(completions, len(answers)), same)


def likely_paths(mean_log_prob: ArrayLike) -> Array:
    """Which samples reasoning pruning keeps.

    A mixture of two Weibull distributions is fitted to `exp(mean log p)`; a sample is dropped when it more
    likely belongs to the part with the smaller mean and lies below the mean of all. Where all samples are
    equally likely, all are kept.

    Reference: Zhou et al. 2025 (RPC), arXiv:2510.15444, and its code.

    Args:
        mean_log_prob: mean token log-probability of each sample, nats, shape (samples,).

    Returns:
        True for kept samples.

    Raises:
        InputError: a log-probability is missing or above 0.

    >>> likely_paths([-0.2, -0.25, -0.3, -0.35, -1.2, -1.4, -1.5, -1.6, -1.8, -2.0]).astype(int)
    array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0])
    """
    values = _probabilities(mean_log_prob)
    if len(values) == 0 or values.min() == values.max():
        return np.ones(len(values), dtype=bool)
    unlikely = fit_weibull_mixture(values).high(values) < 0.5
    return np.asarray(~(unlikely & (values < values.mean())))


def pruned_consistency(
    answers: Sequence[A],
    mean_log_prob: ArrayLike,
    *,
    completions: Sequence[Hashable] | None = None,
    same: Callable[[A, A], bool] | None = None,
) -> Confidence:
    """RPC: perplexity consistency over the samples that reasoning pruning keeps.

    Reference: Zhou et al. 2025 (RPC), arXiv:2510.15444, and its code.

    Args:
        answers: one per sample.
        mean_log_prob: mean token log-probability of each sample, nats, shape (samples,).
        completions: the texts or their hashes.
        same: whether two different answers mean the same.

    Returns:
        Confidence of each answer; 0 for answers whose samples were all dropped.

    Raises:
        InputError: as `perplexity_consistency`.

    >>> logs = [-0.2, -0.25, -0.3, -0.35, -1.2, -1.4, -1.5, -1.6, -1.8, -2.0]
    >>> found = pruned_consistency(list("AABABBBCBC"), logs)
    >>> found.best, found.values.round(4).tolist()
    (('A',), [0.7566, 0.2434, 0.0])
    """
    counted = likely_paths(mean_log_prob) & _first_of_each(completions, len(np.atleast_1d(np.asarray(mean_log_prob))))
    return _confidence(answers, _probabilities(mean_log_prob), counted, same)
