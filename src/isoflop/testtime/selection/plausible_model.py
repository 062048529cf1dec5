"""How often each rule for choosing code by tests is right, where the truth is simulated."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import InputError
from isoflop.testtime.selection.plausible_tests import (
    b4_scores,
    codet_scores,
    expected_correct,
    max_pass_scores,
    mbr_exec_scores,
)

Array = NDArray[Any]

RULES: Final = ("random", "max-pass", "mbr-exec", "codet", "b4")
"""Rules that `rule_accuracy` compares."""


@dataclass(frozen=True)
class PassModel:
    """How solutions and tests come about in the simulation of Chen et al. 2024.

    A correct solution passes exactly the correct tests.

    Args:
        solution: θx, chance that a solution is correct.
        test: θy, chance that a test is correct.
        lucky: θ1, chance that a wrong solution passes a correct test.
        misled: θ0, chance that a wrong solution passes a wrong test.
        solutions: N.
        tests: M.
    """

    solution: float = 0.2
    test: float = 0.3
    lucky: float = 0.4
    misled: float = 0.1
    solutions: int = 10
    tests: int = 30

    def draw(self, trials: int, rng: np.random.Generator) -> tuple[Array, Array]:
        """Passes (trials, solutions, tests) and correctness (trials, solutions), all trials kept."""
        right = rng.random((trials, self.solutions)) < self.solution
        sound = rng.random((trials, 1, self.tests)) < self.test
        chance = rng.random((trials, self.solutions, self.tests)) < np.where(sound, self.lucky, self.misled)
        return np.where(right[..., None], sound, chance), right


def rule_accuracy(
    model: PassModel, *, trials: int, rng: np.random.Generator, beta0: float = 10.0, alpha: float = 10.0
) -> Mapping[str, tuple[float, float]]:
    """Chance that each rule picks a correct solution, over trials with some but not all solutions correct.

    Reference: Chen et al. 2024 (B4), arXiv:2409.08692, simulation.

    Args:
        model: chances and sizes.
        trials: simulated problems, those with no choice to make included.
        rng: random state.
        beta0: β0 of B4.
        alpha: α of B4.

    Returns:
        Mean and its standard error by rule.

    Raises:
        InputError: fewer than two trials leave a choice.

    >>> found = rule_accuracy(PassModel(), trials=400, rng=np.random.default_rng(0))
    >>> found["b4"][0] > found["codet"][0] > found["max-pass"][0] > found["random"][0]
    True
    """
    found: dict[str, list[Array]] = {rule: [] for rule in RULES}
    for start in range(0, trials, 1000):
        passes, right = model.draw(min(1000, trials - start), rng)
        open_ = right.any(axis=-1) & ~right.all(axis=-1)
        passes, right = passes[open_], right[open_]
        scores = {
            "random": np.zeros(right.shape),
            "max-pass": max_pass_scores(passes),
            "mbr-exec": mbr_exec_scores(passes),
            "codet": codet_scores(passes),
            "b4": b4_scores(passes, beta0=beta0, alpha=alpha),
        }
        for rule in RULES:
            found[rule].append(expected_correct(scores[rule], right))
    values = {rule: np.concatenate(parts) for rule, parts in found.items() if parts}
    if not values or len(values["b4"]) < 2:
        raise InputError(f"{trials} trials leave fewer than two with a choice. Simulate more, or change the chances.")
    return {rule: (float(v.mean()), float(v.std(ddof=1) / np.sqrt(len(v)))) for rule, v in values.items()}
