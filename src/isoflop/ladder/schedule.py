"""The learning rate over a run: linear warm-up, then cosine or a linear tail, always down to zero."""

import math
from typing import Final

from isoflop.errors import InputError

SCHEDULES: Final = ("cosine", "wsd")


def multiplier(step: int, updates: int, warmup: int, *, schedule: str = "cosine", decay: float = 0.2) -> float:
    """The learning rate of one update as a part of its peak.

    Warm-up: `(s + 1) / W`. Cosine: `(1 + cos(pi x)) / 2` with `x = (s + 1 - W) / (S - W)`.
    WSD: 1, then linear to 0 over the last part `decay` of the S updates. Update S, which is
    never made, would have rate 0.

    Reference: cosine to a matched horizon, Hoffmann et al. 2022, appendix B; WSD, Hu et al. 2024, arXiv:2404.06395.

    Args:
        step: update s, counted from 0.
        updates: all updates S.
        warmup: updates W of the warm-up.
        schedule: "cosine" or "wsd".
        decay: part of the run that WSD decays over.

    Returns:
        A number from 0 to 1.

    Raises:
        InputError: the schedule is unknown.

    >>> [round(multiplier(s, 10, 2), 3) for s in (0, 1, 5, 9)]
    [0.5, 1.0, 0.5, 0.0]
    """
    if schedule not in SCHEDULES:
        raise InputError(f"The schedule {schedule!r} is unknown. Use one of: {', '.join(SCHEDULES)}.")
    if step < warmup:
        return (step + 1) / warmup
    if schedule == "cosine":
        return 0.5 * (1 + math.cos(math.pi * (step + 1 - warmup) / max(updates - warmup, 1)))
    tail = max(1, round(decay * updates))
    return min(1.0, (updates - step) / tail)
