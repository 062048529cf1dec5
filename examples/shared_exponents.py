"""Which corpus is best at scale, if models of all corpora share the exponents of one law?

Losses on the C4 validation set of models trained on three corpora: Gadre et al. 2024, arXiv:2403.08540, data of
github.com/mlfoundations/scaling (MIT). N counts embeddings; D is N times the tokens per parameter. One exponent for
N and D, as in that paper.
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
    "RefinedWeb": (
        *(5.6118, 5.2719, 4.9834, 4.7387, 4.6106, 4.1260, 3.8609, 3.7118, 3.6068, 3.5298),
        *(3.7046, 3.5179, 3.3831, 3.2114, 3.1451, 3.2497, 3.1305, 3.0479, 2.9757, 2.9129),
    ),
}
MEASURED_AT_7B = {"C4": 2.3822, "RedPajama": 2.4250, "RefinedWeb": 2.4547}

sizes = [(n, n * ratio) for n in PARAMS for ratio in TOKENS_PER_PARAM]
rows = [(corpus, *size, loss) for corpus, losses in LOSS.items() for size, loss in zip(sizes, losses, strict=True)]
runs = dict(zip(("recipe", "params", "tokens", "loss"), zip(*rows, strict=True), strict=True))

fit = iso.fit("E[recipe] + A[recipe]/N^alpha + B[recipe]/D^alpha", runs, seed=0)
print(fit.certificate.verdict, "alpha:", fit.estimate("alpha"))

for corpus, measured in MEASURED_AT_7B.items():
    forecast = fit.predict(params=6_889_410_560, tokens=137_788_211_200, recipe=corpus)
    low, high = forecast.interval
    print(f"{corpus:<11} 6.9B: {forecast.value:.3f}, {low:.3f} to {high:.3f}; measured {measured:.3f}")
