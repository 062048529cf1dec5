"""Draws: same seed, same bits; every replicate at its own optimum; clusters move together."""

import sys

import numpy as np
import pytest
from tests.fit.synthetic import chinchilla_runs

import isoflop as iso
from isoflop.errors import FitError
from isoflop.fit import fit_law
from isoflop.fit.evaluate import Evaluator
from isoflop.fit.solve import minimise
from isoflop.laws import get
from isoflop.uncertainty import bootstrap, propagate
from isoflop.uncertainty.bootstrap import bind_fit, draw_weights
from isoflop.uncertainty.refits import refit_all
from isoflop.uncertainty.searches import Replicates

RUNS = chinchilla_runs(noise=0.006, sizes=10)


@pytest.fixture(scope="module")
def fit():
    return fit_law(get("chinchilla"), RUNS, objective="log-huber:1e-3")


@pytest.mark.parametrize("resample", ["bayes", "pairs"])
def test_same_seed_same_bits_on_any_number_of_threads(fit, resample):
    made = [
        bootstrap(fit, RUNS, rng=np.random.default_rng(5), draws=2500, resample=resample, workers=w).draws
        for w in (1, 2, 3)
    ]
    assert np.array_equal(made[0], made[1])
    assert np.array_equal(made[0], made[2])
    other = bootstrap(fit, RUNS, rng=np.random.default_rng(6), draws=2500, resample=resample).draws
    assert not np.array_equal(made[0], other)


@pytest.mark.parametrize("resample", ["bayes", "pairs"])
def test_a_replicate_has_the_same_weights_whenever_they_are_asked_for(fit, resample, monkeypatch):
    """A replicate that is searched again must meet the runs that it met before."""
    seen = []

    def look(problem, objective, starts, replicates, **rest):
        seen.append([replicates.draw(0), replicates.draw(0)])
        return np.repeat(starts[:1], 50, axis=0)

    monkeypatch.setattr(sys.modules["isoflop.uncertainty.bootstrap"], "refit_all", look)
    bootstrap(fit, RUNS, rng=np.random.default_rng(5), draws=50, resample=resample)
    first, again = seen[0]
    assert np.array_equal(first, again)
    assert np.ptp(first) > 0.5


@pytest.mark.parametrize("resample", ["bayes", "pairs"])
def test_every_replicate_is_at_its_own_optimum(fit, resample):
    """No replicate is beaten by forty starts around it and around the fit."""
    problem = bind_fit(fit, RUNS)
    evaluator = Evaluator(problem, fit.objective)
    rng = np.random.default_rng(1)
    weights = draw_weights(rng, 25, problem.rows, resample, None)
    optimum = problem.search(fit.theta[None])
    own = refit_all(problem, fit.objective, optimum, Replicates(25, 25, lambda _: weights))
    for k in range(len(weights)):
        starts = np.concatenate([optimum + rng.normal(0, 0.8, (20, 5)), own[[k]] + rng.normal(0, 0.2, (20, 5))])
        ends = minimise(evaluator, starts, np.repeat(weights[[k]], 40, axis=0))
        value = evaluator.value(own[[k]], weights[[k]])[0]
        assert value <= ends.value.min() * (1 + 1e-9)


def test_weights_sum_to_the_runs(rng):
    for resample, clusters in (("pairs", None), ("bayes", None), ("cluster:x", np.repeat([0, 1, 2, 3], 5))):
        weights = draw_weights(rng, 50, 20, resample, clusters)
        assert weights.shape == (50, 20)
        np.testing.assert_allclose(weights.sum(axis=1), 20)


def test_runs_of_one_cluster_move_together(rng):
    clusters = np.repeat([0, 1, 2, 3], 5)
    weights = draw_weights(rng, 50, 20, "cluster:x", clusters)
    assert all(np.ptp(row[clusters == c]) == 0 for row in weights for c in range(4))


