"""Best of N and beams on toys, and the rewards for progress."""

import numpy as np
import pytest
from tests.testtime.support import TOY, reward

from isoflop.errors import InputError
from isoflop.testtime.samplers.protocol import FromFunctions
from isoflop.testtime.samplers.search import beam_search, best_of_n, effective_reward, progress, prover_value

WALK = FromFunctions(lambda text, rng: int(rng.integers(2)), lambda text: len(text) == 5)


def test_the_best_of_n_has_the_chance_of_a_maximum(rng):
    """P(best ≤ r) = P(r)^N, on listed texts."""
    texts = TOY.texts()
    top = max(reward(text) for text in texts)
    chance = 1 - (1 - sum(p for text, p in texts.items() if reward(text) == top)) ** 4
    hits = np.mean([reward(best_of_n(TOY, reward, 4, rng=rng).best) == top for _ in range(3000)])
    assert abs(hits - chance) < 4 * np.sqrt(chance * (1 - chance) / 3000)


def test_texts_come_with_falling_scores_and_their_cost(rng):
    found = best_of_n(TOY, reward, 30, rng=rng)
    assert found.scores.tolist() == sorted((reward(text) for text in found.texts), reverse=True)
    assert found.drawn == sum(len(text) for text in found.texts)
    assert found.scored == 30


def test_beams_reach_what_sampling_does_not(rng):
    """Twelve ones in a row are one text in 4096; the beams find it by their sums."""
    model = FromFunctions(WALK.draw, lambda text: len(text) == 12)
    found = beam_search(model, sum, beams=16, width=4, rng=rng)
    assert sum(found.best) == 12
    assert (found.drawn, found.scored) == (16 * 12, 16 * 12)
    assert sum(best_of_n(model, sum, 16, rng=rng).best) < 12


def test_width_one_is_best_of_n(rng):
    found = beam_search(WALK, sum, beams=6, width=1, rng=np.random.default_rng(2))
    assert len(found.texts) == 6
    assert found.drawn == 30
    assert found.scores.tolist() == sorted((sum(text) for text in found.texts), reverse=True)


def test_finished_beams_wait_with_their_score():
    """One text in ten ends at once and leads; the others stay beside it and overtake it in the end, or do not."""

    def draw(text, rng):
        return text[0] if text else int(rng.random() > 0.1)

    model = FromFunctions(draw, lambda text: text[-1:] == (0,) or len(text) == 3)
    for last, best in ((0.9, (1, 1, 1)), (0.3, (0,))):
        scores = {(0,): 0.6, (1,): 0.5, (1, 1): 0.55, (1, 1, 1): last}
        found = beam_search(model, scores.__getitem__, beams=40, width=4, rng=np.random.default_rng(0))
        assert found.best == best
        assert set(found.texts) == {(0,), (1, 1, 1)}


def test_beams_that_all_end_early():
    model = FromFunctions(lambda text, rng: int(rng.integers(2)), lambda t: t[-1:] == (0,) or len(t) == 6)
    found = beam_search(model, lambda t: -len(t), beams=8, width=4, rng=np.random.default_rng(1))
    assert found.best == (0,)


@pytest.mark.parametrize(("beams", "width"), [(8, 3), (0, 1), (4, 0), (4, 8)])
def test_the_width_divides_the_beams(beams, width, rng):
    with pytest.raises(InputError, match="does not divide"):
        beam_search(WALK, sum, beams=beams, width=width, rng=rng)


def test_nothing_to_choose(rng):
    with pytest.raises(InputError, match="1 or more"):
        best_of_n(WALK, sum, 0, rng=rng)
    with pytest.raises(InputError, match="after 3 steps"):
        beam_search(WALK, sum, beams=4, width=2, rng=rng, most_steps=3)


def test_the_prover_is_the_chance_of_k_samples(rng):
    q = np.array([0.0, 1e-18, 0.3, 1.0])
    assert prover_value(q, 1) == pytest.approx(q)
    assert prover_value(q, 4)[1] == pytest.approx(4e-18)
    drawn = (rng.random((20_000, 3)) < 0.3).any(axis=1).mean()
    assert abs(prover_value(0.3, 3) - drawn) < 4 * np.sqrt(0.25 / 20_000)
    with pytest.raises(InputError, match="probabilities"):
        prover_value([0.5, np.nan])
    with pytest.raises(InputError, match="at least 1"):
        prover_value([0.5], 0)


def test_progress_adds_up(rng):
    value, start = rng.random((4, 6)), rng.random(4)
    assert progress(value, start).sum(axis=1) == pytest.approx(value[:, -1] - start)
    assert progress(value, start)[:, 0] == pytest.approx(value[:, 0] - start)


def test_a_better_prover_ranks_steps_otherwise():
    """With its own advantage a policy ranks steps by their value; best-of-4 sees less in steps that are safe anyway."""
    q, before = np.array([0.9, 0.3]), np.array([0.8, 0.1])
    own = effective_reward(q, q - before, 1.0)
    other = effective_reward(q, prover_value(q) - prover_value(before), 5.0)
    assert own.argmax() == 0
    assert other.argmax() == 1


@pytest.mark.parametrize("alpha", [-1, np.nan, np.inf])
def test_alpha_is_not_negative(alpha):
    with pytest.raises(InputError, match="0 or more"):
        effective_reward([0.5], [0.1], alpha)
