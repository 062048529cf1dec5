"""Which axis to scale by ResNet-RS: rules known at second hand, so these are no golden numbers."""

import pytest

from isoflop.errors import InputError
from isoflop.methods.compound import regime_axis


def test_the_axis_follows_the_length_of_training() -> None:
    assert regime_axis(100, augmented=True) == "width"
    assert regime_axis(350, augmented=True) == "depth"
    assert regime_axis(350, augmented=False) is None
    assert regime_axis(200, augmented=True) is None
    with pytest.raises(InputError, match="positive number"):
        regime_axis(0, augmented=True)
