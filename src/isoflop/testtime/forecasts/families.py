"""Coverage of these problems where their distribution is one of several families, as the counts tell them apart."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.fit.estimate import Correction, Estimate
from isoflop.testtime.estimators.bounded import share_from_draws
from isoflop.testtime.forecasts.cells import Cells, cells_for
from isoflop.testtime.forecasts.densities import KINDS, Density, Kind, density_of
from isoflop.testtime.forecasts.scales import plausible_scales

Array = NDArray[Any]

SHARES: Final = 6
"""Shares of impossible problems that are tried, evenly between none and all that were never solved."""
NIL: Final = 1e-9
"""Share below which a distribution moves no digit that is shown."""
PARAMETERS: Final = 2
"""Coefficients of a family that are fitted; the rest is averaged over."""
LEAVES_OUT: Final = (
    "families other than a scaled beta, normal log-odds and a free form between the rates that the counts tell apart, "
    "each with any share of impossible problems; which of them holds among problems that were never solved is in the "
    "interval as far as the counts tell, no family preferred beforehand",
    "other problems than these",
)


@dataclass(frozen=True)
class FamilyForecast:
    """Coverage of these problems, over families.

    Args:
        coverage: with its interval, shape (ks,).
        shares: family → its share of the draws' odds: what the counts leave of even ones.
    """

    coverage: Estimate
    shares: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Counted:
    """Distinct counts.

    Args:
        n: samples, shape (rows,).
        c: correct ones.
        times: how many problems have them.
        place: row of every problem, shape (problems,).
    """

    n: Array
    c: Array
    times: Array
    place: Array

    @property
    def unsolved(self) -> float:
        """Share of the problems that were never solved."""
        return float(self.times[self.c == 0].sum() / self.times.sum())

    def under(self, weights: Array) -> Array:
        """How often each count is there under weights of the problems, shape (draws, rows)."""
        return np.stack([np.bincount(self.place, weights=one, minlength=len(self.n)) for one in weights])


@dataclass(frozen=True, eq=False)
class Member:
    """Some distributions of one family: a density on cells of one scale, with shares of impossible problems.

    Args:
        family: name of the family.
        density: the density.
        impossible: shares of problems whose rate is 0, shape (members,).
        width: distance between these shares, 0 where none is impossible.
        at: coefficients of largest likelihood, shape (members, coefficients).
        odds: log of their odds, shape (members,).
    """

    family: str
    density: Density
    impossible: Array
    width: float
    at: Array
    odds: Array


def counted_rows(n: Array, c: Array) -> Counted:
    """Take equal counts together.

    >>> counted_rows(np.array([8, 8, 8]), np.array([0, 3, 0])).times.tolist()
    [2.0, 1.0]
    """
    pairs, place, times = np.unique(np.stack([n, c]), axis=1, return_inverse=True, return_counts=True)
    return Counted(pairs[0].astype(float), pairs[1].astype(float), times.astype(float), place.ravel())


def forecast_families(
    counts: tuple[Array, Array],
    ks: Array,
    *,
    scale: float,
    weights: Array,
    rng: np.random.Generator,
    level: float = 0.9,
) -> FamilyForecast:
    """Coverage of these very problems by more samples, not knowing the family of their rates.

    Every draw has its own family, as often as the counts say: likelihoods at the best two coefficients, averaged over
    shares of impossible problems and heights of bumps. Its distribution is fitted again under the draw's weights
    and is the prior of the problems' rates; each problem's counts are the data (empirical Bayes).

    Args:
        counts: samples and correct ones of every problem, each of shape (problems,); some are solved.
        ks: further samples, shape (ks,), above 0.
        scale: largest pass rate around which others are tried.
        weights: of the problems, shape (draws, problems).
        rng: random state.
        level: confidence level.

    Returns:
        Coverage, the mean over families and not of the likeliest one, with its interval; shares of the families.

    >>> rng = np.random.default_rng(0)
    >>> c = rng.binomial(64, rng.beta(0.4, 1.5, 100) * (rng.random(100) > 0.3))
    >>> weights = rng.dirichlet(np.ones(100), 50) * 100
    >>> found = forecast_families((np.full(100, 64), c), np.array([6400.0]), scale=1.0, weights=weights, rng=rng)
    >>> bool(found.coverage.value[0] < 0.9), round(sum(found.shares.values()), 6)
    (True, 1.0)
    """
    rows, far = counted_rows(*counts), np.asarray(ks, dtype=float)
    members = _members(rows, scale, 2 * float(far.max()))
    logs = np.concatenate([one.odds for one in members])
    share = np.exp(logs - logs.max())
    share /= share.sum()
    dealt = np.searchsorted(np.cumsum(share), (np.arange(len(weights)) + 0.5) / len(weights))
    dealt = np.minimum(dealt, len(share) - 1)
    value, drawn = np.zeros(len(far)), np.empty((len(weights), len(far)))
    resampled, noise, first = rows.under(weights), rng.standard_normal((len(weights), 1)), 0
    for member in members:
        own = share[first : first + len(member.odds)]
        places = np.flatnonzero((dealt >= first) & (dealt < first + len(own)))
        if own.sum() > NIL:
            value += own @ (1 - _failed(member, member.at, member.impossible, rows, far)[0])
        if len(places):
            at, impossible = _refitted(member, dealt[places] - first, resampled[places])
            once, scatter = _failed(member, at, impossible, rows, far)
            # One normal number per draw: coverages at several k move together.
            drawn[places] = 1 - once + scatter * noise[places]
        first += len(own)
    made = share_from_draws(
        value, np.clip(drawn, 0.0, 1.0), level=level, correction=Correction(len(counts[0]), PARAMETERS),
        leaves_out=LEAVES_OUT,
    )  # fmt: skip
    return FamilyForecast(made, MappingProxyType(_by_family(members, share)))


def _members(rows: Counted, scale: float, farthest: float) -> list[Member]:
    """Distributions of all families, each family with odds that are its likelihood."""
    made: dict[float, Cells] = {}

    def cells(one: float) -> Cells:
        """Cells of a scale, made once."""
        if one not in made:
            made[one] = cells_for(rows.n, rows.c, one, farthest)
        return made[one]

    plain: dict[float, Member] = {}

    def likelihood(one: float) -> float:
        """Log-likelihood of a scaled beta of a scale."""
        plain[one] = _fitted(KINDS[0], density_of(KINDS[0], cells(one)), np.zeros(1), 0.0, rows)
        return float(plain[one].odds[0])

    scales, shares = plausible_scales(scale, likelihood)
    found = []
    for kind in KINDS:
        tried = [1.0] if kind == "normal log-odds" else scales.tolist()
        # How many scales there are between two that are tried is no matter of the family.
        width = [0.0] if len(tried) == 1 else [
            float(np.log(share) - plain[one].odds[0]) for one, share in zip(tried, shares, strict=True)
        ]  # fmt: skip
        for name, impossible, step in _impossible(kind, rows.unsolved):
            parts = [
                plain[one] if name == KINDS[0] else _fitted(name, density_of(kind, cells(one)), impossible, step, rows)
                for one in tried
            ]
            found += _even(parts, width)
    return found


def _impossible(kind: Kind, unsolved: float) -> list[tuple[str, Array, float]]:
    """Families of a kind: name, shares of impossible problems, and the distance between them."""
    if unsolved == 0:
        return [(kind, np.zeros(1), 0.0)]
    step = unsolved / SHARES
    return [(kind, np.zeros(1), 0.0), (f"{kind}, some impossible", step * (np.arange(SHARES) + 0.5), step)]


def _fitted(name: str, density: Density, impossible: Array, step: float, rows: Counted) -> Member:
    """A density fitted with every share of impossible problems."""
    start = np.tile(density.start, (len(impossible), 1))
    found = density.climb(start, impossible, np.tile(rows.times, (len(impossible), 1)))
    odds = np.where(found.converged, found.evidence(density), -np.inf) + float(rows.times @ density.cells.height)
    return Member(name, density, impossible, step, found.at, odds)


def _even(parts: list[Member], width: list[float]) -> list[Member]:
    """Odds of a family's members: together its likelihood at the best scale, averaged over impossible shares."""
    of_scale = np.array([np.logaddexp.reduce(one.odds) for one in parts])
    among = np.logaddexp.reduce(of_scale + width)
    return [
        Member(one.family, one.density, one.impossible, one.width, one.at,
               one.odds - np.log(len(one.odds)) + wide - among + of_scale.max())
        for one, wide in zip(parts, width, strict=True)
    ]  # fmt: skip


