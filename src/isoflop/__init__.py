"""isoflop: the scaling-law workbench.

From a table of small training runs to a forecast that can be trusted, and a plan.
Only public names are listed here; heavy modules load when a name is first used.
"""

import importlib
import sys
from types import ModuleType

_HOMES = {
    "api.fitting": ("certify", "fit", "predict"),
    "api.inputs": ("as_runs",),
    "api.judging": ("backtest", "compare", "multiverse"),
    "api.designing": ("next_runs", "score_design"),
    "api.comparing": ("recipes",),
    "api.spending": ("budget",),
    "api.timing": ("compute_classes", "time_scores"),
    "api.deciding": ("cost", "isoflop_profiles", "plan", "plan_within", "report"),
    "validate.backtest": ("with_backtest",),
    "plan.optimum.overtraining": ("overtraining",),
    "plan.evolution": ("evolve",),
    "plan.emit.files": ("write_run_file",),
    "plan.emit.plans": ("runs_of",),
    "uncertainty": ("bootstrap", "delta", "profile", "propagate"),
    "runs.read": ("read_runs",),
    "runs.table": ("RunTable",),
    "testtime.reading.read": ("read_counts", "read_counts_by", "read_samples"),
    "testtime.samples": ("Counts", "Samples"),
    "testtime.forecasts.summary": ("summarise",),
    "runs.check": ("check",),
    "runs.published": ("embedded", "load_published"),
    "laws.law": ("Law", "Parameter", "Published", "Source"),
    "fit.result": ("Fit", "Forecast"),
    "fit.estimate": ("Estimate",),
    "fit.certificate": ("Certificate",),
    "errors": ("InfeasibleError", "InputError", "IsoflopError", "NotCertifiedError"),
}
_WHERE = {name: module for module, names in _HOMES.items() for name in names}
_MODULES = ("figures", "laws", "runs", "testtime", "units")

__all__ = sorted([*_WHERE, *_MODULES])


def __getattr__(name: str) -> object:
    """Load a public name when it is first used."""
    if name in _MODULES:
        return importlib.import_module(f"isoflop.{name}")
    if name == "__version__":
        # metadata takes longer to import than the rest of this file.
        return importlib.import_module("importlib.metadata").version("isoflop")
    if name in _WHERE:
        value = getattr(importlib.import_module(f"isoflop.{_WHERE[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'isoflop' has no attribute {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    """Public names."""
    return list(__all__)


class _Package(ModuleType):
    """Keeps the verbs: `isoflop.fit` is the function, though a folder of that name exists."""

    def __setattr__(self, name: str, value: object) -> None:
        """Let the import system bind folders, except over a verb."""
        if not (isinstance(value, ModuleType) and name in _WHERE):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
