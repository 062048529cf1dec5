"""From the laws' back-tests to an order, averages, and a verdict that may be that chance decided."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from isoflop.errors import TableError
from isoflop.fit.result import Fit
from isoflop.runs.table import RunTable
from isoflop.validate.averages import Average, akaike_weights, averages, held_out
from isoflop.validate.comparison import UNDECIDED, Comparison, Entry
from isoflop.validate.outcome import Backtest
from isoflop.validate.paired import Difference, difference, p_words
from isoflop.validate.scores import corrected_akaike, score
from isoflop.validate.target import forecast_target


def judge(
    tests: Mapping[str, Backtest],
    fits: Mapping[str, Fit],
    free: Mapping[str, int],
    runs: RunTable,
    *,
    rng: np.random.Generator,
    level: float,
    target: Mapping[str, Any] | None,
    notes: tuple[str, ...],
) -> Comparison:
    """Put laws in the order of their errors on held-out runs, and say whether chance could have done so.

    Args:
        tests: label → back-test; all with the same held-out runs.
        fits: label → fit to all runs.
        free: label → parameters estimated.
        runs: the runs that all laws could use.
        rng: random state of the paired tests.
        level: confidence level.
        target: run to forecast, if any.
        notes: what is already known to matter.

    Returns:
        The comparison.
    """
    by = next(iter(tests.values())).by
    order = sorted(tests, key=lambda label: tests[label].mean_abs_rel_error)
    # The best was looked for among all: chance had as many tries.
    many = len(order) - 1
    gaps = {
        label: difference(tests[label], tests[order[0]], level=level, rng=rng, comparisons=many) for label in order[1:]
    }
    criteria = _criteria(fits)
    weights = None if criteria is None else akaike_weights(criteria).tolist()
    places = {label: place for place, label in enumerate(tests)}
    entries = tuple(
        Entry(
            label,
            tests[label].formula,
            fits[label].objective.name,
            free[label],
            tests[label],
            gaps.get(label),
            None if criteria is None else float(criteria[places[label]]),
            None if weights is None else weights[places[label]],
            fits[label],
        )
        for label in order
    )
    means, more = _averages(tests, runs, criteria)
    aim = None if target is None else forecast_target(fits, target, means, level)
    verdict, reason, tied = _verdict(order, gaps, level)
    notes = (*notes, *more, *runs.notes)
    return Comparison(entries, verdict, reason, tied, means, aim, by, len(runs), level, notes)


def _criteria(fits: Mapping[str, Fit]) -> np.ndarray[Any, np.dtype[np.float64]] | None:
    """Corrected Akaike criterion of each fit; None when they do not speak of the same residuals."""
    if len({fit.objective.log for fit in fits.values()}) > 1:
        return None
    found = np.array([corrected_akaike(fit) for fit in fits.values()])
    return found if np.isfinite(found).all() else None


def _averages(
    tests: Mapping[str, Backtest], runs: RunTable, criteria: np.ndarray[Any, np.dtype[np.float64]] | None
) -> tuple[tuple[Average, ...], tuple[str, ...]]:
    """Averages of the laws, on a logarithmic scale."""
    if any(test.scores.rms_log_error is None for test in tests.values()):
        return (), ("Not all forecasts and observations are positive, so there are no averages.",)
    by = next(iter(tests.values())).by
    sizes = dict(zip(runs.source_rows.tolist(), runs.column(by).tolist(), strict=True))
    return averages(held_out(tests, sizes), criteria), ()


def shared_runs(tests: Mapping[str, Backtest]) -> tuple[dict[str, Backtest], tuple[str, ...]]:
    """Reduce back-tests to the held-out runs that all of them predicted.

    Args:
        tests: label → back-test.

    Returns:
        The reduced back-tests, and a note where something was left out.

    Raises:
        TableError: there is no such run.
    """
    keys = [{(s.cut, p.row) for s in test.splits for p in s.predictions} for test in tests.values()]
    common, everything = set.intersection(*keys), set.union(*keys)
    if not common:
        reasons = "; ".join(f"{label}: {s.reason}" for label, test in tests.items() for s in test.skipped)
        raise TableError(f"The laws have no held-out run in common ({reasons}). Leave a law out, or cut elsewhere.")
    if common == everything:
        return dict(tests), ()
    note = f"{len(everything) - len(common)} forecasts that not every law could make were left out."
    return {label: _reduced(test, common) for label, test in tests.items()}, (note,)


def _reduced(test: Backtest, keep: set[tuple[float, int]]) -> Backtest:
    """A back-test of some of its held-out runs."""
    splits = []
    for split in test.splits:
        kept = tuple(p for p in split.predictions if (split.cut, p.row) in keep)
        if kept:
            rows = tuple(p.row for p in kept)
            distance = float(np.median([p.distance_decades for p in kept]))
            scores = score(kept, test.level)
            splits.append(replace(split, predictions=kept, test_rows=rows, distance_decades=distance, scores=scores))
    return replace(test, splits=tuple(splits))


def _verdict(order: Sequence[str], gaps: Mapping[str, Difference], level: float) -> tuple[str, str, tuple[str, ...]]:
    """Verdict, its reason, and the laws that chance could have put behind the best."""
    best = order[0]
    tied = tuple(label for label in order[1:] if not gaps[label].distinguishable)
    if not tied:
        worst = max(gap.p_value for gap in gaps.values())
        surprise = p_words(worst).replace("=", "≤")
        return best, f"it is ahead at every cut, beyond chance at {level:.0%} ({surprise})", ()
    listed = ", ".join(
        f"{label} ({p_words(gaps[label].p_value)}, ahead at {gaps[label].ahead} of {gaps[label].cuts} cuts)"
        for label in tied
    )
    return UNDECIDED, f"{best} has the smallest error, but not distinguishably from {listed}", tied
