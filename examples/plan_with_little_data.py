"""I have 25 billion distinct tokens and 1e22 FLOPs: how many epochs, and what would more data be worth?"""

import numpy as np

import isoflop as iso

# Runs as the law of repeated data gives them with the paper's constants, with 0.2 % of noise; use your own table.
law = iso.laws.get("data-constrained")
paper = law.published_set("muennighoff-2023").values
rng = np.random.default_rng(0)
unique = np.repeat([1e8, 1e9, 1e10], 25)
params, epochs = (np.tile(grid.ravel(), 3) for grid in np.meshgrid(np.geomspace(5e7, 4e9, 5), [1, 2, 5, 15, 50]))
loss = law.predict(paper, params=params, tokens=unique * epochs, unique_tokens=unique)
runs = {"params": params, "tokens": unique * epochs, "unique_tokens": unique, "loss": loss * rng.normal(1, 0.002, 75)}

# As in the paper, the law of data that is not repeated is known, and two numbers are fitted.
known = {name: paper[name] for name in ("E", "A", "alpha", "B", "beta")}
fit = iso.fit(law, runs, fix=known, bootstrap=200, seed=0)

plan = iso.plan_within(
    fit,
    choose={"params": "1e8..1e12", "epochs": "1..100"},
    limits=["flops <= 1e22"],
    given={"unique_tokens": "25B tokens"},
)
print(plan)
for item in plan.sensitivity:
    print(f"{item.rise:.0%} more of {item.word}: loss {item.objective:+.3%}")
