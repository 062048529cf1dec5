"""Which size is cheapest over its life, when ten trillion tokens will be served at a given quality?"""

import numpy as np

import isoflop as iso

# Runs as Chinchilla's law gives them with Epoch's constants, with 0.5 % of noise; use your own table.
law = iso.laws.get("chinchilla")
params, tokens = (grid.ravel() for grid in np.meshgrid(np.geomspace(1e8, 1e10, 6), np.geomspace(5e9, 5e11, 6)))
loss = law.predict(law.published_set("epoch-2024").values, params=params, tokens=tokens)
runs = {"params": params, "tokens": tokens, "loss": loss * np.random.default_rng(0).normal(1, 0.005, 36)}
fit = iso.fit(law, runs, seed=0)

plan = iso.plan_within(
    fit,
    choose={"params": None, "tokens": None},
    limits=["loss <= 2.05"],
    minimise="total_money",
    device="H100",
    given={"serve_tokens": "1e13 tokens", "price": "$2/h", "mfu": 0.4, "serve_mfu": 0.3},
)
print(plan)
for number, step in enumerate(plan.steps, 1):
    print(f"{number}. {step}")

# What a trainer reads: shape, tokens, batch, learning rate by Step Law, schedule, precision.
iso.write_run_file("runs.toml", iso.runs_of(plan, seeds=(0, 1)))
