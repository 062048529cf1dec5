"""Laws of sampling: coverage, its saturation, the ceiling of imperfect verifiers, retrieval within a context."""

from typing import Final

from isoflop.laws.law import Law, Parameter, Source
from isoflop.laws.testtime_sets import CEILING_SETS, COVERAGE_SETS, RAG_SETS

MONKEYS: Final = Source(
    authors="Brown, Juravsky, Ehrlich, Clark, Le, Ré, Mirhoseini",
    year=2024,
    title="Large Language Monkeys: Scaling Inference Compute with Repeated Sampling",
    where="arXiv:2407.21787",
)
FLAWS: Final = Source(
    authors="Stroebl, Kapoor, Narayanan",
    year=2024,
    title="Inference Scaling fLaws: The Limits of LLM Resampling with Imperfect Verifiers",
    where="arXiv:2411.17501",
)
WANG: Final = Source(
    authors="Wang, Zhu, Leong, Li, Li",
    year=2025,
    title="Scaling over Scaling: Exploring Test-Time Scaling Plateau in Large Reasoning Models",
    where="arXiv:2505.20522",
)
YUE: Final = Source(
    authors="Yue et al.",
    year=2024,
    title="Inference Scaling for Long-Context Retrieval Augmented Generation",
    where="arXiv:2410.04343, section 5 and table 8",
)

COVERAGE: Final = Law(
    name="coverage",
    formula="coverage = exp(-a/k^b)",
    title="Share of problems that at least one of k samples solves",
    family="testtime",
    parameters={
        "a": Parameter(meaning="-ln coverage of a single sample; -a of Brown et al., a of Schaeffer et al."),
        "b": Parameter(meaning="exponent of samples; -b of Brown et al., b of Schaeffer et al."),
    },
    variables=("k",),
    source=MONKEYS,
    counted="coverage, a fraction: mean over problems of the unbiased pass@k; k samples per problem",
    valid="1 to 10,000 samples where every problem can be solved: the form tends to 1",
    ranges={"k": (1.0, 1e4)},
    advice=(
        "Fit with isoflop.testtime.forecasts.implied, which keeps the k: another grid gives other constants. Where "
        "counts are at hand, a distribution of difficulty (isoflop.testtime.forecasts.distributions) is better far out."
    ),
    published=COVERAGE_SETS,
    unit="fraction",
)

SATURATION: Final = Law(
    name="sampling-saturation",
    formula="accuracy = F_max*(1 - exp(n*log(1 - p)))",
    title="Accuracy of n parallel samples or n rounds of rethinking, one success rate for all problems",
    family="testtime",
    parameters={
        # Open above 1, so that a benchmark that is solved whole can be fitted.
        "F_max": Parameter((0.0, 1.0 + 1e-6), "highest accuracy that can be reached"),
        "p": Parameter((0.0, 1.0), "chance of one more unit: p_sample in parallel, p_rethink in sequence"),
    },
    variables=("n",),
    source=WANG,
    counted="accuracy, a fraction; n parallel samples, or rounds of rethinking in sequence",
    valid="one rate for a whole benchmark: an effective number, and optimistic where some problems are hard",
    advice=(
        "Least squares (objective ls). The number of samples at which more gain too little is in "
        "isoflop.testtime.tradeoffs.saturation. No published coefficients."
    ),
    unit="fraction",
)

CEILING: Final = Law(
    name="resampling-ceiling",
    formula="conditional_accuracy = b + m*accuracy",
    title="Ceiling of resampling against an imperfect verifier, from single-sample accuracy",
    family="testtime",
    parameters={
        "b": Parameter("real", "ceiling of a model that solves nothing"),
        "m": Parameter("real", "slope"),
    },
    variables=("accuracy",),
    source=FLAWS,
    counted=(
        "conditional_accuracy: mean over tasks of the share of samples right among those that pass the weak test; "
        "accuracy: single-sample accuracy by the strong test; fractions"
    ),
    valid="accuracies of 0.06 to 0.86 on one benchmark and its tests; another test suite has another line",
    ranges={"accuracy": (0.0635, 0.855)},
    advice="Least squares (objective ls), one row per model. No number of samples lifts a model above its ceiling.",
    published=CEILING_SETS,
    unit="fraction",
)

RAG: Final = Law(
    name="rag-allocation",
    formula=(
        "metric = 3.3*sigmoid(1.81*((a1 + b1*i_doc)*log(documents) + (a2 + b2*i_shot)*log(shots) "
        "+ a3*log(rounds) + c + 0.46)) - 2.18"
    ),
    title="Answers with retrieval, from documents, examples and rounds in the context",
    family="testtime",
    parameters={
        "a1": Parameter("real", "slope in log documents"),
        "a2": Parameter("real", "slope in log examples"),
        "a3": Parameter("real", "slope in log rounds"),
        "b1": Parameter("real", "how the gain of one document changes the slope"),
        "b2": Parameter("real", "how the gain of one example changes the slope"),
        "c": Parameter("real", "offset"),
    },
    variables=("documents", "shots", "rounds", "i_doc", "i_shot"),
    source=YUE,
    counted=(
        "metric normalised per dataset, about unit variance, not a raw accuracy; documents, shots and rounds (the "
        "source's iterations) each plus a small epsilon (0.01 here; the source prints none), natural logarithm; i_doc, "
        "i_shot: gain of one document, of one example, over the bare question"
    ),
    valid="up to 1000 documents, 256 examples, 5 rounds, 5e6 tokens of context in all calls together",
    ranges={"documents": (0.01, 1000.01), "shots": (0.01, 256.01), "rounds": (1.01, 5.01)},
    advice=(
        "Fit with isoflop.testtime.tradeoffs.rag, which adds epsilon and fits linearly behind the sigmoid as the "
        "source does; or here by least squares (objective ls). It also picks the best allocation within a context."
    ),
    published=RAG_SETS,
    unit="normalised metric",
)

LAWS: Final = (COVERAGE, SATURATION, CEILING, RAG)
