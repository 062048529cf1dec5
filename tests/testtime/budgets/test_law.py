"""Laws as routes: from the catalogue, with parameters of one's own, from a fit with draws."""

import numpy as np
import pytest
from tests.testtime.sample_files import write_prices, write_samples

from isoflop import laws
from isoflop.errors import InputError, LawError
from isoflop.fit.fitting import fit_law
from isoflop.runs.table import RunTable
from isoflop.testtime.budgets.build import Asked, build
from isoflop.testtime.budgets.charge import charge_observed
from isoflop.testtime.budgets.file import read_prices
from isoflop.testtime.budgets.law import SamplingLaw
from isoflop.testtime.budgets.report import report_budget
from isoflop.uncertainty.bootstrap import bootstrap

CHARGE = charge_observed([0.01])


def test_published_parameters_are_those_of_the_catalogue():
    route = SamplingLaw("coverage", "monkeys-2024-pythia-12b-math", most=10_000).route("pythia", CHARGE)
    values = laws.get("coverage").published_set("monkeys-2024-pythia-12b-math").values
    assert route.accuracy == pytest.approx(np.exp(-values["a"] * route.ks ** -values["b"]))
    assert route.cost == pytest.approx(0.01 * route.ks)
    assert route.is_law
    assert route.draws is None


def test_a_fit_brings_its_draws(tmp_path):
    rng = np.random.default_rng(3)
    k = np.geomspace(1, 1000, 16)
    runs = RunTable.from_columns({"n": k, "accuracy": 0.8 * (1 - 0.7**k) * np.exp(0.01 * rng.standard_normal(16))})
    fit = bootstrap(fit_law(laws.get("sampling-saturation"), runs, response="accuracy"), runs, draws=60, rng=rng)
    path = tmp_path / "fit.json"
    path.write_text(fit.to_json(), "utf-8")
    route = SamplingLaw(fit=path, most=64).route("m", CHARGE)
    assert route.rule == "sampling-saturation"
    assert route.draws.shape == (60, len(route.ks))
    assert route.accuracy[-1] == pytest.approx(0.8, abs=0.02)


@pytest.mark.parametrize(("law", "said", "error"), [
    (SamplingLaw("chinchilla"), "depends on params, tokens", InputError),
    (SamplingLaw("sampling-saturation", parameters={"F_max": 1.5, "p": 0.5}), "no accuracy", InputError),
    (SamplingLaw("coverage", "nobody"), "nobody", LawError),
])  # fmt: skip
def test_what_is_no_law_of_sampling(law, said, error):
    with pytest.raises(error, match=said):
        law.route("m", CHARGE)


LAWS = """
[models.small]
price_sample = 0.001
[models.small.law]
name = "coverage"
set = "monkeys-2024-pythia-160m-math"
most = 10000
[models.large]
price_sample = 0.06
[models.large.law]
name = "coverage"
set = "monkeys-2024-pythia-12b-math"
most = 10000
"""


def test_laws_alone_need_no_samples(tmp_path):
    """The small model, 60 times cheaper, needs more than 60 times the samples of the large one at high coverage."""
    models = read_prices(write_prices(tmp_path / "prices.toml", LAWS))
    found = report_budget(build(models, None, Asked(draws=100), {}, rng=np.random.default_rng(0)))
    assert found.menu.problems == ()
    assert all(line.best.held_out is None and line.adaptive is None for line in found.lines if line.best)
    (one,) = found.break_even
    a, b = (laws.get("coverage").published_set(f"monkeys-2024-pythia-{n}-math").values for n in ("160m", "12b"))
    expected = 0.001 * (a["a"] / b["a"]) ** (1 / a["b"])
    assert one.cost.value == pytest.approx(expected, rel=0.1)
    assert any("came without draws: large · coverage, small · coverage" in text for text in found.leaves_out)
    assert any("Laws know no problems" in text for text in found.warnings)


def test_a_law_beside_samples(tmp_path):
    source = write_samples(tmp_path / "samples.csv")
    text = LAWS.split("[models.large]")[0].replace("models.small", "models.law") + (
        "[models.small]\nprice_sample = 0.001\nrules = ['majority']\n"
    )
    models = read_prices(write_prices(tmp_path / "prices.toml", text))
    found = report_budget(build(models, source, Asked(draws=100), {"by": ["model"]}, rng=np.random.default_rng(0)))
    assert {route.name for route in found.menu.routes} == {"law · coverage", "small · majority"}
    assert len(found.menu.problems) == 40
    with pytest.raises(InputError, match="Laws have no samples to probe"):
        build(models[:1], None, Asked(probe=2), {}, rng=np.random.default_rng(0))


@pytest.mark.parametrize(("table", "said"), [
    ("set = 'x'", "Give name, with set or parameters, or fit"),
    ("name = 'coverage'\nfit = 'a.json'", "Give name"),
    ("name = 'coverage'\nmots = 3", "mots"),
    ("name = 'coverage'\nmost = 1", "no number of samples above 1"),
    ("name = 'coverage'\nparameters = {a = 'x'}", "no numbers by name"),
])  # fmt: skip
def test_tables_that_are_refused(tmp_path, table, said):
    with pytest.raises(InputError, match=said):
        read_prices(write_prices(tmp_path / "prices.toml", f"[models.a]\nprice_sample = 1\n[models.a.law]\n{table}\n"))
    with pytest.raises(InputError, match="law is no table"):
        read_prices(write_prices(tmp_path / "prices.toml", "[models.a]\nlaw = 'coverage'\n"))
