"""The derivation of a design in steps, why it ended, and what speaks against it."""

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.fit.result import Fit
from isoflop.plan.design.criteria import CRITERIA
from isoflop.plan.design.designed import Design
from isoflop.plan.design.exchange import Shop
from isoflop.plan.optimum.result import Step

if TYPE_CHECKING:
    from isoflop.plan.design.design import Setup

Array = NDArray[Any]

HARDLY: Final = 0.9
"""An expected interval wider than this share of today's is hardly worth the money."""
APART: Final = 4 / 3
"""Spreads of the draws and of the curvature that differ by more are told."""
RAY: Final = 1.05
"""Tokens per parameter within this factor are one ray."""


def chances(value: Array, before: Array, after: Array, reach: float, reach_after: float) -> tuple[float, float]:
    """Whether a difference is decided today, and the chance that it will be.

    The estimate after the runs is distributed as `N(value, before^2 - after^2)`.

    Args:
        value: the difference today, shape (1,).
        before: its standard error today, shape (1,).
        after: the one to expect, shape (1,).
        reach: half-width today in standard errors.
        reach_after: half-width then.

    Returns:
        1 or 0 today, and the chance that the interval then leaves zero out.
    """
    from scipy.special import ndtr

    now = float(abs(value[0]) > reach * before[0])
    moves = float(np.sqrt(max(before[0] ** 2 - after[0] ** 2, 0.0)))
    if moves == 0:
        return now, now
    edge = reach_after * float(after[0])
    return now, float(ndtr((value[0] - edge) / moves) + ndtr((-value[0] - edge) / moves))


def stopped(shop: Shop, counts: Array) -> str:
    """Why no further run was chosen."""
    if shop.variance(counts) <= shop.stop:
        return "stopped: the expected interval is narrow enough"
    if counts.sum() >= shop.most:
        return f"stopped: {shop.most} runs is the most that was asked for"
    affordable = (shop.cost <= (shop.budget - shop.spent(counts)) * (1 + 1e-12)) & (counts < shop.replicates)
    if not affordable.any():
        return "stopped: the money left buys no further candidate"
    if shop.least > 0:
        return f"stopped: no affordable run takes off {shop.least:.1%} of what is made small"
    return "stopped: no affordable run adds anything"


def steps(setup: "Setup") -> tuple[Step, ...]:
    """The derivation."""
    fit, shop, options = setup.fit, setup.shop, setup.options
    source = str(fit.law.source) if fit.law.source else "formula of the user"
    verdict = f"ln L by the law {fit.law.name}, fitted to {fit.rows} runs ({fit.certificate.verdict})."
    noise = "residuals of the fit" if options.get("noise") is None else "given"
    interval = f"Expected interval at {setup.level:.0%}: that of a fit to all runs, if the law holds."
    return (
        Step(verdict, fit.law.formula, source=source, assumption=True),
        Step(f"What is wanted: {setup.aim.text}.", "g = ∂ ln L/∂θ there", source="the question"),
        Step("What is not known: the covariance of the parameters.", "S", source=_known(setup)),
        Step("Noise of ln L of one run.", "σ", float(np.median(shop.linear.noise)), noise, assumption=True),
        _discrepancy_step(setup),
        *_bias_step(setup),
        _candidates_step(setup),
        Step(
            f"Criterion {shop.criterion}: {CRITERIA[shop.criterion]}.", "ΔV = (gᵀSJ)²/(Var + JᵀSJ)",
            source="Fedorov 1972; Chaloner 1984",
        ),
        _search_step(setup),
        Step(interval, "ln L ± t·√(gᵀSg)·inflation", source="delta method", assumption=True),
    )  # fmt: skip


def _known(setup: "Setup") -> str:
    """Where the covariance comes from."""
    if setup.by_delta or setup.fit.draws is None:
        return "curvature at the optimum (delta method)"
    return f"{len(setup.fit.draws)} draws of the bootstrap"


def _discrepancy_step(setup: "Setup") -> Step:
    """The law's own error."""
    given = setup.options.get("discrepancy") is not None
    source = "given" if given else "the back-test's inflation" if setup.tau else "none: there was no back-test"
    formula = "Var = σ² + τ²·h, h = Σ|Δ ln x|, τ"
    return Step("The law's own error grows away from the target.", formula, setup.tau, source, assumption=True)


