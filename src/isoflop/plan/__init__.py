"""Plans come out here: compute-optimal allocations, what a wrong size costs, isoFLOP profiles."""

from isoflop.plan.optimum.overtraining import Overtraining, overtraining
from isoflop.plan.optimum.plan import plan
from isoflop.plan.optimum.result import FlatRegion, Penalty, Plan, Step
from isoflop.plan.profiles.isoflops import Allocation, Isoflops, isoflop_profiles
from isoflop.plan.profiles.profile import Profile

__all__ = [
    "Allocation",
    "FlatRegion",
    "Isoflops",
    "Overtraining",
    "Penalty",
    "Plan",
    "Profile",
    "Step",
    "isoflop_profiles",
    "overtraining",
    "plan",
]
