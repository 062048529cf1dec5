"""Parts of a plan under limits as text, for the command line and the report alike."""

import math
from collections.abc import Mapping
from typing import Final

from isoflop.fit.estimate import Estimate
from isoflop.plan.within.around_best import FlatRange, Sensitivity
from isoflop.plan.within.limits import read_limits, show_value
from isoflop.plan.within.result import LimitUse, PlanWithin, show

UNITS: Final = {
    "money": "dollar", "time": "second", "memory": "byte", "compute": "FLOP", "device-hours": "GPU-hour",
    "tokens": "token", "parameters": "parameter", "energy": "watt-hour", "devices": "device",
}  # fmt: skip
"""Kind of a limit → what one more of it is, in the base units of shadow prices."""


def value_rows(found: PlanWithin) -> list[tuple[str, str, str]]:
    """(what, value with interval, distance beyond the runs) of all variables, quantities and the objective."""
    rows = [
        (word, show(word, item), far(found, word)) for word, item in {**found.variables, **found.quantities}.items()
    ]
    if found.objective not in {**found.variables, **found.quantities}:
        rows.append((found.objective, show("", found.best), ""))
    return rows


def far(found: PlanWithin, word: str) -> str:
    """How far beyond the runs a value lies; empty inside."""
    away = found.distance_decades.get(word, 0.0)
    return f"{away:.2f} decades" if away else ""


def limit_row(use: LimitUse) -> tuple[str, str, str, str, str]:
    """(limit, what of it is used, whether it binds, in which share of the draws, what 1 % more changes)."""
    shown = read_limits([use.text])[0].show(float(use.used.value))
    price = f"{use.per_percent.value:+.3%}{_ends(use.per_percent)}" if use.active else ""
    return use.text, shown, "yes" if use.active else "no", f"{use.active_share:.0%}", price


def unit_price(use: LimitUse) -> str:
    """What one more unit of the limit changes, with the unit."""
    unit = UNITS.get(read_limits([use.text])[0].kind, "unit")
    return f"{float(use.shadow_price.value):.4g} per {unit}" if use.active else ""


def _ends(share: Estimate) -> str:
    """Interval of a share, where it has one."""
    low, high = (float(end) for end in share.interval)
    return f" [{low:+.3%}, {high:+.3%}]" if math.isfinite(low) and low != high else ""


def flat_ends(item: FlatRange) -> tuple[str, str]:
    """Least and largest value of a variable that is as good."""
    return show_value(item.word, item.low), show_value(item.word, item.high)


def nearby_text(found: PlanWithin) -> str:
    """The nearest run whose model has a shape, and how much worse it is; empty where there is none."""
    if found.nearby is None:
        return ""
    words = [word for word in found.variables if word in found.nearby.values]
    listed = ", ".join(f"{word} {show_value(word, found.nearby.values[word])}" for word in words)
    same = abs(found.nearby.worse) < 5e-5
    how = f"{found.objective} the same to 0.01%" if same else f"{found.objective} {found.nearby.worse:.2%} worse"
    return f"nearest run with a shape: {listed}; {how}, all limits kept"


def moved(item: Sensitivity) -> str | None:
    """By how much the best objective changes when an input rises; None where no plan keeps all limits then."""
    return f"{item.objective:+.2%}" if math.isfinite(item.objective) else None


def draws_text(shares: Mapping[float, float]) -> str:
    """Listed values and the share of the draws that choose each."""
    return ", ".join(f"{value:g} in {share:.0%}" for value, share in shares.items())
