"""Documents, examples and rounds of retrieval within a context: the law of allocation, fitted and used."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop import laws
from isoflop.errors import FitError, LawError
from isoflop.fit.fitting import fit_law
from isoflop.fit.result import Fit
from isoflop.laws.law import Law
from isoflop.runs.table import RunTable
from isoflop.uncertainty.bootstrap import bootstrap

Array = NDArray[Any]

EPSILON: Final = 0.01
"""Added to documents, examples and rounds before the logarithm; the source says that it is small, not how small."""
DOCUMENTS: Final = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
SHOTS: Final = (0, 1, 2, 4, 8, 16, 32, 64, 128, 256)
ROUNDS: Final = (1, 2, 3, 4, 5)
CONTEXTS: Final = (16_000, 32_000, 128_000, 1_000_000, 5_000_000)
"""Largest effective contexts of the source, tokens."""
DOCUMENT_TOKENS: Final = 1024
"""Tokens at which the source cuts a document."""

_LINEAR: Final = "z = (a1 + b1*i_doc)*log(documents) + (a2 + b2*i_shot)*log(shots) + a3*log(rounds) + c"
"""The law behind the sigmoid, where the source fits it."""
_BOTTOM, _TOP, _STEEP, _SHIFT = -2.18, 1.12, 1.81, 0.46


@dataclass(frozen=True, eq=False)
class RagLaw:
    """A fitted law of allocation.

    Args:
        values: a1 to a3, b1, b2, c.
        r_squared: share of the variance of the metric that it explains.
        epsilon: what was added before logarithms.
        fit: the certified fit behind the sigmoid, with draws where they were asked for.
    """

    values: Mapping[str, float]
    r_squared: float
    epsilon: float
    fit: Fit = field(repr=False)


@dataclass(frozen=True)
class Allocation:
    """What to put into the context.

    Args:
        documents: k.
        shots: m, examples.
        rounds: n, calls.
        metric: predicted, normalised.
        tokens: effective context, input tokens of all calls together.
        share: of the law's draws in which this allocation is the best one; None without draws.
    """

    documents: int
    shots: int
    rounds: int
    metric: float
    tokens: float
    share: float | None = None


def link(z: ArrayLike) -> Array:
    """The source's sigmoid, `sigma(z) = 3.30/(1 + exp(-1.81 (z + 0.46))) - 2.18`, from -2.18 to 1.12.

    Reference: Yue et al. 2024, arXiv:2410.04343.

    >>> round(float(link(1.0795)), 4)
    0.9284
    """
    from scipy.special import expit

    return np.asarray((_TOP - _BOTTOM) * expit(_STEEP * (np.asarray(z, float) + _SHIFT)) + _BOTTOM)


def unlink(metric: ArrayLike) -> Array:
    """The inverse of `link`.

    Raises:
        FitError: a metric outside -2.18 to 1.12: it is not normalised as the source's is.
    """
    from scipy.special import logit

    y = np.asarray(metric, float)
    if not np.all((y > _BOTTOM) & (y < _TOP)):
        raise FitError(
            f"Metrics from {y.min():g} to {y.max():g} do not lie between {_BOTTOM} and {_TOP}. Normalise them per "
            "dataset to mean 0 and variance 1; raw accuracies do not suit."
        )
    return np.asarray(logit((y - _BOTTOM) / (_TOP - _BOTTOM)) / _STEEP - _SHIFT)


def predict(
    values: Mapping[str, float],
    allocation: ArrayLike,
    gains: tuple[float, float],
    *,
    epsilon: float = EPSILON,
) -> Array:
    """Normalised metric of allocations by the catalogue's law `rag-allocation`.

    Args:
        values: its parameters, such as a published set.
        allocation: documents, examples, rounds, shape (…, 3).
        gains: i_doc and i_shot: what one document and one example add to the metric of the bare question.
        epsilon: added before logarithms.

    Returns:
        Metrics, shape (…).

    >>> gemini = laws.get("rag-allocation").published_set().values
    >>> predict(gemini, [[50, 16, 5], [100, 32, 5]], (0.1, 0.05)).round(4).tolist()
    [0.9284, 1.004]
    """
    theta = np.asarray(allocation, float)
    columns = _columns(theta.reshape(-1, 3), np.broadcast_to(gains, (theta.size // 3, 2)), epsilon)
    law = laws.get("rag-allocation")
    missing = [name for name in law.parameter_names if name not in values]
    if missing:
        raise LawError(f"The law needs a value for {', '.join(missing)}. Give all of {', '.join(law.parameter_names)}.")
    found = law.evaluate([values[name] for name in law.parameter_names], columns)
    return np.asarray(found.reshape(theta.shape[:-1]))


def fit_rag(
    allocation: ArrayLike,
    gains: ArrayLike,
    metric: ArrayLike,
    *,
    epsilon: float = EPSILON,
    rng: np.random.Generator | None = None,
    draws: int = 200,
) -> RagLaw:
    """Fit the law by ordinary least squares behind the sigmoid.

    `sigma^-1(P) = (a + b*i)^T log(theta + epsilon) + c`; no gain belongs to rounds, so b3 is 0.

    Reference: Yue et al. 2024, arXiv:2410.04343, section 5.

    Args:
        allocation: documents, examples, rounds of every run, shape (runs, 3).
        gains: i_doc and i_shot of its dataset, shape (runs, 2) or (2,).
        metric: normalised per dataset, shape (runs,).
        epsilon: added before logarithms.
        rng: random state of the resampling of runs; no draws when None.
        draws: refits.

    Returns:
        The law.

    Raises:
        FitError: shapes that do not fit, or a metric that is not normalised.
    """
    theta, y = np.asarray(allocation, float), np.asarray(metric, float)
    if theta.ndim != 2 or theta.shape[1] != 3 or y.shape != theta.shape[:1]:
        raise FitError(f"Allocations {theta.shape} and metrics {y.shape} do not fit. Give (runs, 3) and (runs,).")
    columns = _columns(theta, np.broadcast_to(np.asarray(gains, float), (len(y), 2)), epsilon)
    law = laws.get("rag-allocation")
    linear = Law("rag-allocation-linear", _LINEAR, law.title, parameters=law.parameters, variables=law.columns)
    runs = RunTable.from_columns({**columns, "z": unlink(y)})
    fit = fit_law(linear, runs, objective="ls")
    if rng is not None:
        fit = bootstrap(fit, runs, rng=rng, draws=draws)
    values = {name: fit.parameters[name] for name in law.parameter_names}
    gaps = y - link(fit.evaluate(**columns))
    return RagLaw(values, float(1 - np.sum(gaps**2) / np.sum((y - y.mean()) ** 2)), epsilon, fit)


def best_allocation(
    law: RagLaw | Mapping[str, float],
    gains: tuple[float, float],
    context: float,
    tokens: Callable[[int, int, int], float],
) -> Allocation:
    """Best documents, examples and rounds whose effective context stays within a limit.

    Reference: Yue et al. 2024, arXiv:2410.04343: the grid, and the largest metric that the law predicts on it.

    Args:
        law: fitted, or values of the parameters.
        gains: i_doc and i_shot.
        context: largest effective context, input tokens of all calls together.
        tokens: effective context of documents, examples and rounds; `linear_tokens` makes one.

    Returns:
        The allocation.

    Raises:
        FitError: nothing on the grid fits into the context.

    >>> gemini = laws.get("rag-allocation").published_set().values
    >>> found = best_allocation(gemini, (0.1, 0.05), 128_000, linear_tokens(document=1024, shot=2000, question=200))
    >>> found.documents, found.shots, found.rounds
    (100, 8, 1)
    """
    grid = [one for one in product(DOCUMENTS, SHOTS, ROUNDS) if tokens(*one) <= context]
    if not grid:
        raise FitError(f"Nothing fits into a context of {context:g} tokens, not even the bare question. Allow more.")
    values = law.values if isinstance(law, RagLaw) else law
    epsilon = law.epsilon if isinstance(law, RagLaw) else EPSILON
    metric = predict(values, grid, gains, epsilon=epsilon)
    best = int(np.argmax(metric))
    share = None
    if isinstance(law, RagLaw) and law.fit.draws is not None:
        columns = _columns(np.array(grid, float), np.broadcast_to(gains, (len(grid), 2)), epsilon)
        # Behind the sigmoid the order is the same.
        share = float(np.mean(np.argmax(law.fit.evaluate_draws(**columns), axis=1) == best))
    return Allocation(*grid[best], float(metric[best]), float(tokens(*grid[best])), share)


def linear_tokens(
    *, document: float = DOCUMENT_TOKENS, shot: float, question: float
) -> Callable[[int, int, int], float]:
    """Effective context where every round reads all documents and examples again.

    Args:
        document: tokens of a document.
        shot: tokens of an example, its own documents included.
        question: tokens of the question and instructions.

    Returns:
        From documents, examples, rounds to tokens.
    """
    return lambda documents, shots, rounds: rounds * (documents * document + shots * shot + question)


def _columns(theta: Array, gains: Array, epsilon: float) -> dict[str, Array]:
    """Columns of the law."""
    if not epsilon > 0 or np.any(theta < 0):
        raise FitError("Documents, examples and rounds must not be negative, and epsilon positive. Correct them.")
    shifted = theta + epsilon
    return {
        "documents": shifted[:, 0], "shots": shifted[:, 1], "rounds": shifted[:, 2],
        "i_doc": gains[:, 0].astype(float), "i_shot": gains[:, 1].astype(float),
    }  # fmt: skip
