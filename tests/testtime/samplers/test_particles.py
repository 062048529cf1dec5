"""Particle filter and particle Gibbs on a toy whose target can be listed."""

import math

import numpy as np
import pytest
from tests.testtime.support import TARGET, TOTAL, TOY, chi_square_excess, gibbs_from_target, score

from isoflop.errors import InputError
from isoflop.testtime.samplers.particles import Filter, particle_filter, particle_gibbs
from isoflop.testtime.samplers.protocol import FromFunctions
from isoflop.testtime.samplers.toy import distance, stepwise


def odds(prefix) -> float:
    return score(prefix) / (1 - score(prefix))


@pytest.mark.parametrize(
    "settings",
    [
        Filter(24_000),
        Filter(24_000, scheme="systematic"),
        Filter(24_000, resample_below=0.5),
        Filter(24_000, resample_below=0.0),
    ],
    ids=["multinomial", "systematic", "now and then", "never"],
)
def test_many_particles_reach_the_target(settings, rng):
    run = particle_filter(TOY, score, settings, rng=rng)
    assert distance(run.shares(), TARGET) < 0.04
    assert run.log_evidence == pytest.approx(math.log(TOTAL), abs=0.06)
    assert distance(TOY.texts(), TARGET) > 0.1


def test_odds_aim_at_the_odds(rng):
    target, total = stepwise(TOY.texts(), odds)
    run = particle_filter(TOY, score, Filter(24_000, weight="odds"), rng=rng)
    assert distance(run.shares(), target) < 0.05
    assert run.log_evidence == pytest.approx(math.log(total), abs=0.15)


def test_weighing_finished_texts_in_every_round_misses_the_target(rng):
    """The library's habit: a text of L steps weighs its last score once more per round until all are finished.

    With thousands of particles the longest text is always among them, so the rounds are TOY.longest.
    """
    run = particle_filter(TOY, score, Filter(24_000, ended="every round"), rng=rng)
    again = {t: p * score(t) ** (TOY.longest - len(t)) for t, p in TARGET.items()}
    habit = {t: p / sum(again.values()) for t, p in again.items()}
    assert distance(run.shares(), habit) < 0.04
    assert distance(run.shares(), TARGET) > 0.08


def test_the_evidence_is_unbiased_for_few_particles(rng):
    found = np.exp([particle_filter(TOY, score, Filter(3), rng=rng).log_evidence for _ in range(2000)])
    assert abs(found.mean() - TOTAL) < 4 * found.std() / math.sqrt(len(found))


def test_one_iteration_of_gibbs_leaves_the_target(rng):
    """Two particles are enough: draws of the target stay draws of the target, where a filter of two is far off."""
    assert chi_square_excess(gibbs_from_target(Filter(2), 1500, rng), TARGET) < 4
    alone = [particle_filter(TOY, score, Filter(2), rng=rng).draw(rng) for _ in range(1500)]
    assert chi_square_excess(alone, TARGET) > 4


def test_gibbs_starts_with_a_filter_and_keeps_its_length(rng):
    chain = particle_gibbs(TOY, score, Filter(3), iterations=20, rng=rng)
    assert len(chain) == 20
    assert set(chain) <= set(TARGET)


def test_texts_of_one_length_need_no_rule_for_the_end(rng):
    model = FromFunctions(lambda text, rng: int(rng.integers(2)), lambda text: len(text) == 3)
    runs = [
        particle_filter(model, lambda t: 0.3 + 0.4 * t[-1], Filter(50, ended=e), rng=np.random.default_rng(1))
        for e in ("once", "every round")
    ]
    assert runs[0].texts == runs[1].texts
    assert runs[0].log_evidence == runs[1].log_evidence
    assert (len(runs[0].effective), runs[0].resampled, runs[0].drawn) == (3, (0, 1), 150)


def test_one_particle_is_the_model_itself(rng):
    run = particle_filter(TOY, score, Filter(1), rng=rng)
    assert run.best in TOY.texts()
    assert run.weights.tolist() == [1.0]
    assert math.exp(run.log_evidence) == pytest.approx(
        math.prod(score(run.best[: i + 1]) for i in range(len(run.best)))
    )


def test_beginnings_with_score_zero_die_out(rng):
    run = particle_filter(TOY, lambda prefix: float(prefix[0] == "b"), Filter(200), rng=rng)
    assert {text[0] for text in run.texts} == {"b"}


def test_same_generator_same_run():
    def texts(seed: int) -> tuple:
        return particle_filter(TOY, score, Filter(20), rng=np.random.default_rng(seed)).texts

    assert texts(1) == texts(1)
    assert texts(1) != texts(2)


class Batched:
    """The toy, but only in batches."""

    def extend(self, prefix, rng):
        raise AssertionError("the batch is there")

    def extend_many(self, prefixes, rng):
        return [TOY.extend(prefix, rng) for prefix in prefixes]

    def finished(self, prefix):
        return TOY.finished(prefix)


class BatchedScore:
    """The score, but only in batches."""

    def __init__(self, lost: int = 0) -> None:
        self.lost = lost

    def __call__(self, prefix):
        raise AssertionError("the batch is there")

    def score_many(self, prefixes):
        return [score(prefix) for prefix in prefixes][self.lost :]


def test_batches_give_the_same_run():
    runs = [
        particle_filter(model, scorer, Filter(20), rng=np.random.default_rng(3))
        for model, scorer in ((TOY, score), (Batched(), BatchedScore()))
    ]
    assert runs[0].texts == runs[1].texts
    assert runs[0].log_evidence == runs[1].log_evidence


def test_a_batch_returns_one_score_per_text(rng):
    with pytest.raises(InputError, match="4 scores for 5 texts"):
        particle_filter(TOY, BatchedScore(lost=1), Filter(5), rng=rng)


def test_nothing_survives(rng):
    with pytest.raises(InputError, match="No particle"):
        particle_filter(TOY, lambda prefix: 0.0, Filter(10), rng=rng)


def test_texts_that_do_not_end(rng):
    endless = FromFunctions(lambda text, rng: 0, lambda text: False)
    with pytest.raises(InputError, match="after 15 steps"):
        particle_filter(endless, lambda text: 0.5, Filter(2, most_steps=15), rng=rng)


@pytest.mark.parametrize(
    "settings",
    [{"particles": 0}, {"particles": 1, "resample_below": 1.5}, {"particles": 1, "resample_below": math.nan}],
)
def test_settings_that_mean_nothing(settings):
    with pytest.raises(InputError, match="at least 1 and a share"):
        Filter(**settings)


@pytest.mark.parametrize("setting", [{"weight": "x"}, {"scheme": "x"}, {"ended": "x"}])
def test_settings_unknown(setting):
    with pytest.raises(InputError, match="unknown"):
        Filter(5, **setting)


@pytest.mark.parametrize(
    "settings", [Filter(1), Filter(4, scheme="systematic"), Filter(4, ended="every round")], ids=str
)
def test_gibbs_refuses_what_breaks_it(settings, rng):
    with pytest.raises(InputError, match="leaves its target"):
        particle_gibbs(TOY, score, settings, iterations=2, rng=rng)
