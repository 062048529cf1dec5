"""Quantiles against SciPy's."""

import pytest
from scipy.special import ndtr, ndtri, stdtrit

from isoflop.fit.quantiles import MANY, normal_quantile, normal_share, student_quantile

SHARES = (0.51, 0.6, 0.75, 0.9, 0.95, 0.975, 0.995, 0.9995)


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 5, 7, 10, 31, 100, 235, 999, MANY, MANY + 1, 10**4, 10**6])
@pytest.mark.parametrize("share", SHARES)
def test_student_agrees_with_scipy(freedom: int, share: float) -> None:
    assert student_quantile(freedom, share) == pytest.approx(float(stdtrit(freedom, share)), rel=2e-9, abs=1e-12)


@pytest.mark.parametrize("share", [1e-9, 0.025, 0.3, *SHARES])
def test_normal_agrees_with_scipy(share: float) -> None:
    assert normal_quantile(share) == pytest.approx(float(ndtri(share)), rel=1e-12)
    assert normal_share(normal_quantile(share)) == pytest.approx(float(ndtr(ndtri(share))), rel=1e-12)
