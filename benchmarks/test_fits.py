"""CPU time of one fit and of 4000 refits: `python -m pytest benchmarks`. What is timed is checked, the time is not."""

import time

import numpy as np
import pytest
from benchmarks.cases import FITTED, OBJECTIVES, case
from benchmarks.refits import lower_elsewhere, refitted, worst_left

from isoflop.fit.fitting import fit_law
from isoflop.uncertainty.bootstrap import bootstrap

pytestmark = pytest.mark.benchmark(timer=time.process_time, warmup=True)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("name", FITTED)
def test_one_fit(benchmark, name, objective):
    law, table = case(name)
    fit = benchmark(fit_law, law, table, objective=objective)
    assert fit.certificate.verdict == "certified"


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("name", FITTED)
def test_4000_refits(benchmark, name, objective):
    law, table = case(name)
    fit = fit_law(law, table, objective=objective)

    def refits():
        return bootstrap(fit, table, rng=np.random.default_rng(0), draws=4000, resample="pairs", workers=1)

    drawn = benchmark.pedantic(refits, rounds=2)
    assert not np.isnan(drawn.draws).any()


@pytest.mark.parametrize("name", FITTED)
def test_every_refit_ends_at_its_own_optimum(name):
    law, table = case(name)
    fit = fit_law(law, table, objective="log-huber:1e-3")
    made = refitted(fit, table, rng=np.random.default_rng(1))
    assert worst_left(made) < 1e-9
    assert lower_elsewhere(made, sample=10, rng=np.random.default_rng(1))[0] == 0
