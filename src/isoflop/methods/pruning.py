"""Data pruning in the teacher–student perceptron: error against data kept, simulated."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import FitError
from isoflop.fit.fitting import fit_law
from isoflop.fit.result import Fit
from isoflop.laws.law import Law, Parameter
from isoflop.runs.table import RunTable
from isoflop.uncertainty.bootstrap import bootstrap

Array = NDArray[Any]
Keep = Literal["hard", "easy", "random"]

SEPARABLE: Final = 1e-9
"""Residual of the least-distance problem below which there is no margin."""


@dataclass(frozen=True)
class PrunedError:
    """Error of students trained on pruned data.

    Args:
        fraction: kept share of the examples.
        alpha: kept examples per dimension, P f/n.
        error: mean generalisation error over repeats, the share of examples that student and
            teacher call differently.
        spread: standard error of that mean.
        repeats: students.
        students: error of every one of them.
    """

    fraction: float
    alpha: float
    error: float
    spread: float
    repeats: int
    students: tuple[float, ...] = ()


def simulate_pruning(
    alpha_total: float,
    fraction: float,
    *,
    rng: np.random.Generator,
    keep: Keep = "hard",
    dimension: int = 100,
    angle: float = 0.0,
    repeats: int = 10,
) -> PrunedError:
    """Error of a max-margin student on the examples that a probe keeps.

    Teacher `T ~ N(0, I)`, inputs `x ~ N(0, I)`, labels `sign(T x)`; kept are those with the
    smallest (hard) or largest (easy) margin `|T_probe x|`; `eps = arccos(J T/|J||T|)/pi`.

    Reference: Sorscher et al. 2022, arXiv:2206.14486, sec. 2; its saddle-point equations are not
    used.

    Args:
        alpha_total: examples per dimension before pruning.
        fraction: share that is kept.
        rng: draws teacher and inputs.
        keep: which examples are kept.
        dimension: dimension n.
        angle: angle between probe and teacher in radians; 0 is a perfect probe.
        repeats: students to average.

    Returns:
        The error with its standard error.

    Raises:
        FitError: the fraction is not within (0, 1], fewer than two examples are kept, the rule is
            unknown, or there are fewer than two dimensions.
    """
    if keep not in get_args(Keep) or dimension < 2:
        raise FitError(
            f"Examples kept by {keep!r} in {dimension} dimensions: choose {', '.join(get_args(Keep))}, and two or more "
            "dimensions, so that a probe can turn away from the teacher."
        )
    count = round(alpha_total * dimension)
    kept = round(fraction * count)
    if not 0 < fraction <= 1 or kept < 2 or repeats < 2:
        raise FitError(
            f"{fraction:g} of {count} examples keeps {kept}, in {repeats} repeats. "
            "Give a fraction in (0, 1] that keeps two or more examples, and two or more repeats."
        )
    errors = [_student_error(count, kept, rng, keep, (dimension, angle)) for _ in range(repeats)]
    spread = float(np.std(errors, ddof=1) / math.sqrt(repeats))
    return PrunedError(fraction, kept / dimension, float(np.mean(errors)), spread, repeats, tuple(errors))


def _student_error(count: int, kept: int, rng: np.random.Generator, keep: Keep, world: tuple[int, float]) -> float:
    """Error of one student with its own teacher and inputs."""
    dimension, angle = world
    teacher = rng.standard_normal(dimension)
    teacher /= np.linalg.norm(teacher)
    aside = rng.standard_normal(dimension)
    aside -= (aside @ teacher) * teacher
    probe = math.cos(angle) * teacher + math.sin(angle) * aside / np.linalg.norm(aside)
    inputs = rng.standard_normal((count, dimension))
    margin = np.abs(inputs @ probe)
    score = {"hard": margin, "easy": -margin, "random": np.arange(count)}[keep]
    chosen = np.argsort(score)[:kept]
    student = max_margin(inputs[chosen] * np.sign(inputs[chosen] @ teacher)[:, None])
    cosine = float(student @ teacher / np.linalg.norm(student))
    return math.acos(min(max(cosine, -1.0), 1.0)) / math.pi


def max_margin(signed: Array) -> Array:
    """Direction of the largest margin: the shortest `J` with `J x_i >= 1` for every signed example.

    By least-distance programming: non-negative least squares on the examples with a row of ones.

    Reference: Lawson and Hanson 1974, Solving Least Squares Problems, ch. 23.

    Args:
        signed: examples times their labels, shape (examples, dimension); separable.

    Returns:
        The direction J, shape (dimension,).

    Raises:
        FitError: no direction separates the examples.

    >>> max_margin(np.array([[1.0, 0.0], [0.0, 2.0]])).round(6).tolist()
    [1.0, 0.5]
    """
    from scipy.optimize import nnls

    system = np.vstack([signed.T, np.ones(len(signed))])
    target = np.zeros(len(system))
    target[-1] = 1.0
    weights, _ = nnls(system, target)
    rest = system @ weights - target
    # The residual vanishes where a weighted sum of the examples is zero, so that none has them all on one side.
    if np.linalg.norm(rest) < SEPARABLE:
        raise FitError(
            f"No direction has all {len(signed)} signed examples on one side. Multiply them by their labels, and "
            "leave out those whose labels contradict the others."
        )
    return np.asarray(-rest[:-1] / rest[-1])


def pruning_curve(
    alphas: Sequence[float],
    fraction: float,
    *,
    rng: np.random.Generator,
    keep: Keep = "hard",
    dimension: int = 100,
    angle: float = 0.0,
    repeats: int = 10,
) -> tuple[PrunedError, ...]:
    """Errors at several amounts of data before pruning, all with one kept share."""
    return tuple(
        simulate_pruning(a, fraction, rng=rng, keep=keep, dimension=dimension, angle=angle, repeats=repeats)
        for a in alphas
    )


def fit_exponent(curve: Sequence[PrunedError]) -> Fit:
    """Power law of the error in the kept examples per dimension, `eps = A alpha^-nu`.

    Args:
        curve: errors at several alphas.

    Returns:
        The fit; its `nu` is 1 for random data, larger where pruning beats the power law.
    """
    law = Law(
        "pruned-error", "L = A/alpha^nu", "Error in kept examples per dimension", variables=("alpha",),
        parameters={"A": Parameter(meaning="error at one example per dimension"), "nu": Parameter(meaning="exponent")},
    )  # fmt: skip
    columns = {"alpha": [point.alpha for point in curve], "loss": [point.error for point in curve]}
    return fit_law(law, RunTable.from_columns(columns))


def fit_exponents(
    curves: Sequence[Sequence[PrunedError]], *, rng: np.random.Generator, draws: int = 1000
) -> tuple[Fit, Mapping[float, str]]:
    """Exponent of the error against the kept fraction, with intervals: one fit of all students.

    `eps = A_f alpha^-nu_f` for every kept fraction f, with alpha the kept examples per dimension.

    Reference: Sorscher et al. 2022, arXiv:2206.14486, sec. 2.

    Args:
        curves: errors at several alphas, one curve or more for every kept fraction.
        rng: draws the bootstrap over students.
        draws: bootstrap draws.

    Returns:
        The fit, and fraction → name of its exponent, for `fit.estimate`.

    Raises:
        FitError: a point comes without the errors of its students.
    """
    points = [point for curve in curves for point in curve]
    bare = [point for point in points if not point.students]
    if bare or not points:
        raise FitError(
            f"{len(bare)} of {len(points)} points come without the errors of their students. "
            "Give curves of pruning_curve."
        )
    rows = [(f"{p.fraction:g}", p.alpha, error) for p in points for error in p.students]
    names, alphas, errors = (list(column) for column in zip(*rows, strict=True))
    law = Law("pruned-errors", "L = A[kept]/alpha^nu[kept]", "Error by kept fraction", variables=("alpha",))
    runs = RunTable.from_columns({"kept": names, "alpha": alphas, "loss": errors})
    fit = bootstrap(fit_law(law, runs, objective="log-ls"), runs, draws=draws, rng=rng)
    return fit, {point.fraction: f"nu[kept={point.fraction:g}]" for point in points}


def pareto(points: Sequence[PrunedError]) -> tuple[PrunedError, ...]:
    """The points that no other beats with as little data, from little to much.

    Args:
        points: errors at any fractions and amounts.

    Returns:
        The frontier over the kept fraction.
    """
    frontier: list[PrunedError] = []
    for point in sorted(points, key=lambda p: (p.alpha, p.error)):
        if not frontier or point.error < frontier[-1].error:
            frontier.append(point)
    return tuple(frontier)
