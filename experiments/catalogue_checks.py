"""The numbers that the record of each published table says its fit must give, beside those obtained here."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from experiments import catalogue_tables as tables
from scipy.stats import spearmanr
from tests.papers import test_data, test_regmix_2024, test_routing, test_schedule
from tests.papers.tables import FIVE_RUNS, bigcode_runs, epoch_points, farseer_runs, gadre_runs, ladder_target

from isoflop import laws
from isoflop.fit.fitting import fit_law
from isoflop.fit.result import Fit
from isoflop.laws.multipower import multi_power
from isoflop.methods.regmix import fit_mixtures
from isoflop.methods.steplaw import step_law_optima
from isoflop.runs.read import read_runs

HUBER: Final = "log-huber:1e-3"

# Why a number differs, by table and the beginning of what is compared.
REASONS: Final[Mapping[tuple[str, str], str]] = {
    ("farseer_dense", "farseer"): (
        "The record does not say what its fit minimised. Least squares of the log loss over these nine constants ends "
        "at .0017633 from 60 random starts of another solver too, so no constants of this form reach .0016679 on the "
        "404 rows; the errors on the held-out runs differ as the fits do."
    ),
    ("regmix", "LightGBM"): (
        "Other settings of the trees. Those here are the authors', who stop on their test runs, and give the .9892, "
        ".9849 and .9651 of their notebook."
    ),
    ("steplaw_scalebench", "chinchilla: E"): (
        "The floor runs to zero on these losses; how near it comes says only when a search stopped. The certificate "
        "calls the fit weakly identified."
    ),
}


@dataclass(frozen=True)
class Check:
    """One number of a table's record and what is obtained here.

    Args:
        table: the published table.
        what: what is compared.
        record: the record's number.
        obtained: this program's.
    """

    table: str
    what: str
    record: float
    obtained: float

    @property
    def relative(self) -> float:
        """Relative difference."""
        return abs(self.obtained / self.record - 1) if self.record else abs(self.obtained)

    @property
    def agrees(self) -> bool:
        """Whether the two are the same within 1e-5, or at the digits of a record that is rounded."""
        text = repr(self.record)
        rounded = "e" not in text and len(text.lstrip("0.").replace(".", "")) <= 5
        half = 0.5 * 10.0 ** -len(text.partition(".")[2]) if rounded else 0.0
        return bool(self.relative <= 1e-5 or abs(self.obtained - self.record) <= half * 1.01)

    @property
    def reason(self) -> str:
        """Why the two differ, where they do."""
        found = [text for (table, what), text in REASONS.items() if table == self.table and self.what.startswith(what)]
        return found[0] if found and not self.agrees else ""


def record(directory: Path, table: str, key: str = "check") -> dict[str, Any]:
    """A part of a table's record."""
    found: dict[str, Any] = json.loads((directory / f"{table}.json").read_text("utf-8"))[key]
    return found


def checks(directory: Path) -> list[Check]:
    """Compute every number that the records of the tables state.

    Args:
        directory: the published tables.

    Returns:
        The numbers, table by table.
    """
    parts = (digitised, farseer, overtrained, code, repeated, step_law, regmix, curves, ladder, routed)
    return [check for part in parts for check in part(directory)]


def farseer(directory: Path) -> Iterator[Check]:
    """Chinchilla and Farseer on 404 runs, and their errors on the seven held out."""
    expected = record(directory, "farseer_dense")
    train, test = farseer_runs(directory, "train"), farseer_runs(directory, "test")
    largest = int(np.argmax(test.column("params")))
    for name, objective in (("chinchilla", HUBER), ("farseer", "log-ls")):
        fit = fit_law(laws.get(name), train, objective=objective)
        errors = np.abs(
            fit.evaluate(params=test.column("params"), tokens=test.column("tokens")) / test.column("loss") - 1
        )
        if name == "chinchilla":
            yield from _parameters("farseer_dense", name, fit, expected[name])
            yield Check("farseer_dense", f"{name}: objective", expected[name]["huber_sum"], fit.value)
        said = expected["chinchilla" if name == "chinchilla" else "farseer9"]["rmse_log"]
        yield Check("farseer_dense", f"{name}: root mean square of log residuals", said, _spread(fit))
        yield Check(
            "farseer_dense", f"{name}: mean error, held out", expected[f"{name}_test_rel_err_mean"], errors.mean()
        )
        yield Check("farseer_dense", f"{name}: error at 25.1B", expected[f"{name}_rel_err_25B"], errors[largest])


