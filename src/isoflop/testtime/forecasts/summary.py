"""Samples of one model in one view: how often problems are solved, pass@k, its law, and a forecast that was tried."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import FitError
from isoflop.fit.estimate import Estimate
from isoflop.testtime.counts import Counts
from isoflop.testtime.estimators.coverage import pass_at_k, pass_hat_k
from isoflop.testtime.estimators.resample import benchmark_mean
from isoflop.testtime.forecasts.forecast import Forecasts, HiddenSamples, even_ks, forecast, hide_larger, inflated
from isoflop.testtime.forecasts.forecast_dict import backtest_dict, difficulty_dict, power_dict
from isoflop.testtime.forecasts.forecast_words import laws_said

Array = NDArray[Any]

STEPS: Final = 24
"""Steps of the forecast beyond the samples at hand."""
HEADLINE: Final = "given counts"
"""The forecast to go by: its intervals hold for several families of rates. A back-test goes to 16 times the samples
that it keeps; the method that it likes best holds too seldom farther out, where its assumption is wrong."""


@dataclass(frozen=True, eq=False)
class SampleSummary:
    """What samples say about a model.

    Attributes:
        counts: samples and correct ones of every problem.
        level: confidence level of all intervals.
        ks: numbers of samples of the curves, shape (ks,).
        pass_at_k: mean over problems, with the interval of problems drawn again.
        pass_hat_k: the same for all k being correct.
        forecasts: coverage by more samples, in every way; None where nothing can be fitted.
        tested: the back-test of these ways; None where none was made.
        reasons: why there is no forecast or no back-test.
    """

    counts: Counts
    level: float
    ks: Array
    pass_at_k: Estimate
    pass_hat_k: Estimate
    forecasts: Forecasts | None
    tested: HiddenSamples | None
    reasons: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The part of the source, or the file."""
        return self.counts.group or self.counts.provenance.file or "samples"

    @property
    def never(self) -> int:
        """Problems of which no sample is correct."""
        return int(np.count_nonzero(self.counts.c == 0))

    @property
    def always(self) -> int:
        """Problems of which every sample is correct."""
        return int(np.count_nonzero(self.counts.c == self.counts.n))

    @property
    def best(self) -> str | None:
        """The way of forecasting with the smallest error in the back-test; the headline's without a back-test."""
        if self.forecasts is None:
            return None
        return HEADLINE if self.tested is None else self.tested.best

    @property
    def headline(self) -> Estimate | None:
        """The forecast to go by, at all its k."""
        return None if self.forecasts is None else self.forecasts.by[HEADLINE]

    @property
    def leaves_out(self) -> tuple[str, ...]:
        """What no interval of the forecast to go by contains; of pass@k where there is none."""
        found = self.pass_at_k if self.headline is None else self.headline
        return tuple(found.leaves_out)

    def at_hand(self, *, every: bool = False) -> list[Estimate]:
        """Give pass@k at every k of the curves; pass^k for `every`."""
        return _each(self.pass_hat_k if every else self.pass_at_k)

    def at(self, k: float, method: str | None = None) -> Estimate:
        """Give a forecast at one of its k.

        Args:
            k: samples.
            method: a name of `METHODS`; the one to go by when None.

        Returns:
            Coverage with its interval.

        Raises:
            FitError: there is no forecast, or not at this k.
        """
        if self.forecasts is None:
            raise FitError(f"There is no forecast: {' '.join(self.reasons)}")
        place = np.flatnonzero(self.forecasts.ks == k)
        if not len(place):
            raise FitError(f"The forecast has no k = {k:g}. Ask for one of {self.shown().astype(int).tolist()}.")
        return _one(self.forecasts.by[method or HEADLINE], int(place[0]))

    def shown(self) -> Array:
        """The k of the forecast that a table shows: the samples at hand, and four more up to the farthest."""
        if self.forecasts is None:
            return np.array([])
        beyond = self.forecasts.ks[self.forecasts.ks >= self.counts.fewest]
        return np.asarray(beyond[np.unique(np.linspace(0, len(beyond) - 1, 5).astype(int))])

    def laws(self) -> list[str]:
        """Say what was fitted, in formulas with their constants."""
        return [] if self.forecasts is None else laws_said(self.forecasts, self.level)

    def conclusions(self) -> list[str]:
        """Say in sentences what the numbers mean."""
        counts, found = self.counts, []
        most = int(self.ks[-1])
        first, last = (_one(self.pass_at_k, place) for place in (0, len(self.ks) - 1))
        found.append(
            f"a single sample is right in {_share(first)} of the cases; one of {most} in {_share(last)}"
            if most > 1
            else f"a single sample is right in {_share(first)} of the cases"
        )
        if self.never:
            found.append(
                f"{self.never} of {len(counts)} problems were never solved in {samples_each(counts)} samples: whether "
                "they can be is not in the counts"
            )
        if self.forecasts is not None:
            far = float(self.forecasts.ks[-1])
            found.append(f"one of {far:,.0f} is expected to be right in {_share(self.at(far))} ({HEADLINE})")
        return found

    def to_dict(self) -> dict[str, Any]:
        """Keys for JSON."""
        counts, law = self.counts, self.forecasts
        return {
            "name": self.name,
            "problems": len(counts),
            "samples": counts.samples,
            "fewest": counts.fewest,
            "most": int(counts.n.max()),
            "never_solved": self.never,
            "always_solved": self.always,
            "curve": [
                {"k": int(k), "pass_at_k": one.to_dict(), "pass_hat_k": all_.to_dict()}
                for k, one, all_ in zip(self.ks, self.at_hand(), self.at_hand(every=True), strict=True)
            ],
            "power_law": None if law is None or law.power is None else power_dict(law.power, self.level),
            "difficulty": None if law is None else difficulty_dict(law.difficulty, self.level),
            "forecast": None if law is None else self._forecast(law),
            "backtest": None if self.tested is None else backtest_dict(self.tested),
            "reasons": list(self.reasons),
            "conclusions": self.conclusions(),
            "findings": [
                {key: getattr(one, key) for key in ("level", "code", "message", "column", "next_step")}
                for one in counts.findings
            ],
        }

    def _forecast(self, law: Forecasts) -> dict[str, Any]:
        """The forecast by every method, at the k of the table."""
        places = [int(np.flatnonzero(law.ks == k)[0]) for k in self.shown()]
        curve = [
            {"k": float(law.ks[place]), "by": {name: _one(one, place).to_dict() for name, one in law.by.items()}}
            for place in places
        ]
        return {
            "headline": HEADLINE,
            "best": self.best,
            "families": dict(law.families),
            "curve": curve,
            "leaves_out": list(self.leaves_out),
        }


