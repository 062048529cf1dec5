"""Which size should a hundred times my largest budget buy, and what does a wrong size cost?"""

import isoflop as iso

runs = iso.embedded("ladder")
fit = iso.fit("chinchilla", runs, seed=0)

plan = iso.plan(fit, flops=100 * runs.column("flops").max())
print(plan)
for number, step in enumerate(plan.steps, 1):
    print(f"{number}. {step}")
