"""Plans come out here: compute-optimal allocations, what a wrong size costs, isoFLOP profiles."""

from isoflop.plan.isoflops import Allocation, Isoflops, isoflop_profiles
from isoflop.plan.overtraining import Overtraining, overtraining
from isoflop.plan.plan import plan
from isoflop.plan.profile import Profile
from isoflop.plan.result import FlatRegion, Penalty, Plan, Step

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
