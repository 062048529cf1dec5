"""What a contract test needs to know of one law: true parameters, and runs from which a fit must find them again."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from isoflop import laws
from isoflop.laws import Law


@dataclass(frozen=True)
class Design:
    """Runs without noise.

    Args:
        law: name in the catalogue.
        ranges: column → lowest and highest value; several columns are crossed.
        published: the published set that is the truth.
        truth: the truth where nothing is published for this law.
        points: values per column.
        levels: column → its values, where a range even in the logarithm does not suit; crossed with the rest.
        objective: what recovers the truth; `ls` where the response may be negative.
        open_units: columns whose unit is part of the form, so that no parameter absorbs a change of it.
        doubted: whether half a percent of noise rightly leaves the fit less than certified.
    """

    law: str
    ranges: Mapping[str, tuple[float, float]]
    published: str = ""
    truth: Mapping[str, float] = field(default_factory=dict)
    points: int = 12
    levels: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    objective: str = "log-ls"
    open_units: tuple[str, ...] = ()
    doubted: bool = False

    @property
    def values(self) -> Mapping[str, float]:
        """True parameters."""
        return laws.get(self.law).published_set(self.published).values if self.published else self.truth

    def columns(self, points: int = 0) -> dict[str, NDArray[np.float64]]:
        """Runs on a grid that is even in the logarithms, or of the values given."""
        axes = {name: np.geomspace(low, high, points or self.points) for name, (low, high) in self.ranges.items()}
        axes |= {name: np.array(values) for name, values in self.levels.items()}
        grids = np.meshgrid(*axes.values())
        return {name: grid.ravel() for name, grid in zip(axes, grids, strict=True)}

    def runs(self) -> dict[str, NDArray[np.float64]]:
        """Runs with the response that the law gives them."""
        law: Law = laws.get(self.law)
        columns = self.columns()
        return columns | {law.response: law.predict(self.values, **columns)}
