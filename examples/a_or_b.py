"""Data A or B: which is better at 1.4B parameters, by how much compute, and may the order still change?

Losses on the C4 validation set of models trained on C4 and on RedPajama: Gadre et al. 2024, arXiv:2403.08540, data of
github.com/mlfoundations/scaling (MIT). N counts embeddings; D is N times the tokens per parameter.
"""

import isoflop as iso

PARAMS = (10_569_312, 78_914_048, 153_677_376, 411_616_256)
TOKENS_PER_PARAM = (10, 20, 40, 80, 160)
LOSS = {
    "C4": (
        *(5.5526, 5.2207, 5.0038, 4.7731, 4.6031, 4.0576, 3.8003, 3.6430, 3.5170, 3.4353),
        *(3.6423, 3.4326, 3.2951, 3.1950, 3.0458, 3.1631, 3.0417, 2.9433, 2.7869, 2.8026),
    ),
    "RedPajama": (
        *(5.7232, 5.3870, 5.1078, 4.8231, 4.6705, 4.1643, 3.8999, 3.7441, 3.6345, 3.5525),
        *(3.7329, 3.5311, 3.4010, 3.3139, 3.2389, 3.2738, 3.1498, 3.0483, 2.9739, 2.9088),
    ),
}
MEASURED = {"C4": 2.6569, "RedPajama": 2.7688}

sizes = [(n, n * ratio) for n in PARAMS for ratio in TOKENS_PER_PARAM]
rows = [(corpus, *size, loss) for corpus, losses in LOSS.items() for size, loss in zip(sizes, losses, strict=True)]
runs = dict(zip(("recipe", "params", "tokens", "loss"), zip(*rows, strict=True), strict=True))

# One law for both with common exponents; a rolling back-test widens the intervals where it must.
place = {"params": 1_439_795_200, "tokens": 20 * 1_439_795_200}
found = iso.recipes("E + A/N^alpha + B/D^alpha", runs, at=place, baseline="RedPajama", seed=0)

for entry in found.entries:
    print(f"{entry.name:<10} loss {entry.response}; {entry.distance_decades:.1f} decades beyond its runs")
print("C4 minus RedPajama:", found["C4"].difference, "measured:", round(MEASURED["C4"] - MEASURED["RedPajama"], 4))
print("RedPajama needs so many times the compute:", found["C4"].multiplier)
for sentence in found.conclusions():
    print(sentence)

# The same runs in pairs: what size and data have in common cancels, and no law is needed.
pair = found["C4"].paired
if pair is not None:
    print(f"{pair.pairs} pairs, gap of ln loss at the scale: {pair.gap_at}; crossing: {pair.crossing.kind}")
