"""The verbs that users call: each one composes the layers below and does nothing else."""

from isoflop.api.deciding import isoflop_profiles, plan, report
from isoflop.api.fitting import certify, fit, predict
from isoflop.api.inputs import as_runs
from isoflop.api.judging import backtest, compare, multiverse

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
    "report",
]
