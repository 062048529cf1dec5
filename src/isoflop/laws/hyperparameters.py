"""Optimal learning rate and batch size: Step Law, its loss bowl, critical batch, noise-scale rules."""

from typing import Final

from isoflop.laws.law import Law, Parameter, Published, Source
from isoflop.laws.power import KAPLAN

STEP_LAW: Final = Source(
    authors="Li, Zheng, Wang, et al.",
    year=2025,
    title="Predictable Scale: Part I, Step Law: Optimal Hyperparameter Scaling Law in LLM Pretraining",
    where="arXiv:2503.04715",
)
MCCANDLISH: Final = Source(
    authors="McCandlish, Kaplan, Amodei, OpenAI Dota Team",
    year=2018,
    title="An Empirical Model of Large-Batch Training",
    where="arXiv:1812.06162",
)
WEN: Final = Source(
    authors="Wen, Hall, Ma, Liang",
    year=2025,
    title="Fantastic Pretraining Optimizers and Where to Find Them",
    where="arXiv:2509.02046",
)

_STEP_COUNTED: Final = "N without embeddings; D training tokens; sequences of 2,048 tokens"
_STEP_VALID: Final = "60e6 to 1.07e9 non-embedding parameters, 2e9 to 1e11 tokens; cosine to a fixed end rate of 1e-5"
_STEP_RANGES: Final = {"params": (6e7, 1.07e9), "tokens": (2e9, 1e11)}
_REFIT_WHERE: Final = "37 cells of steplaw_scalebench: log-mean of the runs within .15% of the cell's best, then OLS"

STEPLAW_LR: Final = Law(
    name="steplaw-lr",
    formula="lr = c*N^a*D^b",
    title="Optimal peak learning rate in parameters and tokens",
    family="hyperparameters",
    parameters={
        "c": Parameter(meaning="rate at one parameter and one token"),
        "a": Parameter("real", meaning="exponent of parameters"),
        "b": Parameter("real", meaning="exponent of tokens, at a batch size that grows with them"),
    },
    source=STEP_LAW,
    counted=f"{_STEP_COUNTED}; lr is the peak rate of AdamW",
    valid=_STEP_VALID,
    ranges=_STEP_RANGES,
    advice=(
        "Give it the optimum of each cell (see step_law_optima), not all runs. The sign of b depends on the recipe: "
        "with a fixed batch and an end rate in proportion to the peak others find it negative."
    ),
    published=(
        Published(
            name="li-2025",
            values={"c": 1.79, "a": -0.713, "b": 0.307},
            where="arXiv:2503.04715, equation 1",
            evidence="V",
            note="N non-embedding; end rate 1e-5; batch as the law of the batch size says.",
        ),
        Published(
            name="scalebench-refit",
            values={"c": 1.8776202841872096, "a": -0.7403485512454742, "b": 0.3312741202988166},
            where=_REFIT_WHERE,
            evidence="R",
            note="N non-embedding; two more small sizes than the paper's own fit.",
        ),
    ),
    unit="per step",
)

STEPLAW_BATCH: Final = Law(
    name="steplaw-batch",
    formula="batch_tokens = c*D^b",
    title="Optimal batch size in tokens",
    family="hyperparameters",
    parameters={
        "c": Parameter(meaning="batch at one token"),
        "b": Parameter(meaning="exponent of tokens"),
    },
    source=STEP_LAW,
    counted=f"{_STEP_COUNTED}; the batch counts tokens",
    valid=_STEP_VALID,
    ranges=_STEP_RANGES,
    advice="Give it the optimum of each cell; divide by the sequence length for sequences. It does not depend on N.",
    published=(
        Published(
            name="li-2025",
            values={"c": 0.58, "b": 0.571},
            where="arXiv:2503.04715, equation 1",
            evidence="V",
            note="Tokens per step.",
        ),
        Published(
            name="scalebench-refit",
            values={"c": 0.6664011912245998, "b": 0.5659825382964138},
            where=_REFIT_WHERE,
            evidence="R",
            note="Tokens per step.",
        ),
    ),
    unit="tokens",
)

STEPLAW_BOWL: Final = Law(
    name="steplaw-bowl",
    formula="loss_ratio = k*(1 + p*log(lr/(c*N^a*D^b))^2 + s*log(batch_tokens/(g*D^d))^2)",
    title="Loss above the best of its cell: a convex bowl in the logarithms of learning rate and batch size",
    family="hyperparameters",
    parameters={
        "k": Parameter(start=(0.98, 1.02), meaning="loss at the optimum, relative to the least measured one"),
        "p": Parameter(start=(1e-4, 0.1), meaning="relative loss one e-fold of the rate away from its optimum"),
        "c": Parameter(start=(0.2, 5.0), meaning="optimal rate at one parameter and one token"),
        "a": Parameter("real", start=(-1.0, 0.5), meaning="exponent of parameters in the optimal rate"),
        "b": Parameter("real", start=(-0.5, 0.8), meaning="exponent of tokens in the optimal rate"),
        "s": Parameter(start=(1e-4, 0.1), meaning="relative loss one e-fold of the batch away from its optimum"),
        "g": Parameter(start=(0.2, 5.0), meaning="optimal batch at one token"),
        "d": Parameter("real", start=(0.0, 1.0), meaning="exponent of tokens in the optimal batch"),
    },
    source=STEP_LAW,
    counted=f"{_STEP_COUNTED}; loss_ratio: loss over the least loss of the same N and D; the batch counts tokens",
    valid="runs within about 2% of the best of their cell: further out the bowl is steeper than a parabola",
    ranges=_STEP_RANGES,
    advice=(
        "Ours, after the paper's finding that loss is convex in both. Optimum, interval and width of the plateau in "
        "one fit: the loss stays within a share r for rates within exp(sqrt(r/p)) of the optimum. Resample by cell."
    ),
    unit="share of the least loss",
)

