"""Architecture as an axis: vocabulary, parallel streams, loops, merged experts, visual tokens, growth."""

import math
from typing import Final

from isoflop.laws.law import Law, Parameter, Published, Source

TAO: Final = Source(
    authors="Tao, Liu, Dou, Muennighoff, Wan, Luo, Lin, Wong",
    year=2024,
    title="Scaling Laws with Vocabulary: Larger Models Deserve Larger Vocabularies",
    where="arXiv:2407.13623",
)
CHEN: Final = Source(
    authors="Chen, Hui, Cui, Yang, Liu, Sun, Lin, Liu",
    year=2025,
    title="Parallel Scaling Law for Language Models",
    where="arXiv:2505.10475",
)
LOOPED: Final = Source(
    authors="Schwethelm, Rueckert, Kaissis",
    year=2026,
    title="How Much Is One Recurrence Worth? Iso-Depth Scaling Laws for Looped Language Models",
    where="arXiv:2604.21106",
)
WANG: Final = Source(
    authors="Wang, Gu, Zhang, et al.",
    year=2025,
    title="Model Merging Scaling Laws in Large Language Models",
    where="arXiv:2509.24244",
)
LI: Final = Source(
    authors="Li, Goyal, Semedo, Kolter",
    year=2024,
    title="Inference Optimal VLMs Need Fewer Visual Tokens and More Parameters",
    where="arXiv:2411.03312",
)
DU: Final = Source(
    authors="Du, Luo, Qiu, Huang, Shen, Cheng, Guo, Fu",
    year=2024,
    title="Stacking Your Transformers: A Closer Look at Model Growth for Efficient LLM Pre-Training",
    where="arXiv:2405.15319",
)

_A_1, _A_2, _B = 1.8313851559554126, 0.19584238398665638, 2.1241123120064955
_ALPHA, _ALPHA_V = 0.44660634152009615, 0.6707374679896795

VOCABULARY: Final = Law(
    name="vocabulary",
    formula="unigram_loss = A_1/nonvocab_params^alpha + A_2/vocab_params^alpha_v + B/D^alpha - E",
    title="Loss in vocabulary parameters, other parameters and tokens",
    family="architecture",
    parameters={
        "A_1": Parameter(meaning="size term without vocabulary; carries the unit of nonvocab_params^alpha"),
        "alpha": Parameter(meaning="exponent of the other parameters and of tokens"),
        "A_2": Parameter(meaning="vocabulary term; carries the unit of vocab_params^alpha_v"),
        "alpha_v": Parameter(meaning="exponent of vocabulary parameters"),
        "B": Parameter(meaning="data term; carries the unit of D^alpha"),
        "E": Parameter(meaning="gain over the unigram model at infinite scale"),
    },
    variables=("nonvocab_params", "vocab_params"),
    source=TAO,
    counted=(
        "unigram_loss is -log(p(w|context)/p(w)) per token, so negative, and comparable between vocabularies; "
        "vocab_params is vocabulary size times width, one matrix; D tokens of the model's own tokenizer"
    ),
    valid="3.3e7 to 3e9 other parameters, vocabularies of 4e3 to 9.6e4, compute above 2.18e17",
    ranges={"nonvocab_params": (3.3e7, 3e9), "vocabulary": (4e3, 9.6e4), "flops": (2.18e17, math.inf)},
    advice="The response is negative: fit with objective ls. The best vocabulary at given compute: methods.vocabulary.",
    published=(
        Published(
            name="tao-2024",
            values={
                "A_1": _A_1 * 1e6**_ALPHA,
                "alpha": _ALPHA,
                "A_2": _A_2 * 1e6**_ALPHA_V,
                "alpha_v": _ALPHA_V,
                "B": _B * 1e9**_ALPHA,
                "E": 5.5327846803337435,
            },
            where="code of arXiv:2407.13623, approach 3",
            evidence="V",
            note="Nats/token relative to the unigram model; the code counts parameters in 1e6 and tokens in 1e9.",
        ),
    ),
    unit="nats/token above the unigram model",
)


def _parscale(corpus: str, values: tuple[float, float, float, float], note: str) -> Published:
    """One corpus of ParScale."""
    e, a, alpha, k = values
    where = "arXiv:2505.10475, table of fitted constants"
    return Published(f"chen-2025-{corpus}", {"A": a, "k": k, "alpha": alpha, "E": e}, where, "V", note=note)


PARSCALE: Final = Law(
    name="parscale",
    formula="L = (A/(N*(k*log(streams) + 1)))^alpha + E",
    title="Parallel streams of one model count as the logarithm of more parameters",
    family="architecture",
    parameters={
        "A": Parameter(meaning="size at which the reducible loss is one"),
        "k": Parameter(meaning="gain in size per e-fold of streams"),
        "alpha": Parameter(meaning="exponent of effective parameters"),
        "E": Parameter(meaning="irreducible loss at the data of the runs"),
    },
    variables=("streams",),
    source=CHEN,
    counted="N without embeddings, prefixes of the streams included; streams P run in parallel with shared weights",
    valid="5.4e8 to 4.4e9 parameters, 1 to 8 streams, 4.2e10 tokens",
    ranges={"params": (5.36e8, 4.41e9), "streams": (1.0, 8.0)},
    advice="All runs at equal tokens: the floor is that of the data. k is larger for code than for prose.",
    published=(
        _parscale("stack", (0.69124, 1.13064e7, 0.18937, 0.39345), "Nats/token on Stack-V2-Python."),
        _parscale("pile", (1.28883, 1.97301e8, 0.19636, 0.33442), "Nats/token on the Pile."),
    ),
)

