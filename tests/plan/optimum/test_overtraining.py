"""Smaller models trained for longer against the closed form of Chinchilla's law."""

import numpy as np
import pytest
from tests.plan.fits import fitted, searched

from isoflop.errors import LawError
from isoflop.plan import overtraining, plan


@pytest.mark.parametrize("shrink", [1.5, 2.0, 4.0])
def test_is_the_closed_form(shrink: float) -> None:
    fit = fitted()
    found = overtraining(fit, flops=1e22, shrink=shrink)
    best, p = plan(fit, flops=1e22), fit.parameters
    size = best.params.value / shrink
    tokens = (p["B"] / (best.loss.value - p["E"] - p["A"] / size ** p["alpha"])) ** (1 / p["beta"])
    assert found.params.value == pytest.approx(size, rel=1e-12)
    assert found.tokens.value == pytest.approx(tokens, rel=1e-7)
    extra = size * tokens / (best.params.value * best.tokens.value) - 1
    assert found.extra_compute.value == pytest.approx(extra, rel=1e-6)
    assert found.shrink.value == pytest.approx(shrink)
    assert found.flops.value == pytest.approx(6 * size * tokens, rel=1e-7)


@pytest.mark.parametrize("make", [fitted, searched])
def test_has_the_loss_that_was_asked_for(make) -> None:
    fit = make()
    target = plan(fit, flops=1e22).loss.value
    found = overtraining(fit, loss=target, params=3e9)
    assert fit.evaluate(params=3e9, tokens=found.tokens.value)[0] == pytest.approx(target, rel=1e-9)
    assert found.params.interval == (3e9, 3e9)
    low, high = found.tokens.interval
    assert low < found.tokens.value < high


def test_a_size_that_is_too_small_is_said() -> None:
    found = overtraining(fitted(), flops=1e24, params=1e9)
    assert np.isnan(found.tokens.value)
    assert any("does not reach the loss with any amount of data" in text for text in found.warnings)
    assert found.to_dict()["tokens"]["value"] is None


def test_the_optimal_size_costs_nothing_extra() -> None:
    found = overtraining(fitted(), flops=1e22, shrink=1)
    assert found.extra_compute.value == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    "question",
    [
        {"flops": 1e22},
        {"shrink": 2.0},
        {"flops": 1e22, "loss": 2.0, "shrink": 2.0},
        {"flops": 1e22, "params": 1e9, "shrink": 2.0},
        {"flops": 1e22, "shrink": -2.0},
    ],
)
def test_other_questions_are_refused(question: dict[str, float]) -> None:
    with pytest.raises(LawError, match="Give"):
        overtraining(fitted(), **question)
