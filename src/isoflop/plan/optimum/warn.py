"""What speaks against using a plan as it stands, in words."""

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.fit.estimate import Estimate
from isoflop.laws.optimum import Optimum, Status
from isoflop.plan.optimum.setting import Setting, decades_beyond
from isoflop.units import format_quantity

Array = NDArray[Any]

WIDE = 10.0
NEAR: Final = 0.005
"""Decades beyond the runs that are not worth a word."""


def certificate_warnings(setting: Setting) -> list[str]:
    """The fit itself is not certified."""
    certificate = setting.fit.certificate
    if certificate.verdict == "certified":
        return []
    reasons = " ".join(certificate.reasons)
    return [f"The fit is {certificate.verdict}. {reasons}".strip()]


def distance_warnings(setting: Setting, point: dict[str, float], what: str) -> list[str]:
    """The point lies outside the runs."""
    found = []
    for word, value in point.items():
        if word not in setting.fit.data.ranges:
            continue
        low, high = setting.fit.data.ranges[word]
        away = decades_beyond(value, low, high)
        if abs(away) > NEAR:
            end, side = (high, "above the largest") if away > 0 else (low, "below the smallest")
            far = f"{abs(away):.1f} decades" if abs(away) >= 0.1 else f"a factor of {10 ** abs(away):.2f}"
            found.append(
                f"{what} lies {far} {side} {word} of the runs "
                f"({format_quantity(value)} against {format_quantity(end)})."
            )
    return [*found, f"Beyond the runs, {widened(setting.fit.inflation)}."] if found else []


def widened(inflation: float | None) -> str:
    """What a back-test did to intervals beyond the runs, as the end of a sentence.

    Args:
        inflation: its factor; None where there was none.
    """
    if inflation is None:
        return "no back-test was run, so nothing widens the intervals for it: run one (isoflop fit --backtest flops)"
    return f"the intervals are widened by the back-test's factor {max(inflation, 1.0):.2f}"


def existence_warnings(setting: Setting, best: Optimum) -> list[str]:
    """There is no optimum, or not in all draws, or the law is lower still far away."""
    if np.isnan(best.flops[0, 0]):
        return []  # no budget reaches the target, and the question says so
    status = Status(int(best.status[0, 0]))
    flops = format_quantity(float(best.flops[0, 0]))
    low, high = setting.ratios
    if status is not Status.INTERIOR:
        searched = "" if best.closed_form else f" between {low:.2g} and {high:.2g} tokens per parameter"
        return [f"At {flops} FLOPs there is {status}{searched}. Use a budget nearer to the runs, or another law."]
    found = []
    if best.lower_elsewhere[0, 0]:
        found.append(
            f"The law falls below this optimum again towards {low:.2g} or {high:.2g} tokens per parameter, far from "
            "the runs: the optimum given is the minimum between."
        )
    return [*found, *share_warnings(best.status[1:, 0] == Status.INTERIOR, f"an interior optimum at {flops} FLOPs")]


def share_warnings(good: Array, what: str) -> list[str]:
    """Some draws have no answer; more than a tenth of them leave no interval."""
    share = 1 - float(np.mean(good))
    if share == 0:
        return []
    then = "no interval is given" if share > 0.1 else "the interval is that of the others"
    return [f"{share:.1%} of the draws do not have {what}; {then}."]


def width_warnings(params: Estimate) -> list[str]:
    """The optimal size is hardly known."""
    low, high = params.interval
    if not (math.isfinite(low) and low > 0) or high / low <= WIDE:
        return []
    return [
        f"The optimal size is weakly identified: its {params.level:.0%} interval spans a factor of {high / low:.3g}. "
        "Add runs on both sides of it at one budget."
    ]
