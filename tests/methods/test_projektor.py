"""Projektor: exact transport, slopes from its dual, pilots, projection, and the sources that it picks."""

import sys

import numpy as np
import pytest

from isoflop.errors import FitError, MissingExtraError, RangeWarning, TableError
from isoflop.methods.projektor import PilotFit, fit_pilots, onto_simplex, project, select_sources
from isoflop.methods.transport import share_gradient, transport


def test_projection_meets_both_pilots_and_goes_on() -> None:
    # Sheet D7: L(N0) at N0, L(N1) at N1, and 2 L1 - L0 at N1^2/N0.
    sizes, losses = (1e3, 1e4), (2.3, 1.9)
    assert float(project(*losses, sizes, 1e3)) == pytest.approx(2.3, rel=1e-15)
    assert float(project(*losses, sizes, 1e4)) == pytest.approx(1.9, rel=1e-15)
    assert float(project(*losses, sizes, 1e5)) == pytest.approx(2 * 1.9 - 2.3, rel=1e-14)
    with pytest.raises(FitError, match="smaller first"):
        project(*losses, (1e4, 1e3), 1e5)
    with pytest.raises(FitError, match="positive size"):
        project(*losses, sizes, 0.0)


def pilots(rng: np.random.Generator, sources: int = 2) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shares, distances and the losses that known coefficients give."""
    shares = rng.dirichlet(np.ones(sources), 40)
    distance = rng.uniform(0.5, 2.0, 40)
    loss = (0.3 + 0.2 * shares[:, 0] ** 2) * distance + 1.0 - 0.4 * shares[:, 1]
    return shares, distance, loss


def test_pilots_are_fitted_exactly(rng: np.random.Generator) -> None:
    shares, distance, loss = pilots(rng)
    fit = fit_pilots(shares, distance, loss, size=1e3)
    np.testing.assert_allclose(fit.residuals, 0.0, atol=1e-10)
    new = rng.dirichlet([1.0, 1.0], 5)
    expected = (0.3 + 0.2 * new[:, 0] ** 2) * 0.7 + 1.0 - 0.4 * new[:, 1]
    np.testing.assert_allclose(fit.predict(new, np.full(5, 0.7)), expected, rtol=1e-9)


def test_too_few_pilots_are_refused(rng: np.random.Generator) -> None:
    shares, distance, loss = pilots(rng)
    with pytest.raises(FitError, match="at least 8 mixtures"):
        fit_pilots(shares[:7], distance[:7], loss[:7], size=1e3)


def test_the_nearest_point_of_the_simplex(rng: np.random.Generator) -> None:
    for values in rng.normal(size=(20, 4)):
        nearest = onto_simplex(values)
        assert nearest.sum() == pytest.approx(1.0)
        assert nearest.min() >= 0
        others = rng.dirichlet(np.ones(4), 500)
        assert np.all(np.sum((nearest - values) ** 2) <= np.sum((others - values) ** 2, axis=1) + 1e-12)


def test_a_missing_package_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ot", None)
    with pytest.raises(MissingExtraError, match=r"isoflop\[transport\]"):
        transport(np.zeros((2, 1)), np.ones((2, 1)))


@pytest.fixture
def clouds(rng: np.random.Generator) -> tuple[list[np.ndarray], np.ndarray]:
    """Three sources at different distances, and a target that the first two surround."""
    pytest.importorskip("ot", reason="POT is not installed.")
    sources = [rng.normal(centre, 0.3, (30, 2)) for centre in ((-1.0, 0.0), (1.0, 0.0), (0.0, 6.0))]
    return sources, rng.normal(((-1.0, 0.0),) * 20 + ((1.0, 0.0),) * 20, 0.3)


def test_transport_is_exact_and_symmetric(clouds: tuple[list[np.ndarray], np.ndarray]) -> None:
    from scipy.optimize import linear_sum_assignment

    sources, _ = clouds
    first, second = sources[0], sources[1]
    cost = np.sum((first[:, None] - second[None]) ** 2, axis=-1)
    rows, columns = linear_sum_assignment(cost)
    assert transport(first, second).distance == pytest.approx(cost[rows, columns].mean(), rel=1e-9)
    assert transport(second, first).distance == pytest.approx(transport(first, second).distance, rel=1e-9)
    assert transport(first, first).distance == pytest.approx(0.0, abs=1e-12)


def test_labels_add_the_distance_of_classes(clouds: tuple[list[np.ndarray], np.ndarray]) -> None:
    both = np.concatenate(clouds[0][:2])
    classes = np.repeat([0, 1], 30)
    plain = transport(both, both + 0.1)
    same = transport(both, both + 0.1, labels=(classes, classes))
    turned = transport(both, both + 0.1, labels=(classes, 1 - classes))
    # Each class is its shifted self: the class distance is the shift's.
    assert same.distance == pytest.approx(2 * plain.distance, rel=1e-6)
    assert turned.distance == pytest.approx(same.distance, rel=1e-9)  # names of classes mean nothing
    mixed = transport(both, both + 0.1, labels=(classes, np.tile([0, 1], 30)))
    assert mixed.distance > same.distance
    with pytest.raises(TableError, match="Match them"):
        transport(both, both, labels=(classes[:5], classes))


def test_slopes_are_those_of_the_distance(clouds: tuple[list[np.ndarray], np.ndarray]) -> None:
    sources, target = clouds
    points, source = np.concatenate(sources), np.repeat([0, 1, 2], 30)

    def distance(p: np.ndarray) -> float:
        return transport(points, target, weights=p[source] / 30).distance

    p = np.array([0.45, 0.35, 0.2])
    slopes = share_gradient(transport(points, target, weights=p[source] / 30).dual, source, p)
    for k in range(3):
        move = -p / (1 - p[k])
        move[k] = 1.0
        step = 1e-4
        difference = (distance(p + step * move) - distance(p - step * move)) / (2 * step)
        assert slopes[k] == pytest.approx(difference, rel=0.02, abs=0.02)
    dual = np.arange(6.0)
    # The printed form, where shares follow the points.
    found = share_gradient(dual, np.array([0, 0, 0, 0, 1, 1]))
    np.testing.assert_allclose(found, [(6 - 4 / 2 * 9) / 4, (9 - 2 / 4 * 6) / 2])


def test_the_far_source_is_left_out(clouds: tuple[list[np.ndarray], np.ndarray]) -> None:
    sources, target = clouds
    # Loss is the distance itself at both sizes, a little less at the larger.
    coefficients = np.zeros(14)
    coefficients[6] = 1.0
    small, large = PilotFit(1e3, 3, coefficients, np.zeros(1)), PilotFit(1e4, 3, 0.8 * coefficients, np.zeros(1))
    found = select_sources((small, large), sources, target, size=2e4, rate=0.01, iterations=60)
    assert found.shares[2] < 0.02
    assert found.shares[0] == pytest.approx(0.5, abs=0.05)
    assert found.loss < found.start_loss
    assert found.slopes.argmax() == 2
    with pytest.warns(RangeWarning, match="Project less far"):
        far = select_sources((small, large), sources, target, size=1e9, rate=0.01, iterations=1)
    assert far.loss <= 0


def test_a_source_that_has_everything_has_no_slope_and_an_empty_one_is_refused() -> None:
    alone = share_gradient(np.array([1.0, 2.0]), np.array([0, 0]))
    assert np.isnan(alone).all()
    with pytest.raises(TableError, match="Source 1 of 3 has no point"):
        share_gradient(np.arange(3.0), np.array([0, 0, 2]))


def test_a_selection_has_intervals_where_the_pilots_have_draws(clouds: tuple[list[np.ndarray], np.ndarray]) -> None:
    """The projected loss of the chosen shares, over twenty sets of pilots: nine in ten intervals should hold it."""
    sources, target = clouds
    truth = np.zeros(14)
    truth[6], truth[13] = 0.2, 1.0
    hits, gains = [], []
    for rng in np.random.default_rng(1).spawn(20):
        shares, distance = rng.dirichlet(np.ones(3), 40), rng.uniform(0.5, 8.0, 40)
        fits = [
            fit_pilots(shares, distance, (0.2 * distance + 1.0) * factor + rng.normal(0, 0.01, 40), size=size, rng=rng)
            for factor, size in ((1.0, 1e3), (0.8, 1e4))
        ]
        found = select_sources((fits[0], fits[1]), sources, target, size=2e4, rate=0.05, iterations=10)
        assert found.projected is not None
        assert found.gain is not None
        assert found.projected.value == pytest.approx(found.loss, rel=1e-9)
        assert found.gain.value == pytest.approx(found.start_loss - found.loss, abs=1e-9)
        exact = float(project(1.0, 0.8, (1e3, 1e4), 2e4)) * (0.2 * found.distance + 1.0)
        hits.append(found.projected.interval[0] < exact < found.projected.interval[1])
        gains.append(found.gain.interval[0] < found.gain.value < found.gain.interval[1])
    assert np.mean(hits) >= 0.7
    assert all(gains)
    assert any("came out low" in text for text in found.gain.leaves_out)
    plain = fit_pilots(shares, distance, distance, size=1e3)
    small, large = plain, fit_pilots(shares, distance, 0.8 * distance, size=1e4)
    assert select_sources((small, large), sources, target, size=2e4, iterations=1).projected is None
