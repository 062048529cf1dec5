"""The verbs that users call: each one composes the layers below and does nothing else."""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from isoflop.api.comparing import recipes
    from isoflop.api.deciding import cost, isoflop_profiles, plan, plan_within, report
    from isoflop.api.designing import next_runs, score_design
    from isoflop.api.fitting import certify, fit, predict
    from isoflop.api.inputs import as_runs
    from isoflop.api.judging import backtest, compare, multiverse
    from isoflop.api.spending import budget
    from isoflop.api.timing import compute_classes, time_scores

_HOMES = {
    "as_runs": "inputs",
    "backtest": "judging",
    "budget": "spending",
    "certify": "fitting",
    "compare": "judging",
    "compute_classes": "timing",
    "cost": "deciding",
    "fit": "fitting",
    "isoflop_profiles": "deciding",
    "multiverse": "judging",
    "next_runs": "designing",
    "plan": "deciding",
    "plan_within": "deciding",
    "predict": "fitting",
    "recipes": "comparing",
    "report": "deciding",
    "score_design": "designing",
    "time_scores": "timing",
}

__all__ = [
    "as_runs",
    "backtest",
    "budget",
    "certify",
    "compare",
    "compute_classes",
    "cost",
    "fit",
    "isoflop_profiles",
    "multiverse",
    "next_runs",
    "plan",
    "plan_within",
    "predict",
    "recipes",
    "report",
    "score_design",
    "time_scores",
]


def __getattr__(name: str) -> object:
    """Load a verb, and what it stands on, when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module 'isoflop.api' has no attribute {name!r}; it has {', '.join(_HOMES)}")
    return getattr(importlib.import_module(f"isoflop.api.{_HOMES[name]}"), name)
