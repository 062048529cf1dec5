"""The bowl of one cell of a sweep: loss as a convex parabola in the logarithms of learning rate and batch size."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, overload

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import FitError, TableError
from isoflop.fit.estimate import Correction, Estimate, estimate_from_draws
from isoflop.methods.steplaw import batch_in_tokens, cells_of, with_loss
from isoflop.runs.table import RunTable
from isoflop.units import format_quantity

Array = NDArray[Any]

TERMS: Final = 6
"""Constant, two slopes, three curvatures."""


@dataclass(frozen=True)
class Bowl:
    """A fitted bowl.

    Args:
        params: parameters of the cell.
        tokens: tokens of the cell.
        lr: optimal learning rate.
        batch_tokens: optimal batch.
        loss: loss at the optimum.
        lr_plateau: factor from the lowest to the highest rate, at the optimal batch, whose loss is within `tolerance`.
        batch_plateau: the same of the batch, at the optimal rate.
        convex: whether the bowl opens upwards in every direction; if not, its optimum means nothing.
        inside: whether the optimum lies within the swept rates and batches.
        runs: runs that were fitted.
        tolerance: share of the loss that counts as no worse.
    """

    params: float
    tokens: float
    lr: Estimate
    batch_tokens: Estimate
    loss: Estimate
    lr_plateau: Estimate
    batch_plateau: Estimate
    convex: bool
    inside: bool
    runs: int
    tolerance: float


@dataclass(frozen=True)
class SmallCell:
    """A cell of a sweep that has too few runs for a bowl.

    Args:
        params: parameters of the cell.
        tokens: tokens of the cell.
        near: runs near enough to its least loss.
        rates: different learning rates among them.
        batches: different batches among them.
    """

    params: float
    tokens: float
    near: int
    rates: int
    batches: int

    def __str__(self) -> str:
        """The cell and what it has."""
        return (
            f"params {format_quantity(self.params)}, tokens {format_quantity(self.tokens)}: {self.near} runs near its "
            f"least loss, at {self.rates} rates and {self.batches} batches"
        )


@dataclass(frozen=True)
class Bowls(Sequence[Bowl]):
    """The bowls of a sweep, in the order of its cells, and the cells that have none.

    Args:
        found: the bowls; the sequence itself is of these.
        left_out: cells with too few runs.
    """

    found: tuple[Bowl, ...]
    left_out: tuple[SmallCell, ...]

    @overload
    def __getitem__(self, place: int) -> Bowl: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[Bowl, ...]: ...

    def __getitem__(self, place: int | slice) -> Bowl | tuple[Bowl, ...]:
        """One bowl, or some."""
        return self.found[place]

    def __len__(self) -> int:
        """How many bowls."""
        return len(self.found)


def fit_bowls(
    table: RunTable,
    *,
    rng: np.random.Generator,
    within: float = 0.02,
    tolerance: float = 0.0025,
    draws: int = 500,
    level: float = 0.9,
    sequence_length: int | None = None,
) -> Bowls:
    """Fit a bowl to every cell (N, D) of a sweep by least squares: ln L = c + quadratic(ln lr, ln B).

    Intervals come from Bayesian weights of the runs (one draw of weights per refit).

    Reference: Li et al. 2025, arXiv:2503.04715 (the surface is convex in both); Rubin 1981 (the weights).

    Args:
        table: one row per run, with params, tokens, lr, batch and loss.
        rng: random state.
        within: runs further above the least loss of their cell than this share take no part.
        tolerance: share of the loss that the plateau allows.
        draws: refits for the intervals.
        level: confidence level.
        sequence_length: tokens per sequence, where the batch counts sequences.

    Returns:
        A bowl for each cell with at least eight runs at three rates and three batches; the other cells by name.

    Raises:
        FitError: no cell has enough runs.
        TableError: a share is not positive, or fewer than two draws.
    """
    if not (within > 0 and tolerance > 0 and draws >= 2):
        raise TableError(
            "within and tolerance must be positive shares of the loss, and draws at least 2. Correct them."
        )
    table = with_loss(table)
    batch = batch_in_tokens(table, sequence_length)
    cells, cell = cells_of(table)
    bowls, small = [], []
    for k, child in zip(range(len(cells)), rng.spawn(len(cells)), strict=True):
        own = np.flatnonzero(cell == k)
        loss = table.column("loss")[own]
        near = own[loss <= loss.min() * (1 + within)]
        points = np.log(np.stack([table.column("lr")[near], batch[near]], axis=1))
        rates, batches = (len(np.unique(points[:, axis].round(6))) for axis in (0, 1))
        if len(near) < TERMS + 2 or min(rates, batches) < 3:
            small.append(SmallCell(float(cells[k, 0]), float(cells[k, 1]), len(near), rates, batches))
            continue
        weights = np.concatenate([np.ones((1, len(near))), child.dirichlet(np.ones(len(near)), draws) * len(near)])
        solved = _solve(points, np.log(table.column("loss")[near]), weights, tolerance)
        bowls.append(_bowl(cells[k], points, solved, level=level, tolerance=tolerance))
    if not bowls:
        raise FitError(
            f"None of the {len(cells)} cells has {TERMS + 2} runs at three rates and three batches within {within:.2%} "
            f"of its least loss; the fullest has {max(small, key=lambda cell: cell.near)}. Raise within, or sweep more "
            "finely."
        )
    return Bowls(tuple(bowls), tuple(small))


def _solve(points: Array, response: Array, weights: Array, tolerance: float) -> Array:
    """Optimum, loss and plateaus of every weighted fit, shape (fits, 5); NaN where it is not convex."""
    centre = points.mean(axis=0)
    x, y = (points - centre).T
    design = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)
    root = np.sqrt(weights)[:, :, None]
    c = np.stack([np.linalg.lstsq(design * r, response * r[:, 0], rcond=None)[0] for r in root])
    hessian = np.stack([np.stack([2 * c[:, 3], c[:, 4]], 1), np.stack([c[:, 4], 2 * c[:, 5]], 1)], axis=1)
    least = np.linalg.eigvalsh(hessian)[:, 0]
    safe = np.where(least[:, None, None] > 0, hessian, np.nan)
    best = -np.linalg.solve(np.where(np.isnan(safe), np.eye(2), safe), c[:, 1:3, None])[:, :, 0]
    best[least <= 0] = np.nan
    value = c[:, 0] + 0.5 * (c[:, 1:3] * best).sum(axis=1)
    with np.errstate(invalid="ignore"):
        widths = 2 * np.sqrt(2 * np.log1p(tolerance) / np.stack([safe[:, 0, 0], safe[:, 1, 1]], axis=1))
    return np.asarray(np.exp(np.concatenate([best + centre, value[:, None], widths], axis=1)))


def _bowl(cell: Array, points: Array, solved: Array, *, level: float, tolerance: float) -> Bowl:
    """A bowl with its intervals."""
    correction = Correction(len(points), TERMS)
    left = ("that loss is no parabola far from the optimum",)
    found = [
        estimate_from_draws(float(solved[0, k]), solved[1:, k], level=level, correction=correction, leaves_out=left)
        for k in range(5)
    ]
    low, high = np.exp(points.min(axis=0)), np.exp(points.max(axis=0))
    convex = bool(np.isfinite(solved[0, 0]))
    inside = convex and bool(np.all((solved[0, :2] >= low) & (solved[0, :2] <= high)))
    lr, batch, loss, lr_plateau, batch_plateau = found
    return Bowl(
        params=float(cell[0]), tokens=float(cell[1]), lr=lr, batch_tokens=batch, loss=loss, lr_plateau=lr_plateau,
        batch_plateau=batch_plateau, convex=convex, inside=inside, runs=len(points), tolerance=tolerance,
    )  # fmt: skip
