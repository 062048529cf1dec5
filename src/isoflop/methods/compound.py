"""Compound scaling of vision models: how depth, width and resolution share a factor of compute."""

from dataclasses import dataclass
from typing import Final, Literal

from isoflop.errors import InputError

SHORT_EPOCHS: Final = 100
LONG_EPOCHS: Final = 350


@dataclass(frozen=True)
class Shape:
    """A convolutional network as scaling sees it.

    Args:
        depth: blocks.
        width: channels.
        resolution: pixels along one side of the image.
        group_width: channels in a group of a grouped convolution; the width when there are no groups.
    """

    depth: float
    width: float
    resolution: float
    group_width: float = 1.0

    @property
    def work(self) -> float:
        """What FLOPs are proportional to, `d w^2 r^2`."""
        return self.depth * self.width**2 * self.resolution**2

    @property
    def activations(self) -> float:
        """What activations, and so run time on accelerators, are proportional to, `d w r^2`."""
        return self.depth * self.width * self.resolution**2


@dataclass(frozen=True)
class Strategy:
    """Shares of the log of a compute factor: `d' = s^e_d d`, `w' = s^(e_w/2) w`, `r' = s^(e_r/2) r`.

    Reference: Dollar, Singh, Girshick 2021, arXiv:2103.06877.

    Args:
        depth: e_d.
        width: e_w.
        resolution: e_r; the three sum to one.
    """

    depth: float
    width: float
    resolution: float

    def __post_init__(self) -> None:
        """Refuse shares that do not make the factor."""
        shares = (self.depth, self.width, self.resolution)
        if abs(sum(shares) - 1) > 1e-9 or min(shares) < 0:
            raise InputError(
                f"The shares {shares} must be from 0 up and sum to 1, so that compute grows by the factor."
            )

    @property
    def activation_exponent(self) -> float:
        """Exponent with which activations grow in compute, `e_d + e_w/2 + e_r`.

        >>> FAST.activation_exponent
        0.6
        """
        return self.depth + self.width / 2 + self.resolution

    def scale(self, shape: Shape, factor: float) -> Shape:
        """Scale a network to `factor` times its FLOPs.

        Reference: Dollar, Singh, Girshick 2021, arXiv:2103.06877.

        Args:
            shape: the network.
            factor: s, above zero.

        Returns:
            The scaled network, not rounded.

        Raises:
            InputError: the factor is not positive.

        >>> grown = UNIFORM.scale(Shape(10, 64, 224), 2.0)
        >>> grown.depth / 10, grown.width / 64, grown.resolution / 224
        (1.26, 1.12, 1.12)
        """
        if not factor > 0:
            raise InputError(f"A network cannot be scaled by {factor}. Give a positive factor, such as 4.")
        wider = factor ** (self.width / 2)
        return Shape(
            shape.depth * factor**self.depth,
            shape.width * wider,
            shape.resolution * factor ** (self.resolution / 2),
            shape.group_width * wider,
        )


def compound(alpha: float) -> Strategy:
    """The family between uniform and pure width scaling: width takes alpha, the others share the rest.

    `e_w = alpha, e_d = e_r = (1 - alpha)/2`

    Reference: Dollar, Singh, Girshick 2021, arXiv:2103.06877.

    Args:
        alpha: share of width; 1/3 is uniform, 0.8 the paper's fast scaling, 1 width alone.

    Returns:
        The strategy.

    >>> compound(0.8).activation_exponent
    0.6
    """
    return Strategy((1 - alpha) / 2, alpha, (1 - alpha) / 2)


def buildable(shape: Shape, *, width_multiple: int = 8, resolution_multiple: int = 4) -> Shape:
    """Round to whole blocks and to multiples that hardware and groups want.

    Reference: pycls, the code of Dollar, Singh, Girshick 2021, arXiv:2103.06877.

    Args:
        shape: a scaled network.
        width_multiple: of width, and of what is left of the group width where groups are that wide.
        resolution_multiple: of the resolution.

    Returns:
        The network; every entry at least one multiple.

    >>> buildable(UNIFORM.scale(Shape(10, 64, 224), 2.0)).resolution
    252.0
    """

    def nearest(value: float, multiple: int) -> float:
        return float(max(round(value / multiple), 1) * multiple)

    return Shape(
        nearest(shape.depth, 1),
        nearest(shape.width, width_multiple),
        nearest(shape.resolution, resolution_multiple),
        nearest(shape.group_width, 1 if shape.group_width < width_multiple else width_multiple),
    )


def regime_axis(epochs: float, *, augmented: bool) -> Literal["depth", "width"] | None:
    """Which axis to scale besides resolution, by how long training is.

    Depth where a model can overfit (350 epochs and more, with strong augmentation), width for short
    training (100 epochs and fewer). Resolution is raised more slowly than uniform scaling does. The two
    numbers of epochs were not checked against the paper.

    Reference: Bello et al. 2021, arXiv:2103.07579, scaling strategies.

    Args:
        epochs: passes over ImageNet.
        augmented: whether augmentation and regularisation are strong.

    Returns:
        The axis; None between the regimes that the source compares, where both must be tried.

    Raises:
        InputError: the number of epochs is not positive.

    >>> regime_axis(10, augmented=False), regime_axis(350, augmented=True)
    ('width', 'depth')
    """
    if not epochs > 0:
        raise InputError(f"Training of {epochs} epochs cannot be scaled. Give a positive number.")
    if epochs <= SHORT_EPOCHS:
        return "width"
    return "depth" if epochs >= LONG_EPOCHS and augmented else None


UNIFORM: Final = compound(1 / 3)
"""Equal shares, as EfficientNet's compound scaling."""
FAST: Final = compound(0.8)
"""Mostly width: activations grow about as the square root of compute."""
DEPTH_ONLY: Final = Strategy(1.0, 0.0, 0.0)
WIDTH_ONLY: Final = Strategy(0.0, 1.0, 0.0)
RESOLUTION_ONLY: Final = Strategy(0.0, 0.0, 1.0)
