"""Is this really the optimum, and do the data say what it is? Each check with its number."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from isoflop.fit.evaluate import Evaluator
from isoflop.fit.problem import Problem
from isoflop.laws.formula import Formula

Array = NDArray[Any]
Verdict = Literal["certified", "weakly identified", "not converged"]

SAME: Final = 1e-9
"""Relative difference below which two objective values count as the same optimum."""

FLAT: Final = 1e-9
"""Curvature, relative to the largest, below which a direction counts as flat."""

STEEP: Final = 1e-6
"""Share of a parameter's own curvature that it is scaled by at least."""

VANISHED: Final = 1e-12
"""Curvature along one parameter, relative to the largest, below which moving it moves no prediction."""


@dataclass(frozen=True)
class CertificateCheck:
    """One check.

    Args:
        name: short name.
        value: what was measured.
        threshold: what it was compared with.
        passed: whether it holds.
        text: the finding in words, with the next step when it does not hold.
        blocks: what failing it means: no optimum, or an optimum that the data hardly determine.
    """

    name: str
    value: float
    threshold: float
    passed: bool
    text: str
    blocks: Literal["optimum", "identification"] = "optimum"


@dataclass(frozen=True)
class Certificate:
    """The verdict on a fit, and the checks behind it.

    Args:
        verdict: `certified`, `weakly identified` or `not converged`.
        reasons: the texts of the failed checks.
        checks: all checks.
    """

    verdict: Verdict
    reasons: tuple[str, ...]
    checks: tuple[CertificateCheck, ...]

    @property
    def ok(self) -> bool:
        """Whether the fit is certified."""
        return self.verdict == "certified"

    def __str__(self) -> str:
        """Verdict and reasons."""
        lines = [self.verdict, *(f"  - {reason}" for reason in self.reasons)]
        return "\n".join(lines)


def judge(checks: Sequence[CertificateCheck]) -> Certificate:
    """Verdict from the checks."""
    failed = [c for c in checks if not c.passed]
    verdict: Verdict = "certified"
    if any(c.blocks == "identification" for c in failed):
        verdict = "weakly identified"
    if any(c.blocks == "optimum" for c in failed):
        verdict = "not converged"
    return Certificate(verdict, tuple(c.text for c in failed), tuple(checks))


def seeds_check(agree: int, searches: int) -> CertificateCheck:
    """How many independent searches ended at the same optimum."""
    needed = 2 if searches > 1 else 1
    text = f"{agree} of {searches} searches ended at the same optimum"
    if agree < needed:
        text += "; the best one stands alone and may not be the global optimum. Use a simpler law, or narrower domains."
    return CertificateCheck("agreeing seeds", agree, needed, agree >= needed, text)


def priors_check(weak: Sequence[str]) -> CertificateCheck:
    """Parameters that are known from their prior rather than from the runs."""
    text = "every parameter with a prior is known better from the runs than from the prior"
    if weak:
        text = f"{', '.join(weak)}: known from the prior, not from the runs. Say so, or add runs that determine it."
    return CertificateCheck("priors", len(weak), 0, not weak, text, "identification")


def optimum_check(value: float, best: float, rounding: float) -> CertificateCheck:
    """Whether given parameters reach the objective of the best search."""
    excess = (value - best) / (best + rounding)
    text = f"the objective is {excess:.2g} (relative) above the best that was found"
    if not excess <= SAME:
        text += f" ({value:.9g} against {best:.9g}): this is not the optimum. Fit again from more seeds."
    return CertificateCheck("best objective", excess, SAME, bool(excess <= SAME), text)


def stationary_check(slope: Array, metric: Array, value: float) -> CertificateCheck:
    """Scaled gradient: what a Newton step still promises, relative to the objective.

    Directions that the data do not determine at all (the condition number speaks of them) are left out,
    and so are parameters whose term has vanished (the bounds speak of these): at such an end of the
    domain the objective still falls towards it, by nothing that is left to gain.
    """
    live = np.diag(metric) > VANISHED * np.diag(metric).max()
    slope, metric = slope[live], metric[np.ix_(live, live)]
    scale = 1 / np.sqrt(np.maximum(np.diag(metric), 1e-300))
    eigenvalues, vectors = np.linalg.eigh(metric * scale[:, None] * scale[None, :])
    along = vectors.T @ (slope * scale)
    stiff = eigenvalues > FLAT * eigenvalues[-1]
    promise = float(np.sum(along[stiff] ** 2 / eigenvalues[stiff]))
    relative = math.sqrt(max(promise, 0.0) / max(value, 1e-300))
    text = f"scaled gradient norm {relative:.1e}"
    if not relative <= 1e-4:
        text += "; the search stopped before the optimum. Do not use these parameters."
    return CertificateCheck("scaled gradient", relative, 1e-4, bool(relative <= 1e-4), text)