RECURSION: Final = Law(
    name="looped",
    formula="L = E + A/(once_params + loops^phi*looped_params)^alpha + B/D^beta",
    title="Layers used several times count as a power of their uses",
    family="architecture",
    parameters={
        "E": Parameter(meaning="irreducible loss"),
        "A": Parameter(meaning="size term; carries the unit of parameters^alpha"),
        "phi": Parameter("real", "what a loop adds: 1 as much as new layers, 0 nothing; 0.46 published"),
        "alpha": Parameter(meaning="exponent of effective parameters"),
        "B": Parameter(meaning="data term; carries the unit of D^beta"),
        "beta": Parameter(meaning="exponent of tokens"),
    },
    variables=("once_params", "looped_params", "loops"),
    source=LOOPED,
    counted="once_params are used once in a pass, looped_params as often as loops says; D training tokens",
    ranges={"loops": (1, 8)},
    valid="1 to 8 loops at equal depth; the published exponent of loops is 0.46 with R2 0.997 on 116 runs",
    advice="phi needs runs with and without loops at equal size; the other published constants were not found.",
)

MERGING: Final = Law(
    name="merging",
    formula="L = L_inf + B/N^beta + A/(N^gamma*(merged_experts + b))",
    title="Merged experts: a floor that falls with size, a tail that falls as one over their number",
    family="architecture",
    parameters={
        "L_inf": Parameter(meaning="loss of unlimited experts of unlimited size"),
        "B": Parameter(meaning="size term of the floor; carries the unit of N^beta"),
        "beta": Parameter(meaning="exponent of size in the floor"),
        "A": Parameter(meaning="tail; carries the unit of N^gamma"),
        "gamma": Parameter(meaning="exponent of size in the tail"),
        "b": Parameter(meaning="offset of the number of experts"),
    },
    variables=("merged_experts",),
    source=WANG,
    counted="N parameters of one expert; merged_experts experts of one base model merged; loss averaged over domains",
    valid="as the runs it is fitted to",
    advice="Most of the gain comes from the first few experts. The form is the paper's; its constants were not read.",
)

VISUAL_TOKENS: Final = Law(
    name="visual-tokens",
    formula="error = A/(N^alpha*visual_tokens^beta) + floor",
    title="Error of a vision-language model in size of the language model and visual tokens",
    family="architecture",
    parameters={
        "A": Parameter(meaning="carries the unit of N^alpha"),
        "alpha": Parameter(meaning="exponent of the language model's parameters"),
        "beta": Parameter(meaning="exponent of visual tokens"),
        "floor": Parameter((0.0, 0.3), "error that is left at infinite scale"),
    },
    variables=("visual_tokens",),
    source=LI,
    counted="error is one minus the mean score; N of the language model; visual tokens that it reads for an image",
    valid=(
        "5e8 to 7e9 parameters, checked at 1.4e10, 1 to 576 visual tokens, visual reasoning; reversed for reading "
        "text in images"
    ),
    ranges={"params": (5e8, 1.4e10), "visual_tokens": (1.0, 576.0)},
    advice=(
        "The floor is hardly determined: free, it runs to minus infinity (a law in logarithms), so it is kept in "
        "(0, 0.3); fix it near 0 for stable exponents. Fit with objective ls, as the paper does."
    ),
    published=(
        Published(
            name="li-2024-grid",
            values={"A": 0.55714 * 1e9**0.07475, "alpha": 0.07475, "beta": 0.01616, "floor": 0.03333},
            where="best point of the paper's own grid on its 28 published scores",
            evidence="R",
            note="The paper prints alpha 0.077 and beta 0.015 and counts N in 1e9.",
        ),
    ),
    unit="error, one minus the mean score",
)

GROWTH: Final = Law(
    name="growth-timing",
    formula="growth_tokens = K*N^a*10^(b/log10(C))",
    title="Tokens after which a small model is stacked into the target model",
    family="architecture",
    parameters={
        "a": Parameter(meaning="exponent of the target's parameters"),
        "b": Parameter(meaning="how fast the best moment comes earlier with compute"),
        "K": Parameter(meaning="scale, 10^c of the paper; carries the unit of N^-a"),
    },
    source=DU,
    counted="growth_tokens, the response, train the small model; N of the target without embeddings; C of both stages",
    valid="4.1e8 to 3e9 parameters, checked at 7e9, stacking four times",
    ranges={"params": (4.1e8, 7e9)},
    advice="For a given size the best moment comes earlier with more compute. Base model: at least two layers.",
    published=(
        Published(
            name="du-2024",
            values={"a": 0.88, "b": 163.27, "K": 10**-5.74},
            where="arXiv:2405.15319, growth timing",
            evidence="V",
            note="Fitted to isoFLOP parabolas of 4.1e8, 1.1e9 and 3e9 parameters.",
        ),
    ),
    unit="tokens",
)

LAWS: Final = (VOCABULARY, PARSCALE, RECURSION, MERGING, VISUAL_TOKENS, GROWTH)
