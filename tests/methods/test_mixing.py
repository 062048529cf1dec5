"""Best mixtures by fitted mixing laws, and the critical share."""

import numpy as np
import pytest

from isoflop import laws
from isoflop.errors import FitError, LawError
from isoflop.fit.fitting import fit_law
from isoflop.fit.result import Fit
from isoflop.laws.mixing import mixing_law
from isoflop.methods.mixing import best_shares, critical_share
from isoflop.runs.table import RunTable
from isoflop.uncertainty.bootstrap import bootstrap

DOMAINS = ("web", "code", "books")
TRUTH = {
    "web": {"c": 2.0, "t_web": -1.5, "t_code": 0.4, "t_books": -0.3},
    "code": {"c": 1.0, "t_web": 0.3, "t_code": -2.0, "t_books": 0.5},
}


def made_up(name: str, rng: np.random.Generator, noise: float) -> RunTable:
    shares = rng.dirichlet(np.ones(3), 60)
    shares[:20, 2] = 0.0  # some runs have no books at all
    shares /= shares.sum(axis=1, keepdims=True)
    columns = dict(zip(DOMAINS, shares.T, strict=True))
    loss = mixing_law(DOMAINS).predict(TRUTH[name], **columns) * np.exp(rng.normal(0.0, noise, 60))
    return RunTable.from_columns({**columns, "loss": loss})


def fitted(name: str, rng: np.random.Generator, noise: float = 1e-4) -> Fit:
    return fit_law(mixing_law(DOMAINS), made_up(name, rng, noise), objective="log-ls")


def test_shares_of_zero_are_no_hindrance(rng: np.random.Generator) -> None:
    fit = fitted("web", rng)
    assert fit.certificate.ok
    assert dict(fit.parameters) == pytest.approx(TRUTH["web"], abs=0.02)


def test_no_mixture_is_better(rng: np.random.Generator) -> None:
    fits = {name: fitted(name, rng) for name in TRUTH}
    weights = {"web": 0.6, "code": 0.4}
    found = best_shares(fits, weights, DOMAINS)
    assert sum(found.shares.values()) == pytest.approx(1.0)
    assert 0.1 < found.shares["web"] < 0.9
    assert found.shares["code"] > 0.1
    assert found.loss == pytest.approx(sum(weights[name] * found.losses[name] for name in weights))
    others = rng.dirichlet(np.ones(3), 3000)
    columns = dict(zip(DOMAINS, others.T, strict=True))
    assert found.loss <= sum(weights[name] * fits[name].evaluate(**columns) for name in weights).min() + 1e-9


def test_shares_have_intervals_where_the_fits_have_draws(rng: np.random.Generator) -> None:
    weights = {"web": 0.6, "code": 0.4}
    exact = {name: fitted(name, rng, noise=1e-9) for name in TRUTH}
    truth = best_shares(exact, weights, DOMAINS)
    assert truth.intervals == {}
    runs = {name: made_up(name, rng, noise=0.003) for name in TRUTH}
    plain = {name: fit_law(mixing_law(DOMAINS), table, objective="log-ls") for name, table in runs.items()}
    fits = {name: bootstrap(fit, runs[name], draws=60, rng=rng) for name, fit in plain.items()}
    found = best_shares(fits, weights, DOMAINS, level=0.99)
    assert found.shares == best_shares(plain, weights, DOMAINS).shares
    for name in ("web", "code"):
        low, high = found.intervals[name]
        assert 0 <= low < truth.shares[name] < high <= 1
        assert low <= found.shares[name] <= high
        assert high - low < 0.2
    assert found.level == 0.99
    narrow = best_shares(fits, weights, DOMAINS, level=0.5).intervals["web"]
    assert narrow[1] - narrow[0] < found.intervals["web"][1] - found.intervals["web"][0]


def test_one_validation_domain_asks_for_one_domain(rng: np.random.Generator) -> None:
    found = best_shares({"code": fitted("code", rng)}, {"code": 1.0}, DOMAINS)
    assert found.shares["code"] == pytest.approx(1.0, abs=1e-6)


def test_fits_and_weights_must_match(rng: np.random.Generator) -> None:
    fit = fitted("web", rng)
    with pytest.raises(FitError, match="one weight for every fit"):
        best_shares({"web": fit}, {"code": 1.0}, DOMAINS)
    with pytest.raises(FitError, match=r"weight of web is -1\. Give positive weights"):
        best_shares({"web": fit}, {"web": -1.0}, DOMAINS)
    with pytest.raises(FitError, match="no mixing law over web, law"):
        best_shares({"web": fit}, {"web": 1.0}, ("web", "law"))


@pytest.mark.parametrize("share", [0.1, 0.2862, 0.9])
def test_the_critical_share_is_the_inverse(share: float) -> None:
    # Sheet D5 prints k = -3.740, b = -1.694 and a share of .2862; the loss it keeps is not printed.
    values = {"c": 2.4, "b": -1.694, "k": -3.740}
    loss = float(laws.get("mixing-two").predict(values, share=np.array([share]))[0])
    assert critical_share(values, loss) == pytest.approx(share, rel=1e-12)
    with pytest.raises(LawError, match=r"floor is 2\.4"):
        critical_share(values, 2.4)
