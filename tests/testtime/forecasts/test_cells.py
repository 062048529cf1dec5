"""Likelihoods over cells of log-odds: by quadrature, and by Euler's beta function where counts are large."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import betaln, expit

from isoflop.testtime.forecasts.cells import FAR, MOST, WIDTH, cells_for


@pytest.mark.parametrize("scale", [1.0, 0.6])
@pytest.mark.parametrize(("n", "c"), [(8, 0), (8, 3), (8, 8), (5, 1)])
def test_likelihoods_are_means_over_cells(n: int, c: int, scale: float) -> None:
    cells = cells_for(np.array([n]), np.array([c]), scale, 30.0)
    ((rows, failing),) = cells.failing(np.array([30.0]))
    assert rows.tolist() == [0]

    def mean(middle: float, more: int) -> float:
        def part(t: float) -> float:
            p = scale * expit(t)
            return float(p**c * (1 - p) ** (n - c + more))

        return float(quad(part, middle - WIDTH / 2, middle + WIDTH / 2, epsabs=0)[0]) / WIDTH

    top = np.exp(cells.height[0])
    for place in range(FAR, len(cells.t), 7):
        middle = float(cells.t[place])
        assert cells.width[place] == pytest.approx(WIDTH)
        assert cells.chance[0, place] * top == pytest.approx(mean(middle, 0), rel=0.02, abs=1e-6)
        assert failing[0, place, 0] * top == pytest.approx(mean(middle, 30), rel=0.02, abs=1e-6)


@pytest.mark.parametrize(("n", "c"), [(200, 60), (3000, 900), (40_000, 8000), (40_000, 39_000), (10**6, 12)])
def test_large_counts_keep_their_mass(n: int, c: int) -> None:
    """An even density of the log-odds: `B(c, n-c)`, and with k failures more `B(c, n-c+k)`."""
    cells = cells_for(np.array([n]), np.array([c]), 1.0, 1.0)
    found = np.log(cells.chance[0] @ cells.width) + cells.height[0]
    assert found == pytest.approx(betaln(c, n - c), abs=2e-3)
    k = np.array([1.0, 30.0, n / c])
    ((_, failing),) = cells.failing(k)
    more = np.log(cells.width @ failing[0]) + cells.height[0]
    np.testing.assert_allclose(more - found, betaln(c, n - c + k) - betaln(c, n - c), atol=2e-3)


def test_a_count_that_tells_more_than_needed_keeps_its_rate() -> None:
    n, c = 10**9, 3 * 10**8
    assert c * (1 - c / n) > MOST
    cells = cells_for(np.array([n]), np.array([c]), 1.0, 10.0)
    ((_, failing),) = cells.failing(np.array([1.0, 3.0]))
    shares = cells.width @ failing[0] / (cells.width @ cells.chance[0])
    np.testing.assert_allclose(shares, [0.7, 0.343], rtol=1e-4)


def test_rows_of_any_size_are_all_there() -> None:
    n = np.array([4, 10**5, 60, 10**5, 900])
    c = np.array([0, 40_000, 30, 0, 450])
    cells = cells_for(n, c, 1.0, 1e6)
    seen = sorted(np.concatenate([rows for rows, _ in cells.failing(np.array([1.0]))]).tolist())
    assert seen == [0, 1, 2, 3, 4]
    peaks = cells.t[np.argmax(cells.chance[[1, 2, 4]], axis=1)]
    np.testing.assert_allclose(peaks, np.log([40 / 60, 1, 1]), atol=WIDTH / 2 + 1e-9)
    assert cells.none.tolist() == [1, 0, 0, 1, 0]
    # Far rarer rates than any that is asked about lie inside, and so does what n samples cannot miss.
    assert cells.t[0] < -np.log(1e6) - 25
    assert cells.t[-1] > np.log(1e5) + 5
