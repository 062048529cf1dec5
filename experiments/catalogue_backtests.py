"""Back-tests of the catalogue's laws on the published tables, each beside a simpler law of its family."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from experiments import catalogue_tables as tables
from experiments.catalogue_tables import Loader
from tests.papers import test_schedule

from isoflop import laws
from isoflop.fit.fitting import fit_law
from isoflop.laws.law import Law
from isoflop.laws.mixing import mixing_law
from isoflop.methods.multipower import fit_curves
from isoflop.runs.table import RunTable


@dataclass(frozen=True)
class Case:
    """One table on which laws of a family are fitted, its costlier runs predicted.

    Args:
        table: name of the published table.
        load: what is fitted and what is predicted.
        laws: names, the one that stands beside the others first.
        objective: what is minimised.
        response: word that is explained, where it is not the law's own.
        fix: law → parameters that its advice keeps at a value.
    """

    table: str
    load: Loader
    laws: tuple[str, ...]
    objective: str = "log-huber"
    response: str | None = None
    fix: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


_ONE_AXIS = (
    "power-flops", "power-params", "power-tokens", "power-params-floor", "power-tokens-floor", "power-flops-floor",
)  # fmt: skip

CASES = (
    Case(
        "chinchilla_epoch",
        tables.epoch,
        (*_ONE_AXIS, "bnsl-1-flops", "chinchilla", "kaplan-tokens", "gadre", "skaling"),
    ),
    Case("farseer_dense", tables.farseer, ("chinchilla", "farseer", "skaling", "kaplan-tokens", "gadre")),
    Case("bigcode_isoflop", tables.bigcode, ("power-flops", "chinchilla")),
    Case("gadre_overtraining", tables.overtrained, ("kaplan-tokens", "gadre"), objective="ls"),
    Case("4-digit addition", tables.addition, ("power-tokens-floor", "bnsl-1-tokens"), objective="log-ls"),
    Case(
        "datablations",
        tables.repeated,
        ("chinchilla", "data-constrained", "repeat-overfit"),
        fix={"repeat-overfit": {"L_0": float(np.log(50257))}},
    ),
    Case(
        "steplaw_scalebench",
        tables.optima,
        ("lr-batch-power", "steplaw-lr", "lr-batch-saturating", "optimal-hyperparameter"),
        "log-ls",
        "lr",
    ),
    Case("steplaw_scalebench", tables.optima, ("steplaw-batch",), "log-ls"),
    Case("steplaw_scalebench", tables.bowls, ("steplaw-bowl",), "log-ls"),
    Case("regmix", tables.regmix, ("mixing-two", "mixing-17-domains"), "log-ls"),
    Case("mpl_lr_curves", tables.curves, ("lr-annealing", "multi-power")),
    Case("mpl_lr_curves", tables.curves_of_all_sizes, ("lr-annealing", "lr-annealing-params")),
    Case("mpl_lr_curves", tables.falls, ("lr-annealing", "multi-power-two-stage"), "log-huber:1e-3"),
    Case("olmo_ladder", tables.ladder_losses, ("power-params-floor", "task-loss"), "log-huber:1e-3", "task_loss"),
    Case("olmo_ladder", tables.ladder_accuracies, ("gadre-error", "task-sigmoid"), "ls"),
    Case("obs_base_llms", tables.capability, ("cod", "observational"), "ls"),
    Case("sloth_families", tables.families, ("cod", "sloth"), "ls"),
    Case("sparsity_moe", tables.sparse, ("power-params-floor", "moe-sparsity")),
    Case("routed_lm_curves", tables.routed, ("power-params", "routed-bilinear", "routed"), "log-ls"),
    Case("evalperf_per_task", tables.sampled, ("sampling-saturation", "coverage"), "ls", "coverage"),
)


def law_named(name: str) -> Law:
    """A law of the catalogue as its advice has it, or one that is built for its table."""
    if name == "mixing-17-domains":
        return mixing_law(tables.DOMAINS)
    law = laws.get(name)
    return law.with_formula(law.formula.replace("alpha", "alpha[family]")) if name == "sloth" else law


def backtests(directory: Path) -> list[dict[str, Any]]:
    """Fit and predict every case.

    Args:
        directory: the published tables.

    Returns:
        One row per law and table: runs fitted and predicted, mean of |predicted / observed - 1|, and
        the same for the law that stands beside it.
    """
    rows = []
    for case in CASES:
        pairs = case.load(directory)
        found = {name: _outcome(case, name, pairs) for name in case.laws}
        beside = case.laws[0]
        rows += [
            {
                "law": name,
                "table": case.table,
                "held_out": " ".join((case.load.__doc__ or "").split()),
                "fitted": sum(len(train) for train, _ in pairs),
                "predicted": sum(len(test) for _, test in pairs),
                "objective": case.objective,
                "error": found[name][0],
                "certified": found[name][1],
                "fits": len(pairs),
                "beside": None if name == beside else beside,
                "beside_error": None if name == beside else found[beside][0],
            }
            for name in case.laws
        ]
    return rows


def _outcome(case: Case, name: str, pairs: tables.Pairs) -> tuple[float, int]:
    """Mean relative error over the pairs, and how many fits are certified."""
    found = [_one(case, name, train, test) for train, test in pairs]
    return float(np.mean([error for error, _ in found])), sum(certified for _, certified in found)


def _one(case: Case, name: str, train: RunTable, test: RunTable) -> tuple[float, bool]:
    """Mean relative error of one fit on its held-out runs, and whether the fit is certified."""
    if name == "multi-power":
        fit = fit_curves(train, test_schedule.SCHEDULES)
    else:
        fit = fit_law(
            law_named(name), train, objective=case.objective, response=case.response, fix=dict(case.fix.get(name, {}))
        )
    columns: dict[str, Any] = {word: test.column(word) for word in fit.law.columns}
    columns |= {word: [names[code] for code in codes] for word in fit.levels for names, codes in [test.labels(word)]}
    predicted = fit.evaluate(**columns)
    observed = test.column(fit.response)
    if fit.response == "error" and "accuracy" in test.names:  # so that it can be compared with a law of the accuracy
        predicted, observed = 1 - predicted, 1 - observed
    return float(np.mean(np.abs(predicted / observed - 1))), fit.certificate.ok