def digitised(directory: Path) -> Iterator[Check]:
    """Chinchilla on the 240 points of Besiroglu et al."""
    expected = record(directory, "chinchilla_epoch")
    fit = fit_law(laws.get("chinchilla"), epoch_points(directory), objective=HUBER)
    yield from _parameters("chinchilla_epoch", "chinchilla", fit, expected)
    yield Check("chinchilla_epoch", "chinchilla: objective", expected["huber_sum"], fit.value)


def code(directory: Path) -> Iterator[Check]:
    """Chinchilla on losses of code."""
    expected = record(directory, "bigcode_isoflop")
    fit = fit_law(laws.get("chinchilla"), bigcode_runs(directory), objective=HUBER)
    yield from _parameters("bigcode_isoflop", "chinchilla", fit, expected)
    yield Check("bigcode_isoflop", "chinchilla: objective", expected["huber_sum"], fit.value)


def overtrained(directory: Path) -> Iterator[Check]:
    """Gadre's law on the authors' five runs of each training set."""
    for corpus, said in record(directory, "gadre_overtraining").items():
        fit = fit_law(laws.get("gadre"), gadre_runs(directory, corpus, FIVE_RUNS), objective="ls").parameters
        for name, key in (("E", "E"), ("a", "a_paper_form"), ("b", "b_paper_form"), ("eta", "alpha_C")):
            yield Check("gadre_overtraining", f"gadre, {corpus}: {name}", said[key], fit[name])


def repeated(directory: Path) -> Iterator[Check]:
    """The two constants of repeated data on the authors' 182 runs."""
    expected = record(directory, "datablations")
    runs = read_runs(directory / "datablations.csv", where="in_authors_fit = 1")
    fit = fit_law(test_data.REPEATED, runs, fix=test_data.BASE, objective=HUBER)
    loss = runs.column("loss")
    columns = {word: runs.column(word) for word in test_data.REPEATED.columns}
    there = test_data.REPEATED.predict(test_data.PUBLISHED, **columns)
    at_published = float(fit.objective.rho(np.log(loss) - np.log(there)).sum())
    yield Check("datablations", "runs", expected["n"], fit.rows)
    yield Check("datablations", "R_D*", expected["R_D_star"], fit.parameters["R_D"])
    yield Check("datablations", "R_N*", expected["R_N_star"], fit.parameters["R_N"])
    yield Check("datablations", "objective", expected["huber_sum"], fit.value)
    yield Check("datablations", "objective at the published constants", expected["obj_at_published"], at_published)
    for what, key, found in (
        ("R2", "R2", fit.evaluate(**columns)),
        ("R2 at the published constants", "R2_at_published", there),
    ):
        share = 1 - np.sum((loss - found) ** 2) / np.sum((loss - loss.mean()) ** 2)
        yield Check("datablations", what, expected[key], float(share))


def step_law(directory: Path) -> Iterator[Check]:
    """The exponents of learning rate and batch, and the loss law on the best of each cell."""
    expected = record(directory, "steplaw_scalebench")
    sweep = read_runs(directory / "steplaw_scalebench.csv")
    optima = step_law_optima(sweep, within=0.0015, fewest=40, sequence_length=2048)
    rate = fit_law(laws.get("steplaw-lr"), optima, objective="log-ls").parameters
    batch = fit_law(laws.get("steplaw-batch"), optima, objective="log-ls").parameters
    yield Check("steplaw_scalebench", "cells", expected["cells"], len(optima))
    for key, value in (("lr_c", rate["c"]), ("lr_N", rate["a"]), ("lr_D", rate["b"])):
        yield Check("steplaw_scalebench", f"steplaw-lr: {key}", expected[key], value)
    for key, value in (("bs_c", batch["c"]), ("bs_D", batch["b"])):
        yield Check("steplaw_scalebench", f"steplaw-batch: {key}", expected[key], value)
    said = expected["chinchilla_fit_of_best_loss_per_cell"]
    fit = fit_law(laws.get("chinchilla"), optima, objective=HUBER)
    yield Check("steplaw_scalebench", "chinchilla: objective", said["huber_sum"], fit.value)
    yield from _parameters("steplaw_scalebench", "chinchilla", fit, said)


