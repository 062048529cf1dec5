"""Which eight runs should I pay for next, to know the loss of a model a thousand times larger?"""

import isoflop as iso

runs = iso.embedded("ladder")
law = "kaplan-tokens"
fit = iso.fit(law, runs, seed=0)
fit = iso.with_backtest(fit, iso.backtest(law, runs, hold_out=3, seed=0))

budget = 20 * runs.column("flops").max()
target = {"params": 3e6, "tokens": 6e7}
design = iso.next_runs(fit, target, budget=budget, most=8)
print(design)
for number, step in enumerate(design.steps, 1):
    print(f"{number}. {step}")

# The same money on seeds: up to three of each run.
seeds = iso.next_runs(fit, target, budget=budget, most=8, replicates=3)
print(f"with seeds the interval would be ±{seeds.half_width_after:.2%} instead of ±{design.half_width_after:.2%}")