def _bias_step(setup: "Setup") -> tuple[Step, ...]:
    """What the law may miss in second order."""
    bias = setup.shop.bias
    if bias is None:
        return ()
    source = "the runs' residuals" if setup.options.get("curvature") is None else "given"
    text = "What the law may miss: second derivatives of ln L around the target; a fit carries them to it as bias."
    formula = "MSE = gᵀSg + |φ₀ − gᵀSP|², P = Σ Jφᵀ/σ², φ = κ·zzᵀ/2, κ"
    return (Step(text, formula, bias.size, f"{source}; Box and Draper 1959", assumption=True),)


def _candidates_step(setup: "Setup") -> Step:
    """What could be bought."""
    within, source = "", "given"
    if setup.limits is not None:
        within = f" with {setup.limits[0]:.3g} to {setup.limits[1]:.3g} tokens per parameter"
        if setup.options.get("tokens_per_param", "bracket") == "bracket":
            source = "limits: the target's ratio within a factor of four"
    text = f"Candidates: {len(setup.pool)} runs{within}; {setup.left_out} others left out."
    return Step(text, f"cost in {setup.pool.unit}", source=source)


def _search_step(setup: "Setup") -> Step:
    """How runs are picked."""
    power = setup.options.get("power")
    formula = "power 1, 0.4 and 0: the best is kept" if power is None else f"power {power:g}"
    if setup.options.get("method", "exchange") == "greedy":
        return Step("Runs are bought by gain per cost^power.", formula, source="Li et al. 2026")
    text = "Runs are bought by gain per cost^power; swaps of single runs follow."
    return Step(text, formula, source="Li et al. 2026; Fedorov 1972")


def spread_warnings(setup: "Setup", errors: Array) -> list[str]:
    """The curvature's standard error of what is wanted against that of the draws, where a fit has both.

    Args:
        setup: the design's.
        errors: standard errors by the curvature today, shape (t,).

    Returns:
        What to know where they differ by a third or more.
    """
    if not setup.by_delta or setup.fit.draws is None:
        return []
    draws = setup.fit.draws[np.isfinite(setup.fit.draws).all(axis=1)]
    with np.errstate(all="ignore"):
        spread = np.nanstd(setup.aim.log_values(setup.fit, draws), axis=0)
    small = setup.fit.correction
    ratio = float(np.median(spread / errors)) * np.sqrt(small.rows / small.freedom if small.lost else 1.0)
    if not np.isfinite(ratio) or 1 / APART < ratio < APART:
        return []
    return [
        f"By the fit's draws the target spreads {ratio:.2g} times as far as by the curvature used here, which takes "
        "the noise of all runs as equal and the law as straight: read today's and the expected interval against each "
        "other only."
    ]


def warnings(design: Design, fit: Fit) -> tuple[str, ...]:
    """What speaks against buying these runs as they are."""
    found = []
    if not fit.certificate.ok:
        found.append(
            f"The fit is {fit.certificate.verdict}. {' '.join(fit.certificate.reasons)} Slopes at its optimum may "
            "mislead: buy in rounds and fit again."
        )
    if fit.inflation is None:
        found.append(
            "There was no back-test, so the expected intervals are not widened and the law's own error is "
            f"{'taken as given' if design.discrepancy else 'taken as zero'}. Back-test first (with_backtest)."
        )
    if design.distance_decades:
        listed = ", ".join(f"{d:.2f} decades in {w}" for w, d in design.distance_decades.items())
        factor = f"{design.inflation:.2f} times widened" if design.inflation is not None else "not widened"
        found.append(f"The target lies {listed} beyond the runs; its interval is {factor} by a back-test.")
    beyond = [run for run in design.runs if any(d > 0.005 for d in run.distance_decades.values())]
    if beyond:
        far = max(max(run.distance_decades.values()) for run in beyond)
        verb = "lies" if len(beyond) == 1 else "lie"
        found.append(f"{len(beyond)} of the runs to buy {verb} beyond the runs so far, by up to {far:.2f} decades.")
    ratios = [r.columns["tokens"] / r.columns["params"] for r in design.runs if {"params", "tokens"} <= set(r.columns)]
    if len(ratios) > 2 and max(ratios) / min(ratios) < RAY:
        found.append(
            "All runs have the same tokens per parameter: they predict along that ray only. "
            "Widen tokens_per_param if other ratios may matter."
        )
    if design.runs and design.half_width_after > HARDLY * design.half_width_before:
        share = 1 - design.half_width_after / design.half_width_before
        found.append(f"These runs narrow the interval by {share:.1%} only. Larger ones, or another law, may do more.")
    return tuple(found)
