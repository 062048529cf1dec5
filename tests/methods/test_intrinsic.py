"""Intrinsic dimension of known manifolds, and label sharpness of known labels."""

import numpy as np
import pytest

from isoflop.errors import TableError
from isoflop.methods.intrinsic import intrinsic_dimension, label_sharpness, two_nearest_dimension


@pytest.mark.parametrize("dimension", [1, 2, 5])
def test_a_flat_manifold_in_many_features(dimension: int, rng: np.random.Generator) -> None:
    inner = rng.uniform(size=(3000, dimension))
    points = inner @ rng.standard_normal((dimension, 30))
    for found in (intrinsic_dimension(points), two_nearest_dimension(points)):
        # The edges of the cube pull the estimate down a little.
        assert found.value == pytest.approx(dimension, rel=0.12)
        assert found.spread < 0.1 * dimension
        assert found.examples == 3000


def test_the_average_is_of_inverses(rng: np.random.Generator) -> None:
    # MacKay and Ghahramani: by hand, with every distance computed.
    points = rng.standard_normal((40, 3))
    distances = np.sort(np.linalg.norm(points[:, None] - points[None], axis=-1), axis=1)[:, 1:6]
    inverse = np.log(distances[:, -1:] / distances[:, :-1]).sum(axis=1) / 4
    assert intrinsic_dimension(points, neighbours=5).value == pytest.approx(1 / inverse.mean(), rel=1e-12)


def test_pictures_are_flattened_and_repeats_count_once(rng: np.random.Generator) -> None:
    pictures = rng.uniform(size=(200, 4, 4))
    twice = np.concatenate([pictures, pictures])
    assert intrinsic_dimension(twice).examples == 200
    assert intrinsic_dimension(twice).value == pytest.approx(intrinsic_dimension(pictures.reshape(200, -1)).value)


def test_sharpness_of_many_classes_asks_only_whether_labels_differ(rng: np.random.Generator) -> None:
    points = np.array([[0.0, 0.0], [0.3, 0.4], [3.0, 3.0]])
    assert label_sharpness(points, [0, 7, 0], rng=rng) == pytest.approx(2.0)
    assert label_sharpness(points, ["cat", "dog", "cat"], rng=rng) == pytest.approx(2.0)


def test_sharpness_grows_with_the_examples(rng: np.random.Generator) -> None:
    points = rng.uniform(size=(2000, 5))
    labels = points[:, 0] > 0.5
    few, many = (label_sharpness(points, labels, rng=np.random.default_rng(1), examples=n) for n in (50, 2000))
    assert many > few


def test_what_has_no_answer_is_refused(rng: np.random.Generator) -> None:
    with pytest.raises(TableError, match="too few for 20 neighbours"):
        intrinsic_dimension(np.ones((50, 3)))
    with pytest.raises(TableError, match="needs two classes"):
        label_sharpness(np.eye(3), [1, 1, 1], rng=rng)
    with pytest.raises(TableError, match="infinite"):
        label_sharpness(np.ones((2, 3)), [0, 1], rng=rng)
    with pytest.raises(TableError, match="one label for each"):
        label_sharpness(np.eye(3), [0, 1], rng=rng)
    with pytest.raises(TableError, match="finite values"):
        intrinsic_dimension([1.0, 2.0])
