"""Henighan et al. 2020, arXiv:2010.14701: values of the fits per domain."""

import pytest
from tests.papers.support import assert_prints_as

from isoflop import laws
from isoflop.units import FLOPS_PER_PF_DAY


@pytest.mark.parametrize(
    ("law", "domain", "columns", "expected"),
    [
        ("power-params", "language", {"params": 1e9}, "2.2999"),
        ("power-params-floor", "image-32x32", {"params": 1e9}, "2.3159"),
        ("power-params-floor", "video-vq-16x16x16", {"params": 1e8}, "1.1601"),
        ("power-params-floor", "math", {"params": 1e8}, "0.5126"),
        ("power-flops-floor", "image-8x8", {"flops": FLOPS_PER_PF_DAY}, "3.1638"),
    ],
)
def test_published_constants_give_the_losses(law: str, domain: str, columns: dict[str, float], expected: str) -> None:
    found = laws.get(law)
    assert_prints_as(found.predict(found.published_set(f"henighan-{domain}").values, **columns), expected)


@pytest.mark.parametrize(
    ("law", "domain", "scale"),
    [("power-params", "language", 1.47e14), ("power-flops", "language", 3.47e8 * FLOPS_PER_PF_DAY)],
)
def test_the_reducible_loss_is_one_at_the_published_scale(law: str, domain: str, scale: float) -> None:
    # The paper writes (x/x_0)^-alpha, so at x = x_0 the term is 1 whatever alpha is.
    found = laws.get(law)
    values = found.published_set(f"henighan-{domain}").values
    assert found.predict(values, **{found.columns[0]: scale}) == pytest.approx(1.0, rel=1e-12)


def test_every_row_of_the_table_is_there() -> None:
    by_params = {p.name for name in ("power-params", "power-params-floor") for p in laws.get(name).published}
    by_flops = {p.name for name in ("power-flops", "power-flops-floor") for p in laws.get(name).published}
    rows = {name for name in by_params if name.startswith("henighan-")}
    assert len(rows) == 12
    # Two text parts have a law in N only: in C the paper has the combined loss.
    assert rows - by_flops == {"henighan-text-to-image-text", "henighan-image-to-text-text"}
