"""Downstream scores: from loss to error, from size to task loss to accuracy, and straight from compute."""

from typing import Final

from isoflop.laws.downstream_sets import GADRE_ERROR_SETS, TASK_LOSS_SETS, TASK_SIGMOID_SETS
from isoflop.laws.law import Law, Parameter, Source
from isoflop.laws.pretraining import GADRE

LADDER: Final = Source(
    authors="Bhagia, Liu, Wettig, Heineman, et al.",
    year=2024,
    title="Establishing Task Scaling Laws via Compute-Efficient Model Ladders",
    where="arXiv:2412.04403",
)
COD_SOURCE: Final = Source(
    authors="Xu et al.",
    year=2025,
    title="Unveiling Downstream Performance Scaling of LLMs: A Clustering-Based Perspective",
    where="arXiv:2502.17262",
)
RUAN: Final = Source(
    authors="Ruan, Maddison, Hashimoto",
    year=2024,
    title="Observational Scaling Laws and the Predictability of Language Model Performance",
    where="arXiv:2405.10938",
)
SLOTH_SOURCE: Final = Source(
    authors="Polo, Somerstep, Choshen, Sun, Yurochkin",
    year=2024,
    title="Sloth: scaling laws for LLM skills to predict multi-benchmark performance across families",
    where="arXiv:2412.06540",
)
XIAO: Final = Source(authors="Xiao et al.", year=2024, title="Densing Law of LLMs", where="arXiv:2412.04315")
HU: Final = Source(
    authors="Hu et al.",
    year=2024,
    title="Predicting Emergent Abilities with Infinite Resolution Evaluation",
    where="arXiv:2310.03262",
)

GADRE_ERROR: Final = Law(
    name="gadre-error",
    formula="error = epsilon - k*exp(-gamma*L)",
    title="Average error of a fixed set of tasks from the loss",
    family="downstream",
    parameters={
        "epsilon": Parameter((0.0, 1.0), "error of a model that has learned nothing"),
        "k": Parameter(meaning="how much error there is to lose"),
        "gamma": Parameter(meaning="rate per nat"),
    },
    source=GADRE,
    counted="top-1 error, a fraction, averaged over a fixed set of tasks; L in nats/token on C4 validation",
    valid="averages over many tasks, losses of 2.4 to 5.4; single tasks do not follow it",
    ranges={"loss": (2.4, 5.4)},
    advice="Fit by least squares (objective ls) on the loss law's runs and one larger one: six runs, three numbers.",
    published=GADRE_ERROR_SETS,
    unit="fraction",
)

TASK_LOSS: Final = Law(
    name="task-loss",
    formula="task_loss = E + A/N^alpha + B/D^beta",
    title="First step of the model ladder: loss on a task's correct answers",
    family="downstream",
    parameters={
        "E": Parameter(meaning="irreducible task loss"),
        "A": Parameter(meaning="size term, exp(a) of the paper"),
        "alpha": Parameter(meaning="exponent of parameters"),
        "B": Parameter(meaning="data term, exp(b) of the paper"),
        "beta": Parameter(meaning="exponent of tokens"),
    },
    source=LADDER,
    counted="task_loss in bits per byte of the correct answer, mean of the last five evaluations; N without embeddings",
    valid="one recipe; 190M to 1.3B parameters at 1 to 10 times 20 tokens per parameter foretell 7B-4T and 13B-5T",
    ranges={"params": (1.9e8, 1.33e10), "tokens": (3.8e9, 5.1e12)},
    advice="Sum of log-Huber with delta 1e-3 (objective log-huber:1e-3). Report its error beside the second step's.",
    published=TASK_LOSS_SETS,
    unit="bits/byte",
)

TASK_SIGMOID: Final = Law(
    name="task-sigmoid",
    formula="accuracy = b + a*sigmoid(k*(task_loss - L0))",
    title="Second step of the model ladder: accuracy from task loss",
    family="downstream",
    parameters={
        "b": Parameter((0.0, 1.0), "accuracy at no loss"),
        "a": Parameter((-1.0, 0.0), "from there to chance"),
        "k": Parameter(meaning="steepness per bit/byte"),
        "L0": Parameter(meaning="task loss half-way"),
    },
    variables=("task_loss",),
    source=LADDER,
    counted="accuracy, a fraction; task_loss in bits per byte of the correct answer",
    valid="task losses of 0.51 to 1.81 bits per byte: the ends of the ladder's runs and targets over its eight tasks",
    ranges={"task_loss": (0.511, 1.815)},
    advice=(
        "Least squares (objective ls) on all checkpoints after the first tenth of each run, both axes averaged over "
        "five, with one anchor (0, 1). Checkpoints are autocorrelated: resample runs."
    ),
    published=TASK_SIGMOID_SETS,
    unit="fraction",
)

