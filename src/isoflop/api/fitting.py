"""The verbs fit, certify and predict."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from isoflop.api.inputs import LawLike, Runs, as_runs, check_seed, response_of
from isoflop.engine import Progress
from isoflop.fit.certificate import Certificate
from isoflop.fit.certify import certify_parameters
from isoflop.fit.estimate import check_level
from isoflop.fit.fitting import fit_law
from isoflop.fit.objective import Objective
from isoflop.fit.prepare import prepare
from isoflop.fit.result import DEPENDENT, Fit
from isoflop.fit.summary import Forecast
from isoflop.laws.catalogue import as_law
from isoflop.runs.design import checkpoints
from isoflop.runs.table import RunTable
from isoflop.uncertainty.bootstrap import FEWEST_CLUSTERS
from isoflop.uncertainty.bootstrap import bootstrap as bootstrap_fit


def fit(  # noqa: PLR0913 -- one keyword per decision, each with the expert's default
    law: LawLike,
    runs: Runs,
    *,
    objective: str | Objective = "log-huber",
    response: str | None = None,
    fix: Mapping[str, float] | None = None,
    prior: Mapping[str, tuple[float, float]] | None = None,
    weights: str | None = None,
    noise: str | None = None,
    bootstrap: int = 1000,
    resample: str = "bayes",
    level: float = 0.9,
    seed: int = 0,
    where: str | None = None,
    mapping: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Fit:
    """Fit a law to a run table, certify the optimum, and say how sure it is.

    Args:
        law: a name of the catalogue, a formula, a TOML file, or a `Law`.
        runs: a table, a path, a frame, or a mapping of columns.
        objective: what is minimised: `log-huber` (delta 1.345 times the residuals' scale),
            `log-huber:1e-3` (Hoffmann's), `log-ls`, `ls`, `asymmetric:R`, `student-t:DF`, or
            `auto`, which chooses by an inner rolling back-test.
        response: column to explain; the law's own (loss) when None.
        fix: parameter → value that it keeps.
        prior: parameter → (mean, standard deviation).
        weights: column of weights per run.
        noise: column of noise per run, or `"seeds"`.
        bootstrap: draws; 0 for none.
        resample: `bayes` (Bayesian weights), `pairs`, or `cluster:COLUMN`; several checkpoints of a run ask for
            `cluster:run`.
        level: confidence level of the intervals.
        seed: seed of everything random.
        where: SQL filter, when `runs` is a file.
        mapping: word → column of the source.
        progress: called with (batches done, batches).

    Returns:
        The fit. Look at `fit.certificate` before using it.

    >>> import isoflop as iso
    >>> runs = {"N": [1e8, 2e8, 4e8, 1e8, 2e8, 4e8], "D": [2e9, 2e9, 2e9, 8e9, 8e9, 8e9]}
    >>> truth = {"E": 1.69, "A": 406.4, "B": 410.7, "alpha": 0.34, "beta": 0.28}
    >>> runs["loss"] = iso.laws.get("chinchilla").predict(truth, params=runs["N"], tokens=runs["D"])
    >>> round(iso.fit("chinchilla", runs, fix={"E": 1.69}, bootstrap=0).parameters["alpha"], 6)
    0.34
    """
    check_level(level)
    check_seed(seed)
    table = as_runs(runs, where=where, mapping=mapping, response=response or response_of(law))
    chosen = as_law(law, columns=table.names)
    settings: dict[str, Any] = {"seed": seed}
    if objective == "auto":
        from isoflop.validate.choose import choose_objective

        choice = choose_objective(
            chosen, table, rng=np.random.default_rng([seed, 1]),
            response=response, fix=fix, prior=prior, weights=weights, noise=noise,
        )  # fmt: skip
        objective, settings["auto"] = choice.objective, choice.to_dict()
    result = fit_law(
        chosen, table, objective=objective, response=response, fix=fix, prior=prior, weights=weights, noise=noise
    )
    result = replace(result, level=level, settings={**result.settings, **settings})
    if bootstrap == 0:
        return result
    rng = np.random.default_rng(seed)
    drawn = bootstrap_fit(result, table, rng=rng, draws=bootstrap, resample=resample, progress=progress)
    return _with_doubts(drawn, table)


def _with_doubts(drawn: Fit, table: RunTable) -> Fit:
    """The fit with a note where its draws took rows of one run as independent."""
    if not drawn.settings.get(DEPENDENT):
        return drawn
    runs = prepare(drawn.law, table, drawn.response)
    said = []
    for finding in checkpoints(runs):
        count = len(np.unique(runs.labels("run")[1]))
        few = f"{count} runs are too few to resample by run ({FEWEST_CLUSTERS} are needed): read them as too narrow."
        step = finding.step if count >= FEWEST_CLUSTERS else few
        said.append(f"{finding.message}; the draws took them to be, which makes intervals too narrow. {step}")
    return replace(drawn, data=replace(drawn.data, notes=(*drawn.data.notes, *said)))


def certify(
    law: LawLike,
    runs: Runs,
    parameters: Mapping[str, float],
    *,
    objective: str | Objective = "log-huber:1e-3",
    response: str | None = None,
) -> Certificate:
    """Say whether parameters from elsewhere are the optimum of an objective on these runs.

    Args:
        law: the law.
        runs: the runs.
        parameters: name → value, for every parameter.
        objective: what they claim to minimise.
        response: column that was explained.

    Returns:
        The certificate: a start returned as a fit, or a search that stopped early, is `not converged`.

    >>> runs = {"C": [1e18, 1e19, 1e20, 1e21], "loss": [3.1, 2.7, 2.4, 2.2]}
    >>> certify("E + K/C^a", runs, {"E": 1.0, "K": 1.0, "a": 0.1}).verdict
    'not converged'
    """
    table = as_runs(runs, response=response or response_of(law))
    return certify_parameters(
        as_law(law, columns=table.names), table, parameters, objective=objective, response=response
    )


def predict(fitted: Fit, *, level: float | None = None, new_run: bool = True, **columns: ArrayLike) -> Forecast:
    """Predict the response at given columns; the same as `fitted.predict`.

    Args:
        fitted: a fit with draws.
        level: confidence level; the fit's own when None.
        new_run: whether the interval includes the noise of a single new run.
        columns: word or alias → value or values.

    Returns:
        Value, interval, distance from the data in decades, and what the interval leaves out.

    >>> runs = {"C": [1e18, 1e19, 1e20, 1e21], "loss": [3.1, 2.7, 2.4, 2.2]}
    >>> round(predict(fit("K/C^a", runs, bootstrap=20), flops=1e22).value, 1)
    1.9
    """
    return fitted.predict(level=level, new_run=new_run, **columns)