def curvature_checks(problem: Problem, hessian: Array, metric: Array, sigma2: float) -> list[CertificateCheck]:
    """Conditioning, sloppiest direction in words, and the uncertainty of each parameter."""
    names = problem.free_names
    scale = 1 / np.sqrt(np.maximum(np.diag(metric), 1e-300))
    scaled = metric * scale[:, None] * scale[None, :]
    eigenvalues, vectors = np.linalg.eigh(scaled)
    small = max(float(eigenvalues[0]), 0.0)
    condition = float(eigenvalues[-1]) / small if small > 0 else math.inf
    direction = vectors[:, 0] * scale
    direction = direction / np.abs(direction).max()
    words = sloppy_words(problem, direction)
    error = math.sqrt(sigma2 / small) if small > 0 else math.inf
    largest = float(np.abs(vectors[:, 0] * scale).max() * error)
    # At a least value the metric is nil and the Hessian is not: scaled by the metric it would be rounding alone.
    size = 1 / np.sqrt(np.maximum(np.maximum(np.diag(metric), STEEP * np.abs(np.diag(hessian))), 1e-300))
    lowest = float(np.linalg.eigvalsh(hessian * size[:, None] * size[None, :])[0])
    checks = [
        CertificateCheck(
            "condition number", condition, 1 / FLAT, condition <= 1 / FLAT,
            f"condition number {condition:.1e}; sloppiest direction: {words}"
            + ("" if condition <= 1 / FLAT else ". Report predictions, not parameters, or fix one of them."),
            "identification",
        ),
        CertificateCheck(
            "sloppiest direction", largest, 1.0, largest <= 1.0,
            f"along its sloppiest direction ({words}) a parameter is known to {describe_error(largest)}"
            + ("" if largest <= 1.0 else ". The data hardly determine it: add runs, or fix a parameter."),
            "identification",
        ),
        CertificateCheck(
            "curvature", lowest, 0.0, lowest > -1e-8,
            f"smallest scaled curvature {lowest:.1e}"
            + ("" if lowest > -1e-8 else "; the objective falls further in some direction: this is a saddle."),
        ),
    ]  # fmt: skip
    assert len(names) == len(scale)
    return checks


def describe_error(error: float) -> str:
    """A standard error of a logarithm, in words."""
    if not error < 5:
        return "no useful accuracy"
    return f"a factor {math.exp(error):.3g}" if error > 0.3 else f"±{error:.1%}"


def sloppy_words(problem: Problem, direction: Array) -> str:
    """A direction in parameter space, in words: what goes up while what goes down.

    A coefficient stands for its term in the middle of the data, where columns are 1.
    """
    sides: tuple[list[str], list[str]] = ([], [])
    absorbing = {name for name, _, _ in problem.shifts}
    lead = direction[np.abs(direction).argmax()]
    for k in np.argsort(-np.abs(direction), kind="stable")[:4]:
        if abs(direction[k]) >= 0.1:
            slot = problem.slots[problem.free[k]]
            formal = problem.law.parameter_names[slot.formal]
            sides[int(direction[k] * lead < 0)].append(f"the {slot.name} term" if formal in absorbing else slot.name)
    up, down = (" and ".join(side) for side in sides)
    if not down:
        return f"{up} together" if len(sides[0]) > 1 else f"{up} alone"
    return f"{up} up, {down} down"


