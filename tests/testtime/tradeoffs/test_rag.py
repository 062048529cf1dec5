"""Retrieval within a context: the law is the catalogue's, its fit is linear, the best allocation is on the grid."""

import numpy as np
import pytest

from isoflop import laws
from isoflop.errors import FitError, LawError
from isoflop.testtime.tradeoffs.rag import (
    DOCUMENTS,
    SHOTS,
    best_allocation,
    fit_rag,
    linear_tokens,
    link,
    predict,
    unlink,
)

GEMINI = laws.get("rag-allocation").published_set().values
TOKENS = linear_tokens(document=1024, shot=2000, question=200)


def runs(rng: np.random.Generator, noise: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Allocations, gains and metrics of four datasets."""
    allocation = np.array([(k, m, n) for k in (0, 1, 5, 50, 200) for m in (0, 2, 16, 64) for n in (1, 3, 5)])
    gains = [(0.1, 0.05), (0.3, 0.02), (0.02, 0.15), (0.2, 0.2)]
    clean = [predict(GEMINI, allocation, one) for one in gains]
    metric = link(unlink(np.concatenate(clean)) + rng.normal(0, noise, 4 * len(allocation)))
    return np.tile(allocation, (4, 1)), np.repeat(gains, len(allocation), axis=0), metric


def test_the_sigmoid_and_its_inverse() -> None:
    z = np.linspace(-3, 3, 13)
    np.testing.assert_allclose(unlink(link(z)), z, rtol=1e-9, atol=1e-12)
    assert link(-1e9) == pytest.approx(-2.18)
    assert link(1e9) == pytest.approx(1.12)
    with pytest.raises(FitError, match="raw accuracies do not suit"):
        unlink([0.5, 1.2])


def test_the_fit_finds_the_constants_again(rng: np.random.Generator) -> None:
    exact = fit_rag(*runs(rng, 0.0))
    assert dict(exact.values) == pytest.approx(dict(GEMINI), rel=1e-6)
    assert exact.r_squared == pytest.approx(1.0)
    noisy = fit_rag(*runs(rng, 0.2), rng=rng, draws=30)
    assert 0.8 < noisy.r_squared < 1.0
    assert noisy.values["a1"] == pytest.approx(GEMINI["a1"], abs=0.03)
    # Behind the sigmoid the law is a linear regression.
    allocation, gains, metric = runs(np.random.default_rng(5), 0.2)
    logs = np.log(allocation + 0.01)
    design = np.column_stack([logs, logs[:, :2] * gains, np.ones(len(logs))])
    solved = np.linalg.lstsq(design, unlink(metric), rcond=None)[0]
    found = fit_rag(allocation, gains, metric).values
    np.testing.assert_allclose([found[k] for k in ("a1", "a2", "a3", "b1", "b2", "c")], solved, rtol=1e-5, atol=1e-8)


def test_the_best_allocation_is_the_best_of_the_grid() -> None:
    found = best_allocation(GEMINI, (0.1, 0.05), 128_000, TOKENS)
    assert found.tokens <= 128_000
    assert found.share is None
    for k in DOCUMENTS:
        for m in SHOTS:
            for n in (1, 2, 3, 4, 5):
                if TOKENS(k, m, n) <= 128_000:
                    assert float(predict(GEMINI, [k, m, n], (0.1, 0.05))) <= found.metric + 1e-12
    wider = best_allocation(GEMINI, (0.1, 0.05), 5_000_000, TOKENS)
    assert wider.metric > found.metric


def test_draws_say_how_sure_the_choice_is(rng: np.random.Generator) -> None:
    law = fit_rag(*runs(rng, 0.3), rng=rng, draws=40)
    found = best_allocation(law, (0.1, 0.05), 128_000, TOKENS)
    assert found.share is not None
    assert 0.0 < found.share <= 1.0


def test_what_does_not_fit_is_refused(rng: np.random.Generator) -> None:
    with pytest.raises(FitError, match="not even the bare question"):
        best_allocation(GEMINI, (0.1, 0.05), 100, TOKENS)
    with pytest.raises(FitError, match="do not fit"):
        fit_rag([[1, 1, 1]], (0.1, 0.1), [0.1, 0.2])
    with pytest.raises(FitError, match="must not be negative"):
        predict(GEMINI, [-1, 0, 1], (0.1, 0.05))
    with pytest.raises(LawError, match="needs a value for a2"):
        predict({k: v for k, v in GEMINI.items() if k != "a2"}, [1, 0, 1], (0.1, 0.05))