COD: Final = Law(
    name="cod",
    formula="accuracy = g + (1 - g)*exp(-a/C^b - c)",
    title="Accuracy of a cluster of equally hard items from compute",
    family="downstream",
    parameters={
        # Open at 0 from below, so that it can be fixed at 0 where nothing can be guessed.
        "g": Parameter((-1e-6, 1.0), "accuracy of guessing"),
        "a": Parameter(meaning="scale; depends on the unit of C"),
        "b": Parameter(meaning="exponent of compute"),
        "c": Parameter((0.0, 1.0), "what no compute removes"),
    },
    source=COD_SOURCE,
    counted="accuracy or pass rate, a fraction, mean of a cluster's items; C training FLOPs",
    valid=(
        "no range of compute stated by the source (small models of 0.12e9 to 7e9 parameters, a target of 70e9); "
        "clusters of items that are alike in difficulty; extrapolate where a > 1, b > 0.1 and c < 1"
    ),
    advice="Least squares (objective ls). Cluster items first (isoflop.methods.difficulty). No published coefficients.",
    unit="fraction",
)

OBSERVATIONAL: Final = Law(
    name="observational",
    formula="score = b + a*sigmoid(w1*pc1 + w2*pc2 + w3*pc3 + c)",
    title="A benchmark's score from principal components of others",
    family="downstream",
    parameters={
        "b": Parameter((0.0, 1.0), "score of guessing"),
        "a": Parameter((0.0, 1.0), "what is above guessing"),
        "w1": Parameter("real", "weight of the first component"),
        "w2": Parameter("real", "weight of the second component"),
        "w3": Parameter("real", "weight of the third component"),
        "c": Parameter("real", "offset"),
    },
    variables=("pc1", "pc2", "pc3"),
    source=RUAN,
    counted="score, a fraction; pc1 to pc3 components of centred benchmark scores (isoflop.methods.observational)",
    valid=(
        "no range of components stated by the source, which fits below 8.4e22 training FLOPs and predicts above; base "
        "models of public families; post-trained models need a law of their own"
    ),
    advice="Least squares (objective ls). Impute and rotate on the fitted models only, or the test leaks.",
    unit="fraction",
)

SLOTH: Final = Law(
    name="sloth",
    formula=(
        "score = chance + (1 - chance)*sigmoid(alpha + b_N*log(N/1e9) + b_D*log(D/1e12) + b_ND*log(N/1e9)*log(D/1e12))"
    ),
    title="A benchmark's score from size and tokens, one skill",
    family="downstream",
    parameters={
        "alpha": Parameter("real", "efficiency at 1e9 parameters and 1e12 tokens; one per family as alpha[family]"),
        "b_N": Parameter("real", "slope in log parameters"),
        "b_D": Parameter("real", "slope in log tokens"),
        "b_ND": Parameter("real", "interaction"),
    },
    variables=("chance",),
    source=SLOTH_SOURCE,
    counted="score, a fraction; chance is the benchmark's score of guessing; N and D as the families state them",
    valid=(
        "no range stated by the source; one benchmark of several families; many benchmarks share skills in "
        "isoflop.methods.sloth"
    ),
    advice="Index alpha by family: sloth with alpha[family]. A new family needs one observed model.",
    unit="fraction",
)

DENSING: Final = Law(
    name="densing",
    formula="density = exp(A*days + B)",
    title="Growth of the best capability density with time",
    family="downstream",
    parameters={
        "A": Parameter(meaning="growth per day; the density doubles in ln 2 / A days"),
        "B": Parameter("real", "logarithm of the density at day 0"),
    },
    variables=("days",),
    source=XIAO,
    counted="density is effective over actual parameters of the best model so far; days since the first model",
    valid="February 2023 to April 2025; the envelope sees frontier models only",
    ranges={"days": (0.0, 796.0)},
    advice=(
        "Fit the running best only (isoflop.methods.densing); the density saturates where the benchmark does. The "
        "paper prints A = 0.0073 per day, a doubling in 95 days, but no B, so no set is shipped."
    ),
    unit="ratio",
)

PASSUNTIL: Final = Law(
    name="passuntil",
    formula="pass_rate = exp(-c/N^alpha)",
    title="Pass rate from model size, where chance passes nothing",
    family="downstream",
    parameters={
        "c": Parameter(meaning="scale; log(-log pass_rate) is linear in log N"),
        "alpha": Parameter(meaning="exponent of parameters"),
    },
    source=HU,
    counted="pass_rate, a fraction of samples, from isoflop.methods.passuntil; N parameters",
    valid="0.03e9 to 2.4e9 parameters; tasks whose random baseline is 0, so no multiple choice",
    ranges={"params": (3e7, 2.4e9)},
    advice="Where log(-log pass_rate) bends in log N, the task emerges faster or slower than this law: look first.",
    unit="fraction",
)

LAWS: Final = (GADRE_ERROR, TASK_LOSS, TASK_SIGMOID, COD, OBSERVATIONAL, SLOTH, DENSING, PASSUNTIL)
