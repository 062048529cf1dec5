"""Whole loss curves, six of 1000 points each and one of 6000: one fit, and twenty searches on all rows."""

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
from isoflop.laws.law import Law
from isoflop.laws.multipower import multi_power
from isoflop.runs.table import RunTable

LIMIT = 2.0
SEARCHES = 20
STEPS = (24_000, 24_000, 16_000, 72_000, 72_000, 24_000)
"""Length of the first six schedules of the law's source."""
FALLS = (3e-4, 1.5e-4, 6e-5, 3e-5)
"""Rates of 6000 steps each: one schedule that shows all seven parameters, which those of the source do not alone."""
OBJECTIVE = "log-huber:1e-3"
CASES = ("6 loss curves of 1000 points", "1 loss curve of 6000 points")


def curves(case: str) -> tuple[Law, RunTable]:
    """Return the law with 6000 made-up losses, six schedules of its source or one, a tenth of a percent of noise."""
    rng, published = np.random.default_rng(0), laws.get("multi-power")
    if case == CASES[0]:
        law, ends = published, STEPS
    else:
        warm = np.linspace(0, FALLS[0], 2160, endpoint=False)
        law, ends = multi_power([np.append(warm, np.repeat(FALLS, 6000))]), (2160 + 6000 * len(FALLS),)
    curve = np.repeat(np.arange(float(len(ends))), 6000 // len(ends))
    step = np.concatenate([np.linspace(2200, end - 1, 6000 // len(ends)).round() for end in ends])
    loss = law.predict(published.published_set().values, curve=curve, checkpoint_step=step)
    noisy = loss * np.exp(rng.normal(0, 1e-3, 6000))
    return law, RunTable.from_columns({"curve": curve, "checkpoint_step": step, "loss": noisy})


def one_fit(law: Law, runs: RunTable) -> str:
    """Fit the law as users do, and say what the certificate says."""
    return fit_law(law, runs, objective=OBJECTIVE).certificate.verdict


def searches(law: Law, runs: RunTable) -> int:
    """Search from twenty seeds on all rows; how many end at the lowest value."""
    objective = parse_objective(OBJECTIVE)
    problem = bind_checked(law, runs, "loss", objective, fix={}, prior={}, weights=None, noise=None)
    seeds = make_seeds(Evaluator(sample_rows(problem, SEED_ROWS), objective), thorough=True)[:SEARCHES]
    found = minimise(Evaluator(problem, objective), seeds)
    return int((found.value <= found.value.min() * (1 + SAME)).sum())
