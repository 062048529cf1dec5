"""Risk against coverage: areas against brute force over orders, ties, intervals, odd inputs."""

from itertools import permutations

import numpy as np
import pytest

from isoflop.errors import FitError, InputError
from isoflop.testtime.selection import risk
from isoflop.testtime.selection.risk import accuracy_at_coverage, rank_scores, risk_coverage
from isoflop.testtime.selection.risk_areas import areas, checked_marks, ranked_problems, standard_errors


def plain_area(loss) -> float:
    """Return the mean risk over numbers of answers, the surest first."""
    return float(np.mean(np.cumsum(loss) / np.arange(1, len(loss) + 1)))


def orders(confidence) -> list:
    """Return every order of the problems by falling confidence, tied ones in all ways."""
    places = range(len(confidence))
    return [p for p in permutations(places) if all(np.diff(np.asarray(confidence)[list(p)]) <= 0)]


@pytest.mark.parametrize("seed", range(6))
def test_tied_problems_are_in_random_order(seed):
    rng = np.random.default_rng(seed)
    confidence, correct = rng.integers(0, 3, 6), rng.integers(0, 2, 6)
    found = risk_coverage(confidence, correct, rng=rng, draws=20)
    every = [plain_area(1 - correct[list(order)]) for order in orders(confidence)]
    assert found.area.value == pytest.approx(np.mean(every), abs=1e-12)
    best = plain_area(np.sort(1 - correct))
    assert found.best == pytest.approx(best, abs=1e-12)
    assert found.excess.value == pytest.approx(np.mean(every) - best, abs=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_accuracy_at_a_coverage_is_the_mean_over_orders(seed):
    rng = np.random.default_rng(seed)
    confidence, correct = rng.integers(0, 3, 6), rng.integers(0, 2, 6)
    shares = np.arange(1, 7) / 6
    found = accuracy_at_coverage(confidence, correct, shares, rng=rng, draws=20)
    every = [np.cumsum(correct[list(order)]) / np.arange(1, 7) for order in orders(confidence)]
    assert found.value == pytest.approx(np.mean(every, axis=0), abs=1e-12)


def test_draws_are_the_areas_of_the_drawn_problems():
    """Counts of problems give the same as the problems written out."""
    from isoflop.testtime.selection.risk_areas import areas, drawn_counts, ranked_problems

    rng = np.random.default_rng(8)
    confidence, loss = rng.integers(0, 4, 9).astype(float), rng.random(9)
    counts = np.concatenate(list(drawn_counts(9, 30, rng)))
    found = areas(ranked_problems(confidence, loss), counts).value
    for value, row in zip(found, counts.astype(int), strict=True):
        again = risk_coverage(np.repeat(confidence, row), 1 - np.repeat(loss, row), rng=rng, draws=2)
        assert value == pytest.approx(again.area.value, abs=1e-12)


def test_ends_of_the_scale():
    rng = np.random.default_rng(0)
    correct = np.array([1] * 30 + [0] * 10)
    perfect = risk_coverage(np.arange(40, 0, -1), correct, rng=rng)
    assert perfect.excess.value == pytest.approx(0, abs=1e-12)
    silent = risk_coverage(np.zeros(40), correct, rng=rng)
    assert silent.area.value == pytest.approx(silent.error_rate) == pytest.approx(0.25)
    assert silent.thresholds.tolist() == [0.0]
    worst = risk_coverage(np.arange(40), correct, rng=rng)
    assert worst.area.value > silent.area.value > perfect.area.value


def test_the_curve_ends_with_all_answers(rng):
    found = risk_coverage(rng.random(50), rng.integers(0, 2, 50), rng=rng)
    assert found.coverage[-1] == 1.0
    assert found.risk[-1] == pytest.approx(found.error_rate)
    assert (np.diff(found.thresholds) < 0).all()
    assert found.area.interval[0] < found.area.value < found.area.interval[1]


def test_a_rising_map_of_the_confidence_changes_nothing(rng):
    confidence, correct = rng.random(40), rng.integers(0, 2, 40)
    pair = [
        risk_coverage(c, correct, rng=np.random.default_rng(1)) for c in (confidence, 3 * np.log(confidence / 7) - 2)
    ]
    assert pair[0].area.interval == pair[1].area.interval
    assert pair[0].excess.value == pair[1].excess.value


def test_the_threshold_gives_most_answers_within_the_risk():
    found = risk_coverage([9, 8, 7, 6, 5], [1, 0, 1, 1, 0], rng=np.random.default_rng(0), draws=10)
    # Risks are 0, 1/2, 1/3, 1/4, 2/5: the lowest threshold counts, not the first that fails.
    assert found.threshold_for(0.25) == 6
    assert found.threshold_for(0.1) == 9
    assert found.threshold_for(0.4) == 5
    wrong = risk_coverage([2, 1], [0, 1], rng=np.random.default_rng(0), draws=10)
    assert wrong.threshold_for(0.3) is None


def test_infinite_confidences_are_the_ends():
    found = risk_coverage([np.inf, 0, -np.inf], [1, 1, 0], rng=np.random.default_rng(0), draws=10)
    assert found.excess.value == pytest.approx(0, abs=1e-12)


def test_one_problem_has_no_interval():
    found = risk_coverage([0.3], [1], rng=np.random.default_rng(0))
    assert found.area.value == 0
    assert np.isnan(found.area.interval).all()


def test_same_generator_same_interval():
    rng = np.random.default_rng(5)
    confidence, correct = rng.random(30), rng.integers(0, 2, 30)
    first, again, other = (risk_coverage(confidence, correct, rng=np.random.default_rng(s)) for s in (1, 1, 2))
    assert first.area.interval == again.area.interval
    assert first.area.interval != other.area.interval


def test_scores_are_ranked_on_the_same_draws(rng):
    truth = rng.random(300)
    correct = (rng.random(300) < truth).astype(int)
    scores = {"noise": rng.random(300), "good": truth, "fair": truth + 0.5 * rng.random(300)}
    found = rank_scores(scores, correct, rng=np.random.default_rng(1))
    assert [entry.name for entry in found] == ["good", "fair", "noise"]
    assert (found[0].behind.value, found[0].behind.interval) == (0.0, (0.0, 0.0))
    assert found[2].behind.interval[0] > 0
    assert sum(entry.first for entry in found) == pytest.approx(1)
    alone = risk_coverage(truth, correct, rng=np.random.default_rng(1))
    assert found[0].area.interval == alone.area.interval


def test_equal_scores_share_the_first_place(rng):
    found = rank_scores({"a": [3, 2, 1], "b": [30, 20, 10]}, [1, 0, 1], rng=rng)
    assert [entry.first for entry in found] == [0.5, 0.5]


@pytest.mark.parametrize(
    ("confidence", "correct", "word"),
    [
        ([], [], "at least 1"),
        ([0.1], [1, 0], "one of each"),
        ([[0.1]], [[1]], "one of each"),
        ([0.1, np.nan], [1, 0], "1 confidences are missing"),
        ([0.1, 0.2], [1, np.nan], "mark is missing"),
        ([0.1, 0.2], [1, 2], "outside 0 to 1"),
    ],
)
def test_values_that_cannot_be_ranked(confidence, correct, word, rng):
    with pytest.raises(InputError, match=word):
        risk_coverage(confidence, correct, rng=rng)


@pytest.mark.parametrize("coverage", [0.0, 1.2, np.nan, [0.5, -1], [[0.5]]])
def test_coverages_are_shares(coverage, rng):
    with pytest.raises(InputError, match="above 0"):
        accuracy_at_coverage([0.1, 0.2], [1, 0], coverage, rng=rng)


def test_levels_are_shares(rng):
    with pytest.raises(FitError, match="between 0 and 1"):
        risk_coverage([0.1, 0.2], [1, 0], rng=rng, level=95)


def test_intervals_need_draws(rng):
    for call in (
        lambda: risk_coverage([0.1, 0.2], [1, 0], rng=rng, draws=0),
        lambda: accuracy_at_coverage([0.1, 0.2], [1, 0], 0.5, rng=rng, draws=0),
    ):
        with pytest.raises(InputError, match="0 draws"):
            call()


def test_no_score(rng):
    with pytest.raises(InputError, match="no score"):
        rank_scores({}, [1], rng=rng)


@pytest.mark.parametrize("ties", [False, True])
def test_standard_errors_are_those_of_the_jackknife(rng, ties):
    problems = 200
    chance = rng.beta(2, 1, problems)
    score = rng.binomial(6, chance) / 6 if ties else chance + 0.1 * rng.standard_normal(problems)
    _, loss = checked_marks(score, rng.random(problems) < chance)
    ranked, perfect = ranked_problems(score, loss), ranked_problems(-loss, loss)
    once, without = np.ones((1, problems)), np.ones((problems, problems)) - np.eye(problems)
    whole, left = areas(ranked, once), areas(ranked, without)
    for found, rest in ((whole, left), (whole.less(areas(perfect, once)), left.less(areas(perfect, without)))):
        jackknife = np.sqrt((problems - 1) / problems * ((rest.value - rest.value.mean()) ** 2).sum())
        assert standard_errors(found, once)[0] == pytest.approx(jackknife, rel=0.06)


def test_the_area_without_a_problem_is_that_of_the_others(rng):
    score, loss = rng.integers(0, 5, 12).astype(float), rng.random(12)
    # The first row holds all problems: rows of other totals do not disturb each other.
    found = areas(ranked_problems(score, loss), np.vstack([np.ones((1, 12)), 1 - np.eye(12)])).value
    for place, value in enumerate(found[1:]):
        rest = risk_coverage(np.delete(score, place), 1 - np.delete(loss, place), rng=rng, draws=2)
        assert value == pytest.approx(rest.area.value, abs=1e-12)


def test_each_ranking_is_looked_at_once(rng, monkeypatch):
    """Its area, its excess and what others are behind come from one pass over the problems and one over the draws."""
    looked = []

    def counted(ranked, counts):
        looked.append(len(counts))
        return areas(ranked, counts)

    monkeypatch.setattr(risk, "areas", counted)
    score, right = rng.random(50), rng.integers(0, 2, 50)
    risk_coverage(score, right, rng=rng, draws=40)
    assert looked == [1, 1, 40, 40]
    looked.clear()
    rank_scores({"one": score, "other": 1 - score, "none": rng.random(50)}, right, rng=rng, draws=40)
    assert looked == [1, 40] * 3


def test_few_errors_leave_much_above(rng):
    """Six errors in sixty: the upper end is far, where a percentile of the draws would be near."""
    score, right = np.arange(60.0)[::-1], np.ones(60)
    right[[9, 20, 31, 42, 50, 59]] = 0
    found = risk_coverage(score, right, rng=rng, draws=800, level=0.95)
    near = np.quantile(found.area.draws, 0.975) - found.area.value
    assert found.area.interval[1] - found.area.value > 1.5 * near
    assert 0 <= found.excess.interval[0] <= found.excess.value <= found.excess.interval[1]
