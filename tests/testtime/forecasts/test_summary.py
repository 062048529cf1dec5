"""Summaries of samples: curves, forecasts, what is said about them."""

import numpy as np
import pytest

from isoflop.errors import FitError, TableError
from isoflop.runs.finding import Finding
from isoflop.testtime.counts import Counts
from isoflop.testtime.estimators.coverage import pass_at_k, pass_hat_k
from isoflop.testtime.forecasts.summary import SampleSummary, samples_each, shared_findings, summarise


def made(n: int = 64, problems: int = 50, seed: int = 0, **settings) -> SampleSummary:
    rng = np.random.default_rng(seed)
    names = tuple(f"p{k}" for k in range(problems))
    counts = Counts(names, np.full(problems, n), rng.binomial(n, rng.beta(0.3, 2, problems)))
    return summarise(counts, rng=rng, draws=200, **settings)


@pytest.fixture(scope="module")
def found() -> SampleSummary:
    return made()


def test_curves_are_the_unbiased_means_with_intervals(found: SampleSummary) -> None:
    counts = found.counts
    for estimate, curve in ((found.pass_at_k, pass_at_k), (found.pass_hat_k, pass_hat_k)):
        np.testing.assert_allclose(estimate.value, curve(counts.n, counts.c, found.ks).mean(axis=0))
        # Where next to no problem is solved k times in a row, an end meets the value.
        inside = (estimate.value > 1e-9) & (estimate.value < 1)
        assert np.count_nonzero(inside) > 8
        assert np.all((estimate.interval[0] < estimate.value)[inside])
        assert np.all((estimate.value < estimate.interval[1])[inside])
    assert found.pass_at_k.value[0] == pytest.approx(counts.rates.mean())
    # One draw of problems serves both: at k = 1 they are the same quantity.
    assert found.pass_at_k.interval[0][0] == pytest.approx(found.pass_hat_k.interval[0][0])


def test_the_forecast_reaches_a_hundred_times_the_samples(found: SampleSummary) -> None:
    shown = found.shown()
    assert (shown[0], shown[-1], len(shown)) == (64, 6400, 5)
    assert found.tested is not None
    assert found.best == found.tested.best
    # Whatever the back-test likes best, the forecast to go by holds for several families.
    assert found.forecasts is not None
    assert found.headline is found.forecasts.by["given counts"]
    assert found.at(6400) == found.at(6400, "given counts")
    values = [found.at(k).value for k in shown]
    assert values == sorted(values)
    assert found.at(6400, "distribution").value != found.at(6400, "power law").value
    with pytest.raises(FitError, match="The forecast has no k = 77"):
        found.at(77)


def test_what_is_said(found: SampleSummary) -> None:
    said = found.conclusions()
    assert said[0].startswith("a single sample is right in ")
    assert f"{found.never} of 50 problems were never solved in 64 samples" in said[1]
    assert said[2].startswith("one of 6,400 is expected to be right in ")
    assert [line.split(":")[0] for line in found.laws()] == ["power law", "distribution", "given counts"]
    assert "scaled beta" in found.laws()[2]
    assert any("normal log-odds" in said for said in found.leaves_out)
    assert found.never == int(np.sum(found.counts.c == 0))
    assert found.always == 0


def test_a_summary_without_a_back_test() -> None:
    found = made(n=16, backtest=False, times=10.0)
    assert found.tested is None
    assert found.best == "given counts"
    assert found.shown()[-1] == 160
    assert found.to_dict()["backtest"] is None


@pytest.mark.parametrize(("n", "reason"), [(1, "a single sample"), (4, "4 samples of a problem are too few to hide")])
def test_few_samples_leave_the_curve_and_say_why_there_is_no_more(n: int, reason: str) -> None:
    found = made(n=n, seed=3)
    assert reason in found.reasons[0]
    assert (found.forecasts is None) == (n == 1)
    assert found.ks.tolist() == list(range(1, n + 1))
    assert found.to_dict()["reasons"] == list(found.reasons)
    if n == 1:
        assert found.best is None
        assert found.laws() == []
        assert found.conclusions()[0].count("one of") == 0
        with pytest.raises(FitError, match="There is no forecast"):
            found.at(10)


def test_benchmarks_that_are_solved_or_hopeless() -> None:
    for c, said in ((8, "Every sample is correct"), (0, "No problem was ever solved")):
        counts = Counts(("a", "b", "c"), np.full(3, 8), np.full(3, c))
        found = summarise(counts, rng=np.random.default_rng(0), draws=100)
        assert said in found.reasons[0]
        assert found.pass_at_k.value.tolist() == [c / 8] * len(found.ks)


def test_k_above_n_is_refused_by_name() -> None:
    counts = Counts(("easy", "short"), np.array([9, 3]), np.array([4, 1]))
    with pytest.raises(TableError, match=r"k = 5 is above the number of samples of problem short"):
        summarise(counts, rng=np.random.default_rng(0), ks=[1, 5])
    with pytest.raises(FitError, match="times the samples at hand is none"):
        summarise(counts, rng=np.random.default_rng(0), times=1.0)


def test_findings_that_parts_share_are_said_once() -> None:
    both, one = Finding("warning", "x", "both have it"), Finding("note", "y", "one has it")
    names, n, c = ("a", "b"), np.array([8, 8]), np.array([3, 0])
    parts = [
        summarise(Counts(names, n, c, findings=findings), rng=np.random.default_rng(0), draws=100, backtest=False)
        for findings in ((both, one), (both,))
    ]
    assert shared_findings(parts) == [
        ("warning", "warning: both have it."),
        ("note", "note: one has it. (1 of 2 parts)"),
    ]
    assert samples_each(parts[0].counts) == "8"
