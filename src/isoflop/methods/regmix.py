"""RegMix: choose a training mixture by regression on small runs with random mixtures."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import FitError, MissingExtraError, TableError
from isoflop.runs.table import RunTable

Array = NDArray[Any]
Kind = Literal["lightgbm", "linear"]

ROUNDS: Final = 1000
RATE: Final = 0.01
PATIENCE: Final = 3
"""Boosting rounds, their learning rate, and rounds without gain before stopping, as in the paper."""


@dataclass(frozen=True)
class MixtureModel:
    """A regression from the shares of domains to a loss.

    Args:
        domains: columns of shares, in the order of the model's inputs.
        response: column that is explained.
        kind: `lightgbm` or `linear`.
        rows: runs that it was fitted to.
        rounds: boosting rounds that were kept; 0 for the linear model.
        predictor: shares, shape (n, domains), to losses, shape (n,).
    """

    domains: tuple[str, ...]
    response: str
    kind: Kind
    rows: int
    rounds: int
    predictor: Callable[[Array], Array]

    def predict(self, shares: Array) -> Array:
        """Losses of mixtures, shape (n,), from shares, shape (n, domains)."""
        return np.asarray(self.predictor(np.asarray(shares, dtype=float)))


@dataclass(frozen=True)
class RankAgreement:
    """How well predictions order runs that the model has not seen.

    Args:
        spearman: rank correlation.
        interval: bootstrap over the unseen runs.
        level: confidence level of the interval.
        rows: unseen runs.
    """

    spearman: float
    interval: tuple[float, float]
    level: float
    rows: int


@dataclass(frozen=True)
class BestMixture:
    """The mean of the mixtures with the least predicted loss.

    Args:
        shares: domain → share; they sum to one.
        spread: domain → standard deviation of the share among the best mixtures.
        loss: predicted loss of the mean mixture.
        prior_loss: predicted loss of the prior itself.
        samples: mixtures that were simulated.
        top: mixtures that were averaged.
    """

    shares: Mapping[str, float]
    spread: Mapping[str, float]
    loss: float
    prior_loss: float
    samples: int
    top: int


def shares_of(runs: RunTable, domains: Sequence[str]) -> Array:
    """Shares of the domains, shape (runs, domains); an error where a row does not sum to one within 0.02."""
    shares = np.stack([runs.column(name) for name in domains], axis=1)
    total = shares.sum(axis=1)
    wrong = np.flatnonzero(~(np.abs(total - 1) <= 0.02) | (shares < 0).any(axis=1))
    if len(wrong):
        raise TableError(
            f"{len(wrong)} of {len(total)} rows are no mixtures: in row {wrong[0] + 1} the shares of "
            f"{', '.join(domains)} sum to {total[wrong[0]]:.4g}. Give all domains, as non-negative shares of one."
        )
    return shares


def fit_mixtures(
    runs: RunTable,
    domains: Sequence[str],
    response: str,
    *,
    rng: np.random.Generator,
    kind: Kind = "lightgbm",
    stop_on: RunTable | None = None,
    held_out: float = 0.2,
) -> MixtureModel:
    """Fit a regression from shares to a loss.

    Gradient-boosted trees stop when the absolute or the squared error on other runs no longer falls. The authors
    stop on their test runs, which then are no test; here a share of the runs is held out unless
    `stop_on` names a table.

    Reference: Liu et al. 2024, RegMix, arXiv:2407.01492, sec. 3.

    Args:
        runs: small runs with random mixtures.
        domains: columns of shares.
        response: column of the target loss.
        rng: draws the held-out runs.
        kind: `lightgbm`, or `linear` least squares.
        stop_on: runs on which boosting stops.
        held_out: share of the runs on which boosting stops when no table is given.

    Returns:
        The model.

    Raises:
        MissingExtraError: LightGBM or scikit-learn is not installed.
        TableError: a row is no mixture.
        FitError: the kind is unknown, or too few runs are left to fit or to stop on.
    """
    if kind not in get_args(Kind):
        raise FitError(f"There is no regression {kind!r}. Choose {' or '.join(get_args(Kind))}.")
    inputs, loss = shares_of(runs, domains), runs.column(response)
    names = tuple(domains)
    if kind == "linear":
        linear = _linear(inputs, loss)
        return MixtureModel(names, response, kind, len(loss), 0, linear)
    if stop_on is None:
        order = rng.permutation(len(loss))
        cut = round(len(loss) * held_out)
        if not 2 <= cut <= len(loss) - 2:
            raise FitError(f"{held_out:g} of {len(loss)} runs leave too few to fit or to stop on. Give more runs.")
        stop = inputs[order[:cut]], loss[order[:cut]]
        inputs, loss = inputs[order[cut:]], loss[order[cut:]]
    else:
        stop = shares_of(stop_on, domains), stop_on.column(response)
    predictor, rounds = _boosted(inputs, loss, stop)
    return MixtureModel(names, response, kind, len(loss), rounds, predictor)


def _linear(inputs: Array, loss: Array) -> Callable[[Array], Array]:
    """Least squares in the shares."""
    try:
        from sklearn.linear_model import LinearRegression
    except ImportError:
        raise MissingExtraError.from_extra("scikit-learn", "mixtures") from None
    model = LinearRegression().fit(inputs, loss)
    return lambda shares: np.asarray(model.predict(shares))


def _boosted(inputs: Array, loss: Array, stop: tuple[Array, Array]) -> tuple[Callable[[Array], Array], int]:
    """Boosted trees with early stopping, and the rounds that were kept."""
    try:
        import lightgbm
    except ImportError:
        raise MissingExtraError.from_extra("lightgbm", "mixtures") from None
    # One thread: tables of mixtures are small, and the result must not depend on the machine.
    settings = {"objective": "regression", "metric": ["l1", "l2"], "learning_rate": RATE, "num_threads": 1}
    data = lightgbm.Dataset(inputs, loss)
    booster = lightgbm.train(
        {**settings, "verbosity": -1, "deterministic": True},
        data,
        num_boost_round=ROUNDS,
        valid_sets=[lightgbm.Dataset(*stop, reference=data)],
        callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)],
    )
    return lambda shares: np.asarray(booster.predict(shares, num_threads=1)), int(booster.best_iteration)


def rank_agreement(
    model: MixtureModel, runs: RunTable, *, rng: np.random.Generator, level: float = 0.9, draws: int = 1000
) -> RankAgreement:
    """Spearman's rank correlation of predictions with unseen runs.

    Args:
        model: the regression.
        runs: runs that it was not fitted to, perhaps of other sizes.
        rng: draws the bootstrap over runs.
        level: confidence level.
        draws: bootstrap draws.

    Returns:
        The correlation with its interval.
    """
    from scipy.stats import rankdata

    predicted, loss = model.predict(shares_of(runs, model.domains)), runs.column(model.response)
    picks = np.concatenate([np.arange(len(loss))[None], rng.integers(len(loss), size=(draws, len(loss)))])
    first, second = (rankdata(values[picks], axis=1) for values in (predicted, loss))
    first, second = (ranks - ranks.mean(axis=1, keepdims=True) for ranks in (first, second))
    found = (first * second).sum(axis=1) / np.sqrt((first**2).sum(axis=1) * (second**2).sum(axis=1))
    low, high = np.quantile(found[1:], [(1 - level) / 2, (1 + level) / 2])
    return RankAgreement(float(found[0]), (float(low), float(high)), level, len(loss))


def draw_mixtures(
    prior: Mapping[str, float],
    count: int,
    *,
    rng: np.random.Generator,
    strength: tuple[float, float] = (0.1, 5.0),
    temperature: float = 0.5,
    least: float = 2e-4,
) -> Array:
    """Random mixtures for small runs: `r ~ Dirichlet(s prior^temperature)`, s log-uniform.

    Args:
        prior: domain → share of the available tokens.
        count: mixtures.
        rng: the generator.
        strength: range of s.
        temperature: exponent on the prior; below 1 it is flatter.
        least: shares below it are set to zero.

    Returns:
        Shares, shape (count, domains), each row summing to one.
    """
    base = _normalised(prior) ** temperature
    strengths = np.exp(rng.uniform(math.log(strength[0]), math.log(strength[1]), count))
    drawn = np.stack([rng.dirichlet(s * base / base.sum()) for s in strengths])
    drawn[drawn < least] = 0.0
    return np.asarray(drawn / drawn.sum(axis=1, keepdims=True))


def best_mixture(
    model: MixtureModel,
    prior: Mapping[str, float],
    *,
    rng: np.random.Generator,
    samples: int = 100_000,
    top: int = 128,
    candidates: Array | None = None,
) -> BestMixture:
    """Simulate mixtures from the prior and average those with the least predicted loss.

    Reference: Liu et al. 2024, RegMix, arXiv:2407.01492, sec. 3.3.

    Args:
        model: the regression.
        prior: domain → share of the available tokens; the mixtures are Dirichlet(prior).
        rng: draws the mixtures.
        samples: mixtures to simulate.
        top: mixtures to average.
        candidates: shares to choose from instead of simulated ones, shape (samples, domains).

    Returns:
        The mean mixture, with the spread of the averaged ones.

    Raises:
        TableError: the prior does not name the model's domains.
        FitError: fewer mixtures are simulated than averaged.
    """
    if set(prior) != set(model.domains):
        raise TableError(
            f"The prior names {', '.join(sorted(prior))}; the model has {', '.join(sorted(model.domains))}. Name these."
        )
    base = _normalised({name: prior[name] for name in model.domains})
    drawn = rng.dirichlet(base, samples) if candidates is None else np.asarray(candidates, dtype=float)
    if not 1 <= top <= len(drawn):
        raise FitError(f"The best {top} of {len(drawn)} mixtures cannot be averaged. Simulate more or average fewer.")
    chosen = drawn[np.argsort(model.predict(drawn), kind="stable")[:top]]
    mean = chosen.mean(axis=0)
    losses = model.predict(np.stack([mean, base]))
    shares, spread = (
        MappingProxyType(dict(zip(model.domains, row.tolist(), strict=True))) for row in (mean, chosen.std(axis=0))
    )
    return BestMixture(shares, spread, float(losses[0]), float(losses[1]), len(drawn), len(chosen))


def _normalised(prior: Mapping[str, float]) -> Array:
    """Prior as shares that sum to one."""
    values = np.array(list(prior.values()), dtype=float)
    if not (np.all(values > 0) and np.isfinite(values).all()):
        raise TableError("A prior needs a positive share for every domain. Leave out the domains without data.")
    return np.asarray(values / values.sum())
