"""Generators as classes, as functions and in batches."""

import numpy as np
import pytest

from isoflop.errors import InputError
from isoflop.testtime.samplers.protocol import FromFunctions, check_start, complete, extend_all, scored


class Batched:
    """Counts up, all texts in one call."""

    def __init__(self, lost: int = 0) -> None:
        self.calls, self.lost = 0, lost

    def extend(self, prefix, rng):
        raise AssertionError("the batch is there")

    def extend_many(self, prefixes, rng):
        self.calls += 1
        return [len(prefix) for prefix in prefixes][self.lost :]

    def finished(self, prefix):
        return len(prefix) == 3


def test_batches_are_used_where_they_are(rng):
    model = Batched()
    assert extend_all(model, [(), (0,), (0, 1)], rng) == [(0,), (0, 1), (0, 1, 2)]
    assert extend_all(model, [], rng) == []
    assert model.calls == 1


def test_a_batch_returns_one_step_per_text(rng):
    with pytest.raises(InputError, match="1 steps for 2 texts"):
        extend_all(Batched(lost=1), [(), (0,)], rng)


def test_functions_make_a_generator(rng):
    model = FromFunctions(lambda text, rng: len(text), lambda text: len(text) == 3)
    assert complete(model, (), rng=rng) == (0, 1, 2)
    assert extend_all(model, [(), (0,)], rng) == [(0,), (0, 1)]
    assert complete(model, (7, 8, 9), rng=rng) == (7, 8, 9)


def test_a_text_without_end(rng):
    with pytest.raises(InputError, match="after 20 steps"):
        complete(FromFunctions(lambda text, rng: 0, lambda text: False), (), rng=rng, most_steps=20)


def test_the_empty_text_is_not_finished():
    with pytest.raises(InputError, match="nothing to draw"):
        check_start(FromFunctions(lambda text, rng: 0, lambda text: True))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_scores_are_numbers(bad):
    with pytest.raises(InputError, match="The scorer returned"):
        scored(lambda text: bad, (1,))
