"""Four or eight bits: which precision gives the least loss for a training budget, where cost falls with bits?"""

import numpy as np

import isoflop as iso

# Runs as the law of floating-point training gives them with the paper's constants, 0.2 % of noise; use your own table.
law = iso.laws.get("fp-training")
paper = law.published_set("sun-2025").values
rng = np.random.default_rng(0)
layouts = [(2, 1), (3, 2), (4, 3), (5, 2), (1, 2), (2, 3)]  # exponent and mantissa bits
sizes, data = np.geomspace(5e7, 6e8, 4), np.geomspace(1.1e10, 1e11, 4)
rows = [(n, d, e, m, block) for n in sizes for d in data for e, m in layouts for block in (32, 64, 128)]
words = ("params", "tokens", "exponent_bits", "mantissa_bits", "block_elements")
runs = dict(zip(words, np.array(rows).T, strict=True))
runs["loss"] = law.predict(paper, **runs) * rng.normal(1, 0.002, len(rows))
fit = iso.fit(law, runs, bootstrap=200, seed=0)

# The paper's cost: 6 FLOPs per parameter and token at 16 bits, in proportion to the bits below that.
for flops in ("1e21", "1e24"):
    plan = iso.plan_within(
        fit,
        choose={"params": "1e7..1e14", "tokens": "1e9..1e16", "exponent_bits": "2|3|4", "mantissa_bits": "1|2|3|4"},
        limits=[f"6/16*N*D*(exponent_bits + mantissa_bits + 1) <= {flops}"],
        given={"block_elements": 128},
    )
    print(plan)
    print(f"draws choose exponent bits {dict(plan.chosen['exponent_bits'])}, {dict(plan.chosen['mantissa_bits'])} else")
