import numpy as np
import pytest

from isoflop import laws
from isoflop.fit import Fit, fit_law
from isoflop.runs import RunTable
from isoflop.uncertainty.bootstrap import bootstrap
from isoflop.validate import Backtest, backtest

EPOCH = laws.get("chinchilla").published_set("epoch-2024").values


def make_runs(noise: float = 0.005) -> RunTable:
    """Return 40 runs, 8 sizes at each of 5 budgets, with Gaussian noise on ln L."""
    flops, shift = (g.ravel() for g in np.meshgrid([1e18, 3e18, 1e19, 3e19, 1e20], np.linspace(-1, 1, 8)))
    params = 0.09 * flops**0.5 * 5**shift
    tokens = flops / (6 * params)
    loss = laws.get("chinchilla").predict(EPOCH, params=params, tokens=tokens)
    scatter = np.random.default_rng(5).standard_normal(len(loss))
    return RunTable.from_columns({"params": params, "tokens": tokens, "loss": loss * np.exp(noise * scatter)})


@pytest.fixture(scope="session")
def runs() -> RunTable:
    return make_runs()


@pytest.fixture(scope="session")
def fitted(runs) -> Fit:
    fit = fit_law(laws.get("chinchilla"), runs)
    return bootstrap(fit, runs, draws=60, rng=np.random.default_rng(1))


@pytest.fixture(scope="session")
def tested(runs) -> Backtest:
    return backtest(laws.get("chinchilla"), runs, rng=np.random.default_rng(2), hold_out=2, bootstrap=30)
