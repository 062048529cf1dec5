"""Liu et al. 2024, arXiv:2407.01492 (sheet D6): rank agreement on unseen mixtures and the simulated best mixture."""

from pathlib import Path

import numpy as np
import pytest
from tests.papers.support import assert_prints_as

from isoflop.fit.fitting import fit_law
from isoflop.laws.mixing import mixing_law
from isoflop.methods.regmix import MixtureModel, best_mixture, fit_mixtures, rank_agreement
from isoflop.runs.read import read_runs
from isoflop.runs.table import RunTable

pytest.importorskip("lightgbm", reason="LightGBM is not installed.")

# Token shares of the Pile's domains without copyrighted text: token_prior.yaml of sail-sg/regmix.
PRIOR = {
    "w_arxiv": 0.113285273,
    "w_freelaw": 0.079608651,
    "w_nih_exporter": 0.003913491,
    "w_pubmed_central": 0.185375901,
    "w_wikipedia_en": 0.051081359,
    "w_dm_mathematics": 0.015962925,
    "w_github": 0.101750772,
    "w_philpapers": 0.003707518,
    "w_stackexchange": 0.066529351,
    "w_enron_emails": 0.001750772,
    "w_gutenberg_pg_19": 0.027085479,
    "w_pile_cc": 0.236869207,
    "w_ubuntu_irc": 0.01184346,
    "w_europarl": 0.007929969,
    "w_hackernews": 0.008032956,
    "w_pubmed_abstracts": 0.038825953,
    "w_uspto_backgrounds": 0.046446962,
}
DOMAINS = tuple(PRIOR)


def runs_of(directory: Path, model: str, split: str) -> RunTable:
    return read_runs(directory / "regmix.csv", where=f"model = '{model}' AND split = '{split}'")


@pytest.fixture(scope="module")
def boosted(data_directory: Path) -> MixtureModel:
    """The authors' regression, which stops on their test runs."""
    train, test = runs_of(data_directory, "1m", "train"), runs_of(data_directory, "1m", "test")
    return fit_mixtures(train, DOMAINS, "loss_pile_cc", rng=np.random.default_rng(0), stop_on=test)


@pytest.mark.parametrize(("size", "printed"), [("1m", ".9892"), ("60m", ".9849"), ("1B", ".9651")])
def test_boosted_trees_order_unseen_mixtures(
    size: str, printed: str, boosted: MixtureModel, data_directory: Path, rng: np.random.Generator
) -> None:
    found = rank_agreement(boosted, runs_of(data_directory, size, "test"), rng=rng)
    assert_prints_as(found.spearman, printed)
    assert found.interval[0] < found.spearman < found.interval[1]


@pytest.mark.parametrize(("size", "printed"), [("1m", ".9021"), ("60m", ".8933"), ("1B", ".8766")])
def test_linear_regression_orders_unseen_mixtures(
    size: str, printed: str, data_directory: Path, rng: np.random.Generator
) -> None:
    model = fit_mixtures(runs_of(data_directory, "1m", "train"), DOMAINS, "loss_pile_cc", rng=rng, kind="linear")
    assert_prints_as(rank_agreement(model, runs_of(data_directory, size, "test"), rng=rng).spearman, printed)


def test_the_simulated_best_mixture(boosted: MixtureModel, rng: np.random.Generator) -> None:
    # The printed shares are those of NumPy's former generator with seed 42.
    candidates = np.random.RandomState(42).dirichlet(list(PRIOR.values()), 100_000)
    found = best_mixture(boosted, PRIOR, rng=rng, candidates=candidates)
    assert_prints_as(found.shares["w_pile_cc"], ".8909")
    assert_prints_as(found.shares["w_ubuntu_irc"], ".0614")
    assert_prints_as(found.shares["w_pubmed_abstracts"], ".0123")
    assert sum(found.shares.values()) == pytest.approx(1.0, rel=1e-12)
    assert (found.samples, found.top) == (100_000, 128)
    assert found.loss < found.prior_loss


def test_other_draws_give_a_like_mixture(boosted: MixtureModel, rng: np.random.Generator) -> None:
    found = best_mixture(boosted, PRIOR, rng=rng, samples=20_000)
    assert found.shares["w_pile_cc"] == pytest.approx(0.89, abs=0.04)
    assert found.spread["w_pile_cc"] > 0


def test_the_mixing_law_of_seventeen_domains_orders_them_too(
    data_directory: Path,
) -> None:
    # c + exp(sum of t_j r_j), fitted to the same 512 runs: .965, .959, .988, above the trees at a billion parameters.
    from scipy.stats import spearmanr

    law = mixing_law(DOMAINS)
    fit = fit_law(law, runs_of(data_directory, "1m", "train"), response="loss_pile_cc", objective="log-ls")
    assert fit.certificate.ok
    for size, least in (("1m", 0.964), ("60m", 0.958), ("1B", 0.985)):
        runs = runs_of(data_directory, size, "test")
        predicted = fit.evaluate(**{name: runs.column(name) for name in DOMAINS})
        assert spearmanr(predicted, runs.column("loss_pile_cc"))[0] > least
