"""Kaplan et al. 2020, arXiv:2001.08361: values of the published laws."""

import pytest
from tests.papers.support import assert_prints_as

from isoflop import laws
from isoflop.units import FLOPS_PER_PF_DAY


@pytest.mark.parametrize(
    ("law", "columns", "expected"),
    [
        ("power-params", {"params": 1e9}, "2.3756"),
        ("power-params", {"params": 1e8}, "2.8300"),
        ("power-tokens", {"tokens": 1e9}, "2.8156"),
        ("power-tokens", {"tokens": 1e10}, "2.2624"),
        ("power-flops", {"flops": FLOPS_PER_PF_DAY}, "2.6581"),
        ("power-flops", {"flops": 1e4 * FLOPS_PER_PF_DAY}, "1.6771"),
        ("kaplan-tokens", {"params": 1e9, "tokens": 2.2e10}, "2.3693"),
        ("kaplan-steps", {"params": 1e9, "steps": 1e5}, "2.4005"),
    ],
)
def test_published_constants_give_the_losses(law: str, columns: dict[str, float], expected: str) -> None:
    found = laws.get(law)
    loss = found.predict(found.published_set("kaplan-2020").values, **columns)
    assert_prints_as(loss, expected)


def test_the_joint_law_tends_to_the_two_single_ones_in_its_own_constants() -> None:
    # L(N, D) with D unlimited is (N_c/N)^alpha_N; with N unlimited it is (D_c/D)^alpha_D (section 4.1).
    joint = laws.get("kaplan-tokens")
    values = joint.published_set().values
    many_tokens = joint.predict(values, params=1e8, tokens=1e40)
    many_params = joint.predict(values, params=1e60, tokens=1e10)
    assert many_tokens == pytest.approx((values["N_c"] / 1e8) ** values["alpha_N"], rel=1e-9)
    assert many_params == pytest.approx((values["D_c"] / 1e10) ** values["alpha_D"], rel=1e-9)
