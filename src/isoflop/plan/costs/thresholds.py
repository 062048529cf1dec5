"""Thresholds of training compute in law, and why they say little about a model."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from isoflop.fit.estimate import Estimate

CAVEAT: Final = (
    "Training compute is a poor proxy for what a model can do or risk: data, algorithms, distillation, compute at "
    "inference and fine-tuning move capability at equal FLOPs, and which FLOPs count is not settled "
    "(Hooker 2024, arXiv:2407.05694)."
)


@dataclass(frozen=True)
class Threshold:
    """A line in a law.

    Args:
        flops: training compute.
        where: the law.
        means: what it brings, in words.
    """

    flops: float
    where: str
    means: str


THRESHOLDS: Final = (
    Threshold(
        1e25, "EU AI Act, Regulation 2024/1689, article 51", "a general-purpose model is presumed to bear systemic risk"
    ),
    Threshold(1e26, "US Executive Order 14110 of 2023, revoked in 2025", "training had to be reported"),
)


@dataclass(frozen=True)
class Crossing:
    """How a run stands to a threshold.

    Args:
        threshold: the line.
        ratio: training compute over it.
        crossed: whether the point estimate is above it.
        chance: share of draws above it; None without draws.
    """

    threshold: Threshold
    ratio: float
    crossed: bool
    chance: float | None

    def __str__(self) -> str:
        """The line, and how far the run is from it."""
        side = "above" if self.crossed else "below"
        odds = "" if self.chance is None else f", chance of being above {self.chance:.0%}"
        line = self.threshold
        return f"{side} {line.flops:.0e} FLOPs ({self.ratio:.2g} of it{odds}): {line.where}, {line.means}"

    def to_dict(self) -> dict[str, Any]:
        """Everything for JSON."""
        return vars(self.threshold) | {"ratio": self.ratio, "crossed": self.crossed, "chance": self.chance}


def crossings(flops: Estimate) -> tuple[Crossing, ...]:
    """How training compute stands to every threshold, with the chance of being above where there are draws.

    Args:
        flops: training compute; the laws count all of it, which is most often read as 6 N D.

    Returns:
        One per threshold, the lowest first.

    >>> print(crossings(Estimate(3.8e25, (3.8e25, 3.8e25), 0.9))[0])
    above 1e+25 FLOPs (3.8 of it): EU AI Act, Regulation 2024/1689, article 51, a general-purpose model is ...
    """
    value, draws = float(flops.value), flops.draws
    spread = draws is not None and draws.size > 0 and not np.all(draws == draws.flat[0])
    return tuple(
        Crossing(
            line, value / line.flops, value > line.flops,
            float(np.mean(draws > line.flops)) if spread and draws is not None else None,
        )
        for line in THRESHOLDS
    )  # fmt: skip
