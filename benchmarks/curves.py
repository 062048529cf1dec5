"""Six whole loss curves of 1000 points each: one fit, and twenty searches on all rows."""

import numpy as np

from isoflop import laws
from isoflop.fit.certificate import SAME
from isoflop.fit.evaluate import Evaluator
from isoflop.fit.fitting import fit_law
from isoflop.fit.objective import parse_objective
from isoflop.fit.prepare import bind_checked
from isoflop.fit.search import SEED_ROWS, sample_rows
from isoflop.fit.seeds import make_seeds
from isoflop.fit.solve import minimise
from isoflop.runs.table import RunTable

LIMIT = 2.0
SEARCHES = 20
STEPS = (24_000, 24_000, 16_000, 72_000, 72_000, 24_000)
"""Length of the first six schedules of the law's source."""
OBJECTIVE = "log-huber:1e-3"
LAW = laws.get("multi-power")


def curves() -> RunTable:
    """Return made-up losses along the first six schedules of the source, with a tenth of a percent of noise."""
    rng = np.random.default_rng(0)
    curve = np.repeat(np.arange(6.0), 1000)
    step = np.concatenate([np.linspace(2200, end - 1, 1000).round() for end in STEPS])
    loss = LAW.predict(LAW.published_set().values, curve=curve, checkpoint_step=step)
    return RunTable.from_columns(
        {"curve": curve, "checkpoint_step": step, "loss": loss * np.exp(rng.normal(0, 1e-3, 6000))}
    )


def one_fit(runs: RunTable) -> str:
    """Fit the law as users do, and say what the certificate says."""
    return fit_law(LAW, runs, objective=OBJECTIVE).certificate.verdict


def searches(runs: RunTable) -> int:
    """Search from twenty seeds on all rows; how many end at the lowest value."""
    objective = parse_objective(OBJECTIVE)
    problem = bind_checked(LAW, runs, "loss", objective, fix={}, prior={}, weights=None, noise=None)
    seeds = make_seeds(Evaluator(sample_rows(problem, SEED_ROWS), objective), thorough=True)[:SEARCHES]
    found = minimise(Evaluator(problem, objective), seeds)
    return int((found.value <= found.value.min() * (1 + SAME)).sum())