def _refitted(member: Member, which: Array, counted: Array) -> tuple[Array, Array]:
    """Coefficients and impossible shares of draws, under their weights."""
    # Draws of one share are spread over the shares that it stands for.
    order = np.array([np.count_nonzero(which[:k] == one) for k, one in enumerate(which)])
    spread = (order + 0.5) / np.bincount(which)[which] - 0.5
    impossible = member.impossible[which] + member.width * spread
    found = member.density.climb(member.at[which], impossible, counted)
    return np.where(found.converged[:, None], found.at, np.nan), impossible


def _failed(member: Member, at: Array, impossible: Array, rows: Counted, k: Array) -> tuple[Array, Array]:
    """Mean chance that k further samples of a problem all fail, and its scatter for these problems, (batch, ks)."""
    cells, pi, share = member.density.cells, impossible[:, None], rows.times / rows.times.sum()
    density = (1 - pi) * member.density.weights(at)
    whole = density @ cells.chance.T + pi * cells.none
    once, scatter = np.zeros((len(at), len(k))), np.zeros((len(at), len(k)))
    # The square of a chance to fail is the chance of twice as many samples.
    for some, means in cells.failing(np.concatenate([k, 2 * k])):
        failed = np.matmul(density, means) + (impossible * cells.none[some][:, None])[..., None]
        failed /= whole.T[some][..., None]
        single, double = failed[..., : len(k)], failed[..., len(k) :]
        once += np.einsum("r,rdk->dk", share[some], single)
        scatter += np.einsum("r,rdk->dk", share[some], double - single**2)
    return once, np.sqrt(np.maximum(scatter, 0.0) / rows.times.sum())


def _by_family(members: list[Member], share: Array) -> dict[str, float]:
    """Shares of the families."""
    found: dict[str, float] = {}
    first = 0
    for one in members:
        found[one.family] = found.get(one.family, 0.0) + float(share[first : first + len(one.odds)].sum())
        first += len(one.odds)
    return found