def regmix(directory: Path) -> Iterator[Check]:
    """Rank agreement with the losses of unseen mixtures on Pile-CC."""
    expected = record(directory, "regmix")
    train, stop = (test_regmix_2024.runs_of(directory, "1m", split) for split in ("train", "test"))
    rng = np.random.default_rng(0)
    settings = {"LightGBM": {"stop_on": stop}, "linear": {"kind": "linear"}}
    for kind, chosen in settings.items():
        model = fit_mixtures(train, tables.DOMAINS, "loss_pile_cc", rng=rng, **chosen)  # type: ignore[arg-type]
        for size in ("1m", "60m", "1B"):
            runs = test_regmix_2024.runs_of(directory, size, "test")
            said = expected[size]
            value = said["linear_spearman_pile_cc"] if kind == "linear" else said["lightgbm_spearman"]["pile_cc"]
            shares = np.stack([runs.column(name) for name in tables.DOMAINS], axis=1)
            found = float(spearmanr(model.predict(shares), runs.column("loss_pile_cc"))[0])
            yield Check("regmix", f"{kind}: rank agreement at {size}", value, found)


def curves(directory: Path) -> Iterator[Check]:
    """The published multi-power constants on the held-out schedules."""
    for size, said in record(directory, "mpl_lr_curves").items():
        if size == "method":
            continue
        law = multi_power([s.lr for s in test_schedule.SCHEDULES])
        published = law.published_set(f"luo-2025-{size}m").values
        found = test_schedule.on_held_out(law, published, test_schedule.curves(directory, size))
        for key, value in zip(("R2", "MAE", "RMSE", "PredE", "WorstE"), found, strict=True):
            yield Check("mpl_lr_curves", f"multi-power, {size}M: {key}", said[key], float(value))


def ladder(directory: Path) -> Iterator[Check]:
    """The first step of the ladder: task loss of the 7B and the 13B model from the 16 runs."""
    expected = record(directory, "olmo_ladder")
    for task, (train, _) in zip(tables.TASKS, tables.ladder_losses(directory), strict=True):
        if task not in expected:
            continue
        fit = fit_law(laws.get("task-loss"), train, objective=HUBER)
        for target, key in (("7B-4T", "pred_7B_4T"), ("13B-5T", "pred_13B_5T")):
            there = ladder_target(directory, task, target)
            value = float(fit.evaluate(params=there["params"], tokens=there["tokens"])[0])
            yield Check("olmo_ladder", f"{task}: task loss of {target}", expected[task][key], value)
        yield Check("olmo_ladder", f"{task}: objective", expected[task]["fit"]["huber_sum"], fit.value)


def routed(directory: Path) -> Iterator[Check]:
    """Both laws of routed models, router by router."""
    for router, said in record(directory, "routed_lm_curves").items():
        runs = test_routing.routed_runs(directory, router)
        for name, form in (("routed-bilinear", "bilinear"), ("routed", "saturating")):
            fit = fit_law(laws.get(name), runs, objective="log-ls")
            yield from _parameters("routed_lm_curves", f"{name}, {router}", fit, said[form])
            what = f"{name}, {router}: root mean square of log10 residuals"
            yield Check("routed_lm_curves", what, said[form]["rmse_log10"], _spread(fit) / np.log(10))


def _parameters(table: str, label: str, fit: Fit, said: Mapping[str, float]) -> Iterator[Check]:
    """The constants of a fit."""
    for name, value in fit.parameters.items():
        yield Check(table, f"{label}: {name}", said[name], value)


def _spread(fit: Fit) -> float:
    """Root mean square of the log residuals."""
    return float(np.sqrt(np.mean(fit.residuals**2)))
