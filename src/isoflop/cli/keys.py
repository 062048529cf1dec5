"""The keys of every `--json` output, with their meaning; docs/json.md and a test stand on this table."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from isoflop.cli import keys_budget, keys_cost, keys_curves, keys_next, keys_recipes, keys_samples, keys_within
from isoflop.cli import keys_decisions as decisions
from isoflop.cli import keys_runs as runs


@dataclass(frozen=True)
class Key:
    """One key of a JSON output.

    Attributes:
        path: names joined by dots; capitals stand for any name, `[]` for each item of a list.
        meaning: what stands there, with its unit.
    """

    path: str
    meaning: str


def _keys(*rows: tuple[str, str]) -> tuple[Key, ...]:
    """Keys from (path, meaning)."""
    return tuple(Key(path, meaning) for path, meaning in rows)


KEYS: Final[Mapping[str, tuple[Key, ...]]] = MappingProxyType(
    {
        "laws": _keys(*runs.LAWS),
        "show": _keys(*runs.SHOW),
        "check": _keys(*runs.CHECK),
        "fit": _keys(*runs.FIT),
        "predict": _keys(*runs.PREDICT),
        "backtest": _keys(*decisions.BACKTEST),
        "compare": _keys(*decisions.COMPARE),
        "multiverse": _keys(*decisions.MULTIVERSE),
        "plan": _keys(*decisions.PLAN),
        "plan-within": _keys(*keys_within.WITHIN),
        "cost": _keys(*keys_cost.COST),
        "next": _keys(*keys_next.NEXT),
        "recipes": _keys(*keys_recipes.RECIPES),
        "curves": _keys(*keys_curves.CURVES),
        "samples": _keys(*keys_samples.SAMPLES),
        "budget": _keys(*keys_budget.BUDGET),
        "report": _keys(*decisions.REPORT),
        "demo": _keys(*decisions.DEMO),
        "data list": _keys(*runs.DATA_LIST),
        "data fetch": _keys(*runs.DATA_FETCH),
        "ladder run": _keys(*runs.LADDER),
    }
)
"""Command → keys of what `--json` prints."""