def summarise(
    counts: Counts,
    *,
    rng: np.random.Generator,
    ks: Sequence[int] | None = None,
    times: float = 100.0,
    draws: int = 1000,
    level: float = 0.9,
    backtest: bool = True,
) -> SampleSummary:
    """Sum up samples: pass@k and pass^k with intervals, the law of coverage, a back-tested forecast.

    Args:
        counts: samples and correct ones of every problem.
        rng: random state; the same state gives the same bits.
        ks: numbers of samples of the curves; up to thirteen, even in the logarithm, when None.
        times: how many times the samples at hand the forecast reaches.
        draws: replicates behind the intervals; forecasts take a fifth of them, trials of the back-test a sixteenth.
        level: confidence level.
        backtest: whether to try the forecasts by hiding the larger k.

    Returns:
        The summary.

    Raises:
        TableError: k is above n of some problems, which are named, or fewer than two problems.
        FitError: a level that is no probability, or a forecast that reaches no farther than the samples.

    >>> rng = np.random.default_rng(0)
    >>> names = tuple(f"p{k}" for k in range(60))
    >>> counts = Counts(names, np.full(60, 100), rng.binomial(100, rng.beta(0.3, 2, 60)))
    >>> found = summarise(counts, rng=rng, draws=200)
    >>> found.ks.max() == 100, found.shown().astype(int).tolist()
    (np.True_, [100, 316, 1000, 3162, 10000])
    """
    if not times > 1:
        raise FitError(f"A forecast to {times:g} times the samples at hand is none. Give more than 1.")
    most = counts.fewest
    asked = even_ks(most) if ks is None else np.unique(np.asarray(ks))
    curves = [curve(counts.n, counts.c, asked, names=counts.problems) for curve in (pass_at_k, pass_hat_k)]
    # Side by side, so that both curves have the same draws of problems.
    both = benchmark_mean(np.concatenate(curves, axis=1), rng=rng, draws=draws, level=level)
    passed, right = _part(both, slice(len(asked))), _part(both, slice(len(asked), None))
    found: Forecasts | None = None
    tested: HiddenSamples | None = None
    reasons: list[str] = []
    beyond = np.round(most * times ** (np.arange(1, STEPS + 1) / STEPS))
    far = np.unique(np.concatenate([even_ks(most), beyond]))
    try:
        found = forecast(counts.n, counts.c, far, rng=rng, draws=max(draws // 5, 20), level=level)
        if backtest:
            tested = hide_larger(counts.n, counts.c, rng=rng, draws=max(draws // 16, 20), level=level)
    except FitError as error:
        reasons.append(str(error))
    if found is not None:
        found = inflated(found, tested)
    return SampleSummary(counts, level, asked, passed, right, found, tested, tuple(reasons))


def samples_each(counts: Counts) -> str:
    """Say how many samples problems have: one number, or the smallest and the largest.

    >>> samples_each(Counts(("a", "b"), np.array([100, 2000]), np.array([1, 2])))
    '100 to 2,000'
    """
    low, high = counts.fewest, int(counts.n.max())
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def shared_findings(found: Sequence[SampleSummary]) -> list[tuple[str, str]]:
    """Give what the checks found, once where several parts share it.

    Args:
        found: summaries of the parts.

    Returns:
        (Level, text), in the order in which they were found.
    """
    said: dict[tuple[str, str], int] = {}
    for one in found:
        for finding in one.counts.findings:
            said[finding.level, str(finding)] = said.get((finding.level, str(finding)), 0) + 1
    return [
        (level, text if count == len(found) else f"{text} ({count} of {len(found)} parts)")
        for (level, text), count in said.items()
    ]


def _part(found: Estimate, places: slice) -> Estimate:
    """Some entries of an estimate of several."""
    low, high = found.interval
    draws = None if found.draws is None else found.draws[:, places]
    return replace(found, value=found.value[places], interval=(low[places], high[places]), draws=draws)


def _one(found: Estimate, place: int) -> Estimate:
    """One entry of an estimate of several."""
    low, high = found.interval
    ends = (float(low[place]), float(high[place]))
    return Estimate(float(found.value[place]), ends, found.level, leaves_out=found.leaves_out, unit=found.unit)


def _each(found: Estimate) -> list[Estimate]:
    """The entries of an estimate of several."""
    return [_one(found, place) for place in range(len(found.value))]


def _share(found: Estimate) -> str:
    """A share with its interval, in percent."""
    low, high = found.interval
    return f"{found.value:.1%} [{low:.1%}, {high:.1%}]"
