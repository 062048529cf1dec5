"""The ladder: trains a grid of small byte-level transformers and writes one validated row per run."""

from isoflop.ladder.grid import Ladder, read_ladder
from isoflop.ladder.run import LadderResult, run_ladder
from isoflop.ladder.shape import Derived, Recipe, Shape, derive, shape_of

__all__ = ["Derived", "Ladder", "LadderResult", "Recipe", "Shape", "derive", "read_ladder", "run_ladder", "shape_of"]
