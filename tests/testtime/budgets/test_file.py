"""Files of prices: what is read, what is refused, and what a sample then costs."""

import numpy as np
import pytest
from tests.testtime.sample_files import write_prices

from isoflop.errors import FileError, InputError
from isoflop.plan.costs.hardware import device
from isoflop.plan.costs.shapes import made
from isoflop.testtime.budgets.charge import charge_eflops, charge_serving
from isoflop.testtime.budgets.file import ModelEntry, read_prices

TOKENS = {"tokens": np.array([500.0, 700.0]), "input_tokens": np.array([100.0, 100.0])}


def test_models_come_in_the_order_of_the_file(tmp_path):
    small, large = read_prices(write_prices(tmp_path / "prices.toml"))
    assert (small.name, small.price_out, small.training, small.verify) == ("small", 0.2, 4e5, 2e-5)
    assert (large.name, large.training, large.rules) == ("large", 3e6, ())


def test_paths_are_beside_the_file_and_quantities_are_read(tmp_path):
    text = '[models.a]\nfile = "a.csv"\nparams = "8B"\nrules = "majority"\ntokens = "2K tokens"\n'
    (entry,) = read_prices(write_prices(tmp_path / "prices.toml", text))
    assert entry.file == tmp_path / "a.csv"
    assert (entry.params, entry.rules, entry.tokens) == (8e9, ("majority",), 2000)


def test_prices_of_tokens():
    entry = ModelEntry("m", price_in=1.0, price_out=2.0)
    assert entry.charge(TOKENS, 2).of([1]).ravel() == pytest.approx([0.0011, 0.0015])
    cached = ModelEntry("m", price_in=1.0, price_out=2.0, cached=True, tokens=1000, input_tokens=0)
    assert cached.charge({}, 2).of([3]).ravel() == pytest.approx([0.006, 0.006])


def test_a_price_of_a_sample_and_observed_costs():
    assert ModelEntry("m", price_sample=0.3).charge(TOKENS, 2).of([2]).ravel().tolist() == [0.6, 0.6]
    assert ModelEntry("m").charge({"cost": np.array([0.1, 0.2])}, 2).of([1]).ravel().tolist() == [0.1, 0.2]


def test_sizes_are_served_or_counted():
    served = ModelEntry("m", params=8e9, device="H100").charge(TOKENS, 2)
    assert served.unit == "dollars"
    expected = charge_serving(made(8e9), device("H100"), TOKENS["input_tokens"], TOKENS["tokens"])
    assert served.of([1]) == pytest.approx(expected.of([1]))
    counted = ModelEntry("m", params=8e9).charge(TOKENS, 2)
    assert counted.unit == "eFLOPs"
    assert counted.of([4]) == pytest.approx(charge_eflops(made(8e9), TOKENS["input_tokens"], TOKENS["tokens"]).of([4]))


@pytest.mark.parametrize(("entry", "said"), [
    (ModelEntry("m"), "m: nothing says what a sample costs"),
    (ModelEntry("m", price_out=1.0, price_sample=1.0), "several ways"),
    (ModelEntry("m", price_in=1.0, price_out=1.0), "no column input_tokens. Add input_tokens = 500"),
    (ModelEntry("m", price_out=1.0), "no column tokens"),
])  # fmt: skip
def test_costs_that_nothing_says(entry, said):
    with pytest.raises(InputError, match=said):
        entry.charge({}, 2)


@pytest.mark.parametrize(("text", "error", "said"), [
    ("", InputError, "has no models"),
    ("models = 3", InputError, "has no models"),
    ("[models.a]\nprice_ut = 1", InputError, "Did you mean 'price_out'"),
    ("[model.a]\nprice_out = 1", InputError, "'model' that nothing reads. Did you mean 'models'"),
    ("[models.a]\n[other]\nx = 1", InputError, "'other' that nothing reads"),
    ("[models.a]\nprice_out = -1", InputError, "no number of 0 or more"),
    ("[models.a]\ncached = 1", InputError, "true or false"),
    ("[models.a", FileError, "no TOML"),
])  # fmt: skip
def test_files_that_are_refused(tmp_path, text, error, said):
    with pytest.raises(error, match=said):
        read_prices(write_prices(tmp_path / "prices.toml", text))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileError, match="cannot be read"):
        read_prices(tmp_path / "prices.toml")
