"""One sample or a hundred: which of two models solves more problems, and what would ten thousand samples do?

Correct ones of 100 samples at temperature 1 on the 118 tasks of EvalPerf: Liu, Xie, Zhao, et al. 2024,
arXiv:2408.06450, results of github.com/evalplus/evalplus.github.io (Apache-2.0). The published table
`evalperf_per_task` has 34 models: isoflop samples evalperf_per_task.csv --by model --by prompt
"""

import numpy as np

from isoflop.testtime.forecasts.summary import summarise
from isoflop.testtime.reading.read import read_counts_by

SAMPLES = 100
CORRECT = {
    "gemma-2-9b-it": (
        "1 100 100 100 100 100 0 100 5 100 0 96 51 100 53 100 100 0 100 100 0 21 48 5 3 0 0 0 100 100 100 97 "
        "75 100 1 100 100 100 100 85 91 100 100 24 7 100 5 86 92 100 0 100 57 100 15 92 99 0 0 100 100 0 100 "
        "99 54 59 100 21 100 100 100 100 100 100 24 0 0 75 100 100 100 100 100 47 0 95 92 100 100 2 0 100 0 "
        "94 2 95 19 83 100 39 80 94 100 100 95 0 1 100 69 97 100 100 100 100 88 100 100 100"
    ),
    "Llama-3-8B-Instruct": (
        "32 37 35 99 13 79 0 72 2 100 52 4 60 55 5 42 12 0 8 69 6 0 69 46 0 2 5 41 16 78 87 17 0 28 5 17 78 "
        "81 58 10 29 100 74 92 9 22 0 86 2 67 1 68 1 51 79 77 100 0 2 1 34 0 100 78 12 2 100 76 10 90 99 76 "
        "100 17 1 0 10 91 96 99 98 25 97 14 5 78 59 1 100 0 13 10 31 23 4 15 0 98 91 20 88 34 98 99 84 12 25 "
        "32 1 39 30 45 17 38 98 92 75 95"
    ),
}

rows = [(model, f"task {k}", SAMPLES, int(c)) for model, text in CORRECT.items() for k, c in enumerate(text.split())]
columns = dict(zip(("model", "problem", "n", "c"), zip(*rows, strict=True), strict=True))
counts = read_counts_by(columns, by=["model"])
found = {model: summarise(counts[model], rng=np.random.default_rng(0)) for model in CORRECT}

for model, one in found.items():
    print(f"{model}:", *one.conclusions(), *one.laws(), sep="\n  ")
    if one.tested is not None:
        best = one.tested.methods[0]
        print(f"  {best.method} from {one.tested.kept} samples was off by {100 * best.rms_error:.1f} points of percent")

# With one sample gemma is better, with many Llama: fewer of its problems are out of reach.
gemma, llama = found.values()
ahead = gemma.ks[llama.pass_at_k.value > gemma.pass_at_k.value]
print(f"from {ahead[0]} samples on Llama solves more problems")
for k in gemma.shown():
    print(f"k = {k:>6,.0f}: gemma {gemma.at(k)}, Llama {llama.at(k)}")
