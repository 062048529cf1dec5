"""Where is the best size of each budget, read off the runs without any law (approach 2)?

Losses on Python code: BigCode project, notebook ScalingLaws.ipynb of github.com/bigcode-project/bigcode-analysis
(Apache-2.0). N as the runs are named; D = C/(6N).
"""

import isoflop as iso

PARAMS = (74.7e6, 111.5e6, 159.5e6, 209e6, 286.4e6, 433.7e6, 606.9e6, 874.2e6, 1124.9e6, 1514.4e6)
LOSS = {
    1e19: (1.4535, 1.3899, 1.3443, 1.3554, 1.3614, 1.4526, 1.4929, 1.5506, 1.6025, 1.7543),
    3e19: (1.4026, 1.3268, 1.2516, 1.2545, 1.2386, 1.2623, 1.2690, 1.2961, 1.3412, 1.4122),
    6e19: (1.3512, 1.2658, 1.2226, 1.2156, 1.1660, 1.1985, 1.1970, 1.2046, 1.2139, 1.2658),
}
rows = [(flops, params, loss) for flops, losses in LOSS.items() for params, loss in zip(PARAMS, losses, strict=True)]
runs = dict(zip(("flops", "params", "loss"), zip(*rows, strict=True), strict=True))

profiles = iso.isoflop_profiles(runs, seed=0)
print(profiles)
best = profiles.at(1e21)
print(f"at 1e21 FLOPs: N {best.params}, tokens per parameter {best.tokens_per_param}")
print(*best.warnings)

# The same question through a law fitted to all runs at once (approach 3).
print(iso.plan(iso.fit("chinchilla", runs, seed=0), flops=1e21))