CRITICAL_BATCH: Final = Law(
    name="critical-batch",
    formula="batch_tokens = B_star/L^(1/alpha_B)",
    title="Critical batch size in the loss reached",
    family="hyperparameters",
    parameters={
        "B_star": Parameter(meaning="critical batch at a loss of one nat"),
        "alpha_B": Parameter(meaning="exponent: the batch grows by 2^(1/alpha_B) when the loss halves"),
    },
    source=KAPLAN,
    counted="batch_tokens: E_min/S_min, tokens in the batch at which steps and tokens are both twice their least",
    valid="WebText2, context of 1024, losses of about 2 to 6 nats",
    ranges={"loss": (2.0, 6.0)},
    advice=(
        "Give it one E_min/S_min per loss level, from the hyperbola of steps and tokens (batch-steps). "
        "B_star is tied to corpus, tokenizer and context."
    ),
    published=(
        Published(
            name="kaplan-2020",
            values={"B_star": 2.0e8, "alpha_B": 0.21},
            where="arXiv:2001.08361, B_crit(L)",
            evidence="V",
            note="Tokens; the text also has 2.1e8.",
        ),
    ),
    unit="tokens",
)

BATCH_STEPS: Final = Law(
    name="batch-steps",
    formula="S = S_min*(1 + B_crit/batch_tokens)",
    title="Steps to a fixed loss in the batch size",
    family="hyperparameters",
    parameters={
        "S_min": Parameter(meaning="steps at an endless batch"),
        "B_crit": Parameter(meaning="critical batch: E_min/S_min, in the unit of the batch"),
    },
    source=MCCANDLISH,
    counted="S: steps at which runs of one model first reach one loss; batch_tokens: tokens per step",
    valid="no range stated by the source; one loss level, learning rate tuned at every batch size",
    advice=(
        "The same as (S/S_min - 1)(E/E_min - 1) = 1 with E = S times the batch, and E_min = S_min B_crit. "
        "Spread the batches over both sides of B_crit."
    ),
    unit="optimiser steps",
)

LR_BATCH: Final = Law(
    name="lr-batch-saturating",
    formula="lr = lr_max/(1 + B_noise/batch_tokens)",
    title="Optimal learning rate of SGD in the batch size, saturating at the noise scale",
    family="hyperparameters",
    parameters={
        "lr_max": Parameter(meaning="best rate at an endless batch"),
        "B_noise": Parameter(meaning="noise scale: batch at which the best rate is half of lr_max"),
    },
    source=MCCANDLISH,
    counted="lr: best rate at each batch size, tuned; batch_tokens: tokens (or examples) per step",
    valid=(
        "no range stated by the source; SGD and its momentum; for Adam use lr-batch-power, with an exponent near one "
        "half"
    ),
    advice="Linear in the batch far below B_noise, constant far above. Tune the rate at both ends.",
    unit="per step",
)

LR_BATCH_POWER: Final = Law(
    name="lr-batch-power",
    formula="lr = c*batch_tokens^k",
    title="Optimal learning rate as a power of the batch size",
    family="hyperparameters",
    parameters={
        "c": Parameter(meaning="rate at a batch of one"),
        "k": Parameter("real", meaning="exponent: 1 for SGD, 1/2 for Adam, below the critical batch"),
    },
    source=Source(
        authors="Granziol, Zohren, Roberts",
        year=2020,
        title="Learning Rates as a Function of Batch Size: A Random Matrix Theory Approach to Neural Network Training",
        where="arXiv:2006.09092",
    ),
    counted="lr: best rate at each batch size, tuned; batch_tokens: tokens (or examples) per step",
    valid="no range stated by the source; batches below the critical one, beyond which the best rate stops growing",
    advice="To use the rule, fix k at 1 (linear) or 0.5 (square root); to test it, leave k free and see its interval.",
    unit="per step",
)

HYPERPARAMETER: Final = Law(
    name="optimal-hyperparameter",
    formula="optimum = a*N^(-u)*D^(-v) + b",
    title="Any optimal hyper-parameter in parameters and tokens, with an offset",
    family="hyperparameters",
    parameters={
        "a": Parameter(meaning="amplitude at one parameter and one token"),
        "u": Parameter("real", meaning="exponent of parameters"),
        "v": Parameter("real", meaning="exponent of tokens"),
        "b": Parameter(meaning="value at endless scale"),
    },
    source=WEN,
    counted="the optimum of one hyper-parameter in each cell of N (non-embedding) and D",
    valid="130e6 to 1.2e9 parameters, 1 to 8 times 20 tokens per parameter",
    ranges={"params": (1.3e8, 1.2e9), "tokens_per_param": (20.0, 160.0)},
    advice="Map your column onto the response. A setting within 3e-3 of the best loss counts as optimal in the source.",
    unit="of the hyper-parameter",
)

LAWS: Final = (
    STEPLAW_LR,
    STEPLAW_BATCH,
    STEPLAW_BOWL,
    CRITICAL_BATCH,
    BATCH_STEPS,
    LR_BATCH,
    LR_BATCH_POWER,
    HYPERPARAMETER,
)
