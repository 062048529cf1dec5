"""Growth by stacking: budgets that cannot be."""

import pytest

from isoflop.errors import InputError
from isoflop.methods.growth import growth_tokens, plan_growth


@pytest.mark.parametrize(("params", "flops"), [(7e9, 1e4), (7e9, 0.0), (-7e9, 1e22), (0.0, 1e22)])
def test_compute_in_other_units_is_refused(params: float, flops: float) -> None:
    with pytest.raises(InputError, match="not in PF-days"):
        growth_tokens(params, flops)


def test_a_budget_that_the_small_model_would_take_is_refused() -> None:
    with pytest.raises(InputError, match="train from scratch"):
        plan_growth(7e9, 1e18)
    with pytest.raises(InputError, match="Give 2 to 4"):
        plan_growth(7e9, 1e22, factor=1)
