"""The verb budget, from files, frames and columns."""

from pathlib import Path

import pytest
from tests.testtime.sample_files import PRICES, write_prices, write_samples

import isoflop as iso
from isoflop.errors import FitError, InputError


def test_frames_and_prices_in_memory_are_files(tmp_path: Path) -> None:
    pandas, tomllib = pytest.importorskip("pandas"), pytest.importorskip("tomllib")
    samples, prices = write_samples(tmp_path / "s.csv"), write_prices(tmp_path / "p.toml")
    one = iso.budget(samples, prices, by="model", draws=40, bins=0)
    other = iso.budget(pandas.read_csv(samples), tomllib.loads(PRICES)["models"], by="model", draws=40, bins=0)
    assert [(c.route.model, c.route.rule, c.k) for c in one.frontier] == [
        (c.route.model, c.route.rule, c.k) for c in other.frontier
    ]
    assert [c.accuracy.value for c in one.frontier] == [c.accuracy.value for c in other.frontier]


def test_what_cannot_be_is_refused() -> None:
    columns = {"problem": ["a", "b"], "n": [4, 4], "c": [1, 2]}
    prices = {"m": {"price_sample": 1.0}}
    with pytest.raises(InputError, match="no word 'bin'"):
        iso.budget(columns, prices, bin=3)
    with pytest.raises(InputError, match="price_smaple"):
        iso.budget(columns, {"m": {"price_smaple": 1.0}})
    with pytest.raises(FitError, match="level"):
        iso.budget(columns, prices, level=1.5)
    with pytest.raises(InputError, match="no models"):
        iso.budget(columns, {})
