"""isoflop predict LAW:SET: published coefficients give a value, a distance and no interval."""

import pytest
from tests.cli.conftest import Isoflop

from isoflop import laws


def test_a_published_set_predicts(isoflop: Isoflop) -> None:
    found = isoflop("predict", "chinchilla:epoch-2024", "--params", "10B", "--tokens", "200B", "--json")
    law = laws.get("chinchilla")
    expected = float(law.predict(law.published_set("epoch-2024").values, params=1e10, tokens=2e11))
    assert found.status == 0
    assert found.json["loss"] == {"value": expected, "interval": None}
    assert found.json["published"] == "epoch-2024"
    assert found.json["source_decades"] == {}


def test_outside_the_source_s_range_it_warns_with_the_distance(isoflop: Isoflop) -> None:
    found = isoflop("predict", "chinchilla:epoch-2024", "--params", "160B", "--tokens", "200B")
    assert found.status == 0
    assert "warning: beyond what the source of chinchilla supports by 1.0 decades in params" in found.err
    assert "no interval" in found.out
    assert "published coefficients come without draws" in found.out


def test_compute_follows_from_size_and_tokens(isoflop: Isoflop) -> None:
    found = isoflop("predict", "power-flops:kaplan-2020", "--params", "1B", "--tokens", "20B", "--json").json
    law = laws.get("power-flops")
    expected = float(law.predict(law.published_set("kaplan-2020").values, flops=1.2e20))
    assert found["loss"]["value"] == pytest.approx(expected, rel=1e-12)


def test_a_set_that_is_not_there(isoflop: Isoflop) -> None:
    found = isoflop("predict", "chinchilla:x", "--params", "1B", "--tokens", "20B")
    assert found.status == 2
    assert "has no published set 'x'; it has hoffmann-2022" in found.err


def test_an_input_that_is_not_given(isoflop: Isoflop) -> None:
    found = isoflop("predict", "chinchilla:epoch-2024", "--params", "1B")
    assert found.status == 2
    assert "tokens" in found.err


def test_a_fit_beyond_its_runs_and_the_source_says_both(isoflop: Isoflop, fit_file: object) -> None:
    found = isoflop("predict", str(fit_file), "--params", "1e12", "--tokens", "1e9")
    assert "beyond what the source of chinchilla supports by 1.8 decades in params" in found.out
