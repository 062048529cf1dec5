"""Plans come out here: compute-optimal allocations, what a wrong size costs, isoFLOP profiles."""

from isoflop.plan.overtraining import Overtraining, overtraining
from isoflop.plan.plan import plan
from isoflop.plan.result import FlatRegion, Penalty, Plan, Step

__all__ = ["FlatRegion", "Overtraining", "Penalty", "Plan", "Step", "overtraining", "plan"]
