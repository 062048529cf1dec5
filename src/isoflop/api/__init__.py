"""The verbs that users call: each one composes the layers below and does nothing else."""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from isoflop.api.comparing import recipes
    from isoflop.api.deciding import isoflop_profiles, plan, report
    from isoflop.api.fitting import certify, fit, predict
    from isoflop.api.inputs import as_runs
    from isoflop.api.judging import backtest, compare, multiverse

_HOMES = {
    "as_runs": "inputs",
    "backtest": "judging",
    "certify": "fitting",
    "compare": "judging",
    "fit": "fitting",
    "isoflop_profiles": "deciding",
    "multiverse": "judging",
    "plan": "deciding",
    "predict": "fitting",
    "recipes": "comparing",
    "report": "deciding",
}

__all__ = [
    "as_runs",
    "backtest",
    "certify",
    "compare",
    "fit",
    "isoflop_profiles",
    "multiverse",
    "plan",
    "predict",
    "recipes",
    "report",
]


def __getattr__(name: str) -> object:
    """Load a verb, and what it stands on, when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module 'isoflop.api' has no attribute {name!r}; it has {', '.join(_HOMES)}")
    return getattr(importlib.import_module(f"isoflop.api.{_HOMES[name]}"), name)
