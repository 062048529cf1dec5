"""Temperature sampling against the sheet (D10) and its equal loss weights."""

import numpy as np
import pytest
from tests.papers.support import assert_prints_as

from isoflop.errors import TableError
from isoflop.methods.sampling import temperature_sampling

SIZES = {"large": 1e6, "small": 1e4}


@pytest.mark.parametrize(("temperature", "printed"), [(1.0, (".990099", ".009901")), (5.0, (".715253", ".284747"))])
def test_shares(temperature: float, printed: tuple[str, str]) -> None:
    found = temperature_sampling(SIZES, temperature)
    for share, text in zip(found.shares.values(), printed, strict=True):
        assert_prints_as(share, text)


def test_weights_give_the_same_expected_gradient(rng: np.random.Generator) -> None:
    found = temperature_sampling(SIZES, 3.0)
    gradients = dict(zip(SIZES, rng.normal(size=2), strict=True))
    sampled = sum(found.shares[name] * gradients[name] for name in SIZES)
    plain = {name: size / sum(SIZES.values()) for name, size in SIZES.items()}
    weighed = sum(plain[name] * found.weights[name] * gradients[name] for name in SIZES)
    assert weighed == pytest.approx(sampled, rel=1e-12)


def test_passes_over_the_small_set_rise_with_temperature() -> None:
    passes = [temperature_sampling(SIZES, t).weights["small"] for t in (1.0, 2.0, 5.0, 100.0)]
    assert passes == sorted(passes)
    assert passes[0] == pytest.approx(1.0)


def test_a_low_temperature_does_not_overflow() -> None:
    assert temperature_sampling({"a": 1e12, "b": 1e9}, 0.01).shares["a"] == pytest.approx(1.0)


@pytest.mark.parametrize(("sizes", "temperature"), [({}, 1.0), ({"a": 0.0}, 1.0), (SIZES, 0.0)])
def test_what_has_no_shares_is_refused(sizes: dict[str, float], temperature: float) -> None:
    with pytest.raises(TableError, match="Give positive sizes"):
        temperature_sampling(sizes, temperature)
