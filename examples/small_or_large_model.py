"""Is a small model that samples often cheaper than a large one that samples once?"""

import numpy as np

from isoflop.figures.budgets import budget_figure
from isoflop.figures.save import save
from isoflop.testtime.budgets.build import Asked, build
from isoflop.testtime.budgets.file import ModelEntry
from isoflop.testtime.budgets.law import SamplingLaw
from isoflop.testtime.budgets.report import report_budget

# Coverage of the Pythia models on MATH, as published; costs in equivalent FLOPs of serving them.
SIZES = {"160m": 160e6, "1b": 1e9, "12b": 12e9}
models = [
    ModelEntry(
        f"pythia-{name}", params=size, input_tokens=700, tokens=300,
        law=SamplingLaw("coverage", f"monkeys-2024-pythia-{name}-math", most=10_000),
    )
    for name, size in SIZES.items()
]  # fmt: skip
built = build(models, None, Asked(), {}, rng=np.random.default_rng(0))
found = report_budget(built, budgets=[1e13, 1e14, 1e15, 1e16, 1e17])

for line in found.lines:
    if line.best is not None:
        best = line.best
        print(f"{line.budget:.0e} eFLOPs a problem: {best.route.model}, k = {best.k:,}: {best.accuracy.value:.1%}")
for one in found.break_even:
    print(f"{one.against.route.model} is the better buy than {one.model} from {one.crossing.value:.1e} eFLOPs on")
save(budget_figure(found), "frontier.svg")
