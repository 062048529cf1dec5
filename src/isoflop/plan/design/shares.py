"""Best shares of a budget when runs may be divided at will: the bound that every real design is held to."""

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import LawError

Array = NDArray[Any]

STEPS: Final = 20_000
TIGHT: Final = 1e-6


@dataclass(frozen=True)
class Shares:
    """Shares of a budget.

    Args:
        share: of every candidate, summing to 1, shape (m,).
        variance: criterion at a budget of 1 (variance times budget; for D minus ln det of the information).
        excess: how far the equivalence condition is from holding, relatively; 0 at the optimum.
    """

    share: Array
    variance: float
    excess: float

    @property
    def support(self) -> Array:
        """Places of the candidates that get more than a thousandth."""
        return np.flatnonzero(self.share > 1e-3)


def elfving(slopes: ArrayLike, target: ArrayLike, noise: ArrayLike, cost: ArrayLike) -> Shares:
    """The c-optimal shares by a linear program.

    `min sum sigma_i sqrt(c_i) |l_i|  subject to  sum l_i J_i = g`; the share of run i is
    `|l_i| sigma_i sqrt(c_i) / sum`, and the variance times the budget is the sum's square.

    Reference: Elfving 1952; with costs, the budget in place of the number of runs.

    Args:
        slopes: J of every candidate, shape (m, p).
        target: g, shape (p,).
        noise: standard deviation of one run, shape (m,) or a number.
        cost: of one run, shape (m,) or a number.

    Returns:
        Shares on at most p candidates.

    Raises:
        LawError: no combination of the candidates tells the target.

    >>> ln = np.log([1.0, 12.896])
    >>> found = elfving(np.stack([np.ones(2), ln], axis=1), [1.0, 1e6], 1.0, [1.0, 12.896])
    >>> round(float(found.share[1]), 3)
    0.782
    """
    from scipy.optimize import linprog

    j, g = np.asarray(slopes, dtype=float), np.asarray(target, dtype=float)
    price = np.broadcast_to(np.asarray(noise, dtype=float) * np.sqrt(np.asarray(cost, dtype=float)), len(j))
    scale = np.abs(j).max(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    # Prices enter through the columns, so that all coefficients of the objective are one.
    columns = (j / scale / price[:, None]).T
    solved = linprog(np.ones(2 * len(j)), A_eq=np.hstack([columns, -columns]), b_eq=g / scale, method="highs")
    if not solved.success:
        raise LawError("No combination of these candidates tells the target. Add candidates of other shapes.")
    part = np.abs(solved.x[: len(j)] - solved.x[len(j) :])
    return Shares(part / part.sum(), float(part.sum() ** 2), 0.0)


def best_shares(
    slopes: ArrayLike,
    noise: ArrayLike,
    cost: ArrayLike,
    *,
    criterion: Literal["V", "A", "D"] = "V",
    targets: ArrayLike | None = None,
) -> Shares:
    """The V-, A- or D-optimal shares by the multiplicative algorithm.

    `q_i <- q_i (d_i / sum_j q_j d_j)^(1/2)` (power 1 for D), with `w_i = 1/(c_i sigma_i^2)` and
    d = `w J' M^-1 J` (D), `w J' M^-1 G M^-1 J` (V) or `w J' M^-2 J` (A); at the optimum d is at most its mean.

    Reference: Silvey, Titterington and Torsney 1978; equivalence theorem of Kiefer and Wolfowitz 1960.

    Args:
        slopes: J of every candidate, shape (m, p).
        noise: standard deviation of one run, shape (m,) or a number.
        cost: of one run, shape (m,) or a number.
        criterion: V, A or D.
        targets: g of every target, shape (t, p), for V.

    Returns:
        Shares, with how far they are from the optimum.

    Raises:
        LawError: criterion V without targets, or candidates that do not determine the parameters.

    >>> found = best_shares([[1.0, -1.0], [1.0, 0.0], [1.0, 1.0]], 1.0, 1.0, criterion="D")
    >>> found.share.round(3).tolist()
    [0.5, 0.0, 0.5]
    """
    j = np.asarray(slopes, dtype=float)
    weight = np.broadcast_to(1 / (np.asarray(cost, dtype=float) * np.asarray(noise, dtype=float) ** 2), len(j))
    if np.linalg.matrix_rank(j) < j.shape[1]:
        raise LawError("These candidates do not determine the parameters. Add candidates of other shapes.")
    if criterion == "V" and targets is None:
        raise LawError("Criterion V needs targets. Give their slopes, or choose A or D.")
    root = np.eye(j.shape[1]) if targets is None else np.atleast_2d(np.asarray(targets, dtype=float))
    if criterion == "V":
        root = root / np.sqrt(len(root))
    share = np.full(len(j), 1 / len(j))
    value, excess = np.inf, np.inf
    for _ in range(STEPS):
        inverse = np.linalg.inv((j * (share * weight)[:, None]).T @ j)
        reached = j @ inverse
        if criterion == "D":
            pull = weight * np.einsum("mp,mp->m", reached, j)
            value = float(np.linalg.slogdet(inverse)[1])
        else:
            pull = weight * ((reached @ root.T) ** 2).sum(axis=1)
            value = float(np.einsum("tp,pq,tq->", root, inverse, root))
        mean = float(share @ pull)
        excess = float(pull.max()) / mean - 1
        if excess < TIGHT:
            break
        share = share * (pull / mean) ** (1.0 if criterion == "D" else 0.5)
        share = share / share.sum()
    return Shares(share, value, excess)