def test_clusters_of_correlated_runs_widen_the_interval():
    rng = np.random.default_rng(0)
    base = chinchilla_runs(sizes=12)
    params = base.column("params")
    shared = dict(zip(np.unique(params), rng.normal(0, 0.01, 12), strict=True))
    loss = base.column("loss") * np.exp([shared[p] + rng.normal(0, 0.0005) for p in params])
    runs = iso.as_runs({"params": params, "tokens": base.column("tokens"), "loss": loss})
    widths = {}
    for resample in ("pairs", "cluster:params"):
        low, high = iso.fit("chinchilla", runs, objective="log-ls", resample=resample, bootstrap=400).interval("E")
        widths[resample] = np.log(high / low)
    assert widths["cluster:params"] > 1.2 * widths["pairs"]


def test_other_runs_are_refused(fit):
    with pytest.raises(FitError, match="not the ones"):
        bootstrap(fit, chinchilla_runs(noise=0.006, sizes=10, seed=9), rng=np.random.default_rng(0))


def test_anything_derived_comes_from_the_same_draws(fit):
    drawn = bootstrap(fit, RUNS, rng=np.random.default_rng(0), draws=300)
    a = propagate(drawn, lambda p: p["beta"] / (p["alpha"] + p["beta"]))
    names = drawn.names
    alpha, beta = (drawn.draws[:, names.index(n)] for n in ("alpha", "beta"))
    np.testing.assert_allclose(a.draws, beta / (alpha + beta))
    assert a.interval[0] < a.value < a.interval[1]


def test_a_small_table_still_gives_draws():
    runs = chinchilla_runs(noise=0.003, sizes=4, ratios=(5.0, 20.0, 80.0))
    made = iso.fit("chinchilla", runs, bootstrap=200)
    assert np.isfinite(made.draws).all(axis=1).mean() > 0.95


def test_fixed_parameters_have_no_spread():
    made = iso.fit("chinchilla", RUNS, fix={"E": 1.69}, bootstrap=50)
    assert np.ptp(made.draws[:, made.names.index("E")]) == 0
    assert made.estimate("E").leaves_out == ("everything: the value was fixed",)


def test_a_prior_is_drawn_again_in_every_replicate():
    """One size cannot tell alpha: its interval is the prior's, and the certificate says where it comes from."""
    runs = chinchilla_runs(noise=0.004, sizes=2, ratios=(5.0, 10.0, 20.0, 40.0, 80.0, 160.0))
    made = iso.fit("chinchilla", runs, prior={"alpha": (0.34, 0.05)}, bootstrap=400)
    low, high = made.interval("alpha")
    assert high - low > 0.1
    assert "alpha: known from the prior" in " ".join(made.certificate.reasons)
    assert made.certificate.verdict == "weakly identified"


def test_few_clusters_are_refused():
    runs = iso.as_runs(
        {name: RUNS.column(name) for name in ("params", "tokens", "loss")} | {"group": np.arange(len(RUNS)) % 3}
    )
    with pytest.raises(FitError, match="3 different values"):
        iso.fit("chinchilla", runs, resample="cluster:group", bootstrap=20)


def test_pairs_of_few_runs_never_lose_the_law():
    runs = chinchilla_runs(noise=0.003, sizes=4, ratios=(5.0, 80.0))
    made = iso.fit("chinchilla", runs, resample="pairs", bootstrap=60)
    assert np.isfinite(made.draws).all(axis=1).mean() > 0.9


def test_a_fit_that_is_not_certified_says_so_in_every_forecast():
    params = np.geomspace(10**7.5, 1e10, 12)
    loss = get("chinchilla").predict({"E": 1.69, "A": 406.4, "B": 410.7, "alpha": 0.34, "beta": 0.28},
                                     params=params, tokens=20 * params)  # fmt: skip
    loss = loss * np.exp(np.random.default_rng(0).normal(0, 0.003, 12))
    made = iso.fit("chinchilla", {"params": params, "tokens": 20 * params, "loss": loss}, bootstrap=20)
    assert made.certificate.verdict in made.predict(params=1e11, tokens=1e12).leaves_out[0]
