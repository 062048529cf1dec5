"""QAlign's chain: its acceptance, its exact kernel, and that it leaves its target as it is."""

import math

import numpy as np
import pytest
from tests.testtime.support import TOY, chi_square_excess, reward

from isoflop.errors import InputError
from isoflop.testtime.samplers.metropolis import Chain, acceptance, metropolis_chain
from isoflop.testtime.samplers.protocol import FromFunctions
from isoflop.testtime.samplers.toy import ToyModel, distance, tilted

BETA = 0.6


def chance_of_end(texts: dict, text: tuple, cut: int) -> float:
    """Return the model's chance of a text given its first steps."""
    return texts[text] / sum(p for other, p in texts.items() if other[:cut] == text[:cut])


def kernel(texts: dict, beta: float) -> np.ndarray:
    """Return the exact transition matrix, summed over the places to cut."""
    names = list(texts)
    move = np.zeros((len(names), len(names)))
    for i, old in enumerate(names):
        for j, new in enumerate(names):
            for cut in range(len(old)):
                if new[:cut] == old[:cut]:
                    taken = acceptance(reward(old), reward(new), len(old), len(new), beta=beta)
                    move[i, j] += chance_of_end(texts, new, cut) * float(taken) / len(old)
    move[np.diag_indices(len(names))] += 1 - move.sum(axis=1)
    return move


def test_the_exact_kernel_has_the_target_and_reaches_it():
    texts = TOY.texts()
    target = np.array(list(tilted(texts, reward, BETA).values()))
    move = kernel(texts, BETA)
    flow = target[:, None] * move
    assert flow == pytest.approx(flow.T, abs=1e-15), "detailed balance"
    far = np.linalg.matrix_power(move, 400)
    assert far == pytest.approx(np.tile(target, (len(target), 1)), abs=1e-9)


def test_the_chain_moves_as_its_kernel(rng):
    """One step from one text, many times."""
    texts = TOY.texts()
    names, row = list(texts), kernel(texts, BETA)
    start = ("a", "b", "a", ".")
    drawn = [metropolis_chain(TOY, reward, steps=1, beta=BETA, rng=rng, start=start).texts[-1] for _ in range(3000)]
    target = dict(zip(names, row[names.index(start)], strict=True))
    assert chi_square_excess(drawn, {t: p for t, p in target.items() if p > 0}) < 4


def test_a_long_chain_visits_texts_by_the_target(rng):
    target = tilted(TOY.texts(), reward, BETA)
    chain = metropolis_chain(TOY, reward, steps=30_000, beta=BETA, rng=rng)
    assert distance(chain.shares(), target) < 0.03
    # The model alone is far from it, so that the bound says something.
    assert distance(TOY.texts(), target) > 0.2


def test_constant_rewards_give_the_model_back(rng):
    chain = metropolis_chain(TOY, lambda text: 2.0, steps=30_000, beta=0.1, rng=rng)
    assert distance(chain.shares(), TOY.texts()) < 0.03
    assert chain.acceptance_rate > 0.7


def test_small_beta_finds_the_best_text(rng):
    best = max(TOY.texts(), key=reward)
    chain = metropolis_chain(TOY, reward, steps=500, beta=0.02, rng=rng)
    assert next(iter(chain.shares(skip=250))) == best


def test_states_rewards_and_cost_belong_together(rng):
    chain = metropolis_chain(TOY, reward, steps=60, beta=BETA, rng=rng)
    assert len(chain.texts) == 61
    assert chain.rewards.tolist() == [reward(text) for text in chain.texts]
    for i, taken in enumerate(chain.accepted):
        if not taken:
            assert chain.texts[i + 1] == chain.texts[i]
    assert chain.drawn >= 60 + len(chain.texts[0])


def test_no_steps_is_the_start(rng):
    chain = metropolis_chain(TOY, reward, steps=0, beta=1.0, rng=rng, start=("a", "."))
    assert (chain.texts, chain.drawn) == ((("a", "."),), 0)
    assert math.isnan(chain.acceptance_rate)


def test_same_generator_same_chain():
    def run(seed: int) -> Chain:
        return metropolis_chain(TOY, reward, steps=50, beta=1.0, rng=np.random.default_rng(seed))

    assert run(1).texts == run(1).texts
    assert run(1).texts != run(2).texts


def test_shares_by_answer():
    chain = Chain((("a", "."), ("b", "."), ("b", "a", ".")), np.zeros(3), np.ones(2, bool), drawn=7, beta=1.0)
    assert chain.shares(lambda text: text[0]) == pytest.approx({"b": 2 / 3, "a": 1 / 3})
    with pytest.raises(InputError, match="leaves none of 3"):
        chain.shares(skip=3)


def test_extreme_exponents_are_held():
    assert float(acceptance(0, -1e9, 1, 1, beta=1.0)) == pytest.approx(math.exp(-20))
    assert float(acceptance(0, 1e9, 1, 1, beta=1.0)) == 1.0


@pytest.mark.parametrize("beta", [0.0, -1.0, math.nan, math.inf])
def test_beta_is_above_zero(beta, rng):
    with pytest.raises(InputError, match="above 0"):
        metropolis_chain(TOY, reward, steps=0, beta=beta, rng=rng)


@pytest.mark.parametrize("start", [(), ("a", "b")])
def test_the_start_is_finished(start, rng):
    with pytest.raises(InputError, match="not finished"):
        metropolis_chain(TOY, reward, steps=1, beta=1.0, rng=rng, start=start)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_rewards_are_finite(value, rng):
    with pytest.raises(InputError, match="finite"):
        metropolis_chain(TOY, lambda text: value, steps=1, beta=1.0, rng=rng)


def test_texts_that_do_not_end(rng):
    endless = FromFunctions(lambda text, rng: "x", lambda text: False)
    with pytest.raises(InputError, match="after 30 steps"):
        metropolis_chain(endless, reward, steps=1, beta=1.0, rng=rng, most_steps=30)


def test_texts_have_steps():
    with pytest.raises(InputError, match="no steps"):
        acceptance(0, 0, 0, 1, beta=1.0)


def test_steps_are_not_negative(rng):
    with pytest.raises(InputError, match="0 or more"):
        metropolis_chain(ToyModel({".": 1.0}, {}), reward, steps=-1, beta=1.0, rng=rng)
