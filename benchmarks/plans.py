"""Plans under limits that are timed: what is chosen, the limits, prices."""

from typing import Any

import numpy as np
from benchmarks.cases import case

from isoflop.fit.fitting import fit_law
from isoflop.fit.result import Fit
from isoflop.plan.within.result import PlanWithin
from isoflop.plan.within.within import plan_within
from isoflop.uncertainty.bootstrap import bootstrap

LIMIT = 5.0
"""CPU-seconds that a full plan with 1000 draws may take."""

_BOTH = {"params": None, "tokens": None}
_MONEY = {"price": "$2/h", "mfu": 0.4, "serve_mfu": 0.3, "serve_tokens": "1e13 tokens"}

PLANS: dict[str, dict[str, Any]] = {
    "least loss for a compute": {"choose": _BOTH, "limits": ["flops <= 1e24"]},
    "train and serve 1e13 tokens at a loss, in memory": {
        "choose": _BOTH,
        "limits": ["loss <= 2.05", "serve_memory <= 160GB"],
        "minimise": "total_money",
        "device": "H100",
        "given": _MONEY,
    },
    "64 to 512 devices, money and deadline": {
        "choose": {**_BOTH, "devices": "64..512/64"},
        "limits": ["money <= $2M", "time <= 60 days"],
        "device": "H100",
        "given": {"price": "$2/h", "mfu": 0.4},
    },
}


def fit_with_draws() -> Fit:
    """Return Chinchilla's law with 1000 draws."""
    law, table = case("chinchilla")
    return bootstrap(fit_law(law, table), table, rng=np.random.default_rng(0), draws=1000, workers=1)


def planned(name: str, fit: Fit) -> PlanWithin:
    """Return one of the plans."""
    return plan_within(fit, **PLANS[name])
