"""Averages of several laws' forecasts: with equal weights, and with weights learnt from held-out runs."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.validate.outcome import Backtest

Array = NDArray[Any]

HEAVY: Final = 1e4
"""Weight of the row that makes stacking weights add to one, in units of the errors' size."""


@dataclass(frozen=True)
class Average:
    """An average of the laws' forecasts, scored on the same held-out runs as they are.

    Attributes:
        name: `equal`, `stacked`, or `aicc`, which is shown and not recommended.
        weights: law → weight, for use now: learnt from all cuts, or from all runs for `aicc`.
        mean_abs_rel_error: over the cuts at which the weights could be known; None when there are none.
        rms_log_error: root mean square of ln predicted - ln observed over the same cuts.
        by_cut: mean absolute relative error per cut; None where the weights could not be known yet.
    """

    name: str
    weights: Mapping[str, float]
    mean_abs_rel_error: float | None
    rms_log_error: tuple[float | None, ...]
    by_cut: tuple[float | None, ...]

    def to_dict(self) -> dict[str, Any]:
        """Keys for JSON."""
        return {
            "name": self.name,
            "weights": dict(self.weights),
            "mean_abs_rel_error": self.mean_abs_rel_error,
            "by_cut": list(self.by_cut),
        }


@dataclass(frozen=True)
class HeldOut:
    """Held-out runs of several back-tests on the same cuts.

    Attributes:
        labels: names of the candidates.
        errors: per cut, ln observed - ln predicted, shape (runs, candidates).
        sizes: per cut, value of the column of the cuts, shape (runs,).
        cuts: values at the cuts, ascending.
        aicc: corrected Akaike criterion per cut and candidate, shape (cuts, candidates).
    """

    labels: tuple[str, ...]
    errors: tuple[Array, ...]
    sizes: tuple[Array, ...]
    cuts: tuple[float, ...]
    aicc: Array


def held_out(tests: Mapping[str, Backtest], sizes: Mapping[int, float]) -> HeldOut:
    """Line up the held-out runs of several back-tests.

    Args:
        tests: label → back-test; all on the same cuts with the same held-out runs.
        sizes: source row → value of the column of the cuts.

    Returns:
        Errors on a logarithmic scale.
    """
    columns = list(zip(*(test.splits for test in tests.values()), strict=True))
    errors = tuple(
        np.stack([[math.log(p.observed / p.predicted) for p in split.predictions] for split in row], axis=1)
        for row in columns
    )
    places = tuple(np.array([sizes[p.row] for p in row[0].predictions]) for row in columns)
    aicc = np.array([[split.aicc for split in row] for row in columns])
    return HeldOut(tuple(tests), errors, places, tuple(row[0].cut for row in columns), aicc)


def stacking_weights(errors: Array) -> Array:
    """Weights, none negative and adding to one, with the least squared error of the average.

    `min_w ||E w||^2, w >= 0, sum w = 1`, where E holds one column of errors per law.

    Reference: Breiman 1996 (stacked regressions).

    Args:
        errors: ln observed - ln predicted, shape (runs, laws).

    Returns:
        Weights, shape (laws,).

    >>> stacking_weights(np.array([[0.01, -0.01], [0.02, -0.02]])).round(3).tolist()
    [0.5, 0.5]
    """
    from scipy.optimize import nnls

    count = errors.shape[1]
    scale = float(np.sqrt(np.mean(errors**2)))
    if scale == 0:
        return np.full(count, 1 / count)
    # A little of the identity shares the weight evenly between laws that err alike.
    rows = [errors / scale, 1e-4 * np.eye(count), np.full((1, count), HEAVY)]
    target = np.zeros(len(errors) + count + 1)
    target[-1] = HEAVY
    weights = np.asarray(nnls(np.concatenate(rows), target)[0])
    return np.asarray(weights / weights.sum())


def akaike_weights(aicc: Array) -> Array:
    """Akaike weights, `w_m ∝ exp(-(AICc_m - min AICc)/2)`.

    Reference: Burnham and Anderson 2002, section 2.9.

    Args:
        aicc: criterion per law, shape (…, laws).

    Returns:
        Weights, shape (…, laws); equal when no law has a finite criterion.
    """
    lowest = aicc.min(axis=-1, keepdims=True)
    gap = np.where(np.isfinite(lowest), aicc - np.where(np.isfinite(lowest), lowest, 0.0), 0.0)
    raw = np.exp(-gap / 2)
    return np.asarray(raw / raw.sum(axis=-1, keepdims=True))


def averages(runs: HeldOut, aicc: Array | None) -> tuple[Average, ...]:
    """Score averages of the laws cut by cut.

    At each cut, stacking may only know runs below it: its weights come from earlier cuts' forecasts
    of those runs, so the first cut has none.

    Args:
        runs: the held-out runs.
        aicc: criterion of the fits to all runs, shape (laws,); None when criteria cannot be compared.

    Returns:
        Equal, stacked and, where it exists, AICc-weighted.
    """
    count = len(runs.labels)
    equal = np.full(count, 1 / count)
    stacked = [_known_at(runs, j) for j in range(len(runs.cuts))]
    found = [
        _score(runs, "equal", [equal] * len(runs.cuts), equal),
        _score(runs, "stacked", stacked, stacking_weights(np.concatenate(runs.errors))),
    ]
    if aicc is not None:
        found.append(_score(runs, "aicc", list(akaike_weights(runs.aicc)), akaike_weights(aicc)))
    return tuple(found)


def _known_at(runs: HeldOut, j: int) -> Array | None:
    """Stacking weights from what lies below a cut."""
    known = [runs.errors[i][runs.sizes[i] < runs.cuts[j]] for i in range(j)]
    rows = np.concatenate(known) if known else np.empty((0, len(runs.labels)))
    return stacking_weights(rows) if len(rows) else None


def _score(runs: HeldOut, name: str, per_cut: Sequence[Array | None], now: Array) -> Average:
    """Errors of a weighted average at each cut."""
    logs = [None if w is None else e @ w for e, w in zip(runs.errors, per_cut, strict=True)]
    by_cut = tuple(None if e is None else float(np.abs(np.expm1(-e)).mean()) for e in logs)
    rms = tuple(None if e is None else float(np.sqrt(np.mean(e**2))) for e in logs)
    known = [e for e in logs if e is not None]
    mean = float(np.abs(np.expm1(-np.concatenate(known))).mean()) if known else None
    return Average(name, dict(zip(runs.labels, now.tolist(), strict=True)), mean, rms, by_cut)