def bounds_check(evaluator: Evaluator, u: Array) -> CertificateCheck:
    """Parameters that ran to the end of their domain, or whose term vanished."""
    problem = evaluator.problem
    gone = []
    model = evaluator.model(u[None])[0]
    for k, i in enumerate(problem.free):
        slot = problem.slots[i]
        theta = float(slot.natural(u[k]))
        if slot.floored:
            if theta < slot.low * (1 + 1e-4):
                gone.append(f"{slot.name} = {theta:.4g} (the least that its domain allows)")
        elif slot.closed:
            share = (theta - slot.low) / (slot.high - slot.low)
            if min(share, 1 - share) < 1e-4:
                gone.append(f"{slot.name} = {theta:.4g} (end of its interval)")
        elif slot.low == 0 and slot.tape_log and k < len(u):
            less = u.copy()
            less[k] = -700.0
            change = np.abs(evaluator.model(less[None])[0] / model - 1).max()
            if change < 1e-6:
                gone.append(f"{slot.name} → 0 (its term has vanished)")
        elif slot.low == 0 and (theta < 1e-4 or theta > 1e3):
            gone.append(f"{slot.name} = {theta:.3g}")
    text = "no parameter at the end of its domain"
    if gone:
        text = f"at the end of the domain: {', '.join(gone)}. Leave the term out (fix it), or add runs that show it."
    return CertificateCheck("bounds", len(gone), 0, not gone, text, "identification")


def design_checks(problem: Problem, columns: dict[str, Array]) -> list[CertificateCheck]:
    """Whether the runs can tell the law's parameters apart: collinear columns, too few sizes."""
    checks = []
    logs = {w: np.log(a) for w, a in columns.items() if np.all(a > 0)}
    words = [w for w, a in logs.items() if np.ptp(a) > 0]
    for first, a in enumerate(words):
        for b in words[first + 1 :]:
            x = np.stack([np.ones(problem.rows), logs[a]], axis=1)
            rest = logs[b] - x @ np.linalg.lstsq(x, logs[b], rcond=None)[0]
            spread = float(np.exp(rest.std()))
            text = f"{b} varies by a factor {spread:.3g} (one sd) at equal {a}"
            if spread < 1.05:
                text += (
                    f": {a} and {b} are collinear, so their terms cannot be told apart. Add runs with another {b}/{a}."
                )
            checks.append(CertificateCheck(f"design {a}, {b}", spread, 1.05, spread >= 1.05, text, "identification"))
    if columns:
        # Runs of two recipes at one size are two points.
        levels = [level.codes.astype(float) for level in problem.levels.values()]
        points = len(np.unique(np.stack([*columns.values(), *levels], axis=1), axis=0))
        text = f"{points} distinct runs for {problem.size} parameters"
        if points <= problem.size:
            text += ": the law can pass through every run. Add runs at other sizes, or use a law with fewer parameters."
        checks.append(
            CertificateCheck("distinct runs", points, problem.size, points > problem.size, text, "identification")
        )
        checks += [_sizes_check(problem, word, values) for word, values in columns.items()]
    return checks


def _sizes_check(problem: Problem, word: str, values: Array) -> CertificateCheck:
    """Enough distinct values of one column for the parameters that only it can determine."""
    law = problem.law.parsed
    own = law.symbols[word]
    needed = 2 if own in law.expression.free_symbols else 1
    sizes = len(np.unique(np.round(np.log(np.abs(values) + 1e-300), 6)))
    if len(law.columns) == 1:
        needed = len([m for k, m in enumerate(problem.members) if m[0] in problem.free])
    elif set(np.unique(values)) <= {0.0, 1.0}:
        needed = min(needed, 2)  # an indicator has no other values, and only its effect to show
    else:
        needed += 1
    if sizes < needed and (problem.law.function is not None or _is_only_given(law, word)):
        needed = 1  # a function may take a code, such as the place of a schedule in a list
    text = f"{sizes} distinct values of {word}"
    if sizes < needed:
        text += f", fewer than the {needed} that this law needs. Add runs at other values of {word}."
    return CertificateCheck(f"sizes of {word}", sizes, needed, sizes >= needed, text, "identification")


def _is_only_given(law: Formula, word: str) -> bool:
    """Whether a column is measured beside the law: it enters linearly, and no parameter is lost where it is 0."""
    own, expression = law.symbols[word], law.expression
    without = expression.subs(own, 0)
    return bool(without.free_symbols == expression.free_symbols - {own} and expression.diff(own, 2).expand() == 0)


def units_check(change: float, *, flat: bool) -> CertificateCheck:
    """Largest relative change of a prediction when the fit is repeated in other units."""
    text = f"in other units the predictions change by {change:.1e}"
    if not change <= 1e-8:
        text += ", because the data leave a direction flat." if flat else ": the search stopped early. Do not use it."
    return CertificateCheck(
        "unit invariance", change, 1e-8, bool(change <= 1e-8), text, "identification" if flat else "optimum"
    )
