"""Loss when data runs short: repeated tokens, regularised models, ensembles, and what new data would give."""

import math
from typing import Final

from isoflop.laws.law import Law, Parameter, Published, Source

MUENNIGHOFF: Final = Source(
    authors="Muennighoff, Rush, Barak, et al.",
    year=2023,
    title="Scaling Data-Constrained Language Models",
    where="arXiv:2305.16264, eq. 5 and 6",
)
KIM: Final = Source(
    authors="Kim, Kotha, Liang, Hashimoto",
    year=2025,
    title="Pre-training under infinite compute",
    where="arXiv:2509.14786",
)
PRACTICAL: Final = Source(
    authors="(authors not recorded here)",
    year=2026,
    title="Practical Scaling Laws",
    where="arXiv:2605.09189",
)

# The size that U tokens can feed: the optimum of the base law at D = U, (U G)^(beta/alpha) G in the paper's letters.
_FED: Final = "(alpha*A/(beta*B)*U^beta)^(1/alpha)"

_C4_BASE: Final = {
    "E": math.exp(0.6254804),
    "A": math.exp(6.255414),
    "alpha": 0.3526596,
    "B": math.exp(7.3049974),
    "beta": 0.3526596,
}
_C4: Final = "Nats/token on C4; N with embeddings; D training tokens, repeats counted; U distinct tokens"

DATA_CONSTRAINED: Final = Law(
    name="data-constrained",
    # D' = U_D (1 + R_D (1 - exp(-repeats/R_D))) by expm1: a plain 1 - exp(-x) is zero at a large R_D, a false minimum.
    formula=(
        f"L = E + A/(min(N, {_FED})*(1 - R_N*expm1((1 - max(N/{_FED}, 1))/R_N)))^alpha"
        " + B/(min(D, U)*(1 - R_D*expm1((1 - max(D/U, 1))/R_D)))^beta"
    ),
    title="Chinchilla with repeated tokens and excess parameters worth ever less",
    family="data",
    parameters={
        "E": Parameter(meaning="irreducible loss"),
        "A": Parameter(meaning="size term; carries the unit of N^alpha"),
        "alpha": Parameter(meaning="exponent of effective parameters", start=(0.2, 0.6)),
        "beta": Parameter(meaning="exponent of effective tokens", start=(0.2, 0.6)),
        "B": Parameter(meaning="data term; carries the unit of D^beta", start=(1.0, 1e6)),
        "R_N": Parameter(
            meaning="R_N* of the paper: excess size, in times what U feeds, that is worth 63 %", start=(0.3, 300)
        ),
        "R_D": Parameter(
            meaning="R_D* of the paper: repeats after which 63 % of all they can give is given", start=(0.3, 300)
        ),
    },
    source=MUENNIGHOFF,
    counted="N with embeddings; D training tokens with repeats; U distinct tokens; epochs = D/U, repeats = epochs - 1",
    valid="7e6 to 9e9 parameters, 1e8 to 9e11 tokens, up to 9000 epochs of C4",
    ranges={"params": (7.0e6, 8.7e9), "tokens": (1e8, 9e11), "unique_tokens": (1e8, 1.8e11)},
    advice=(
        "Fix E, A, alpha, B and beta at a law of unrepeated data and fit R_D and R_N alone, as the paper does. "
        "Up to 4 epochs are almost as good as new data. The loss cannot rise with N here, though overfitted models do."
    ),
    published=(
        Published(
            name="muennighoff-2023",
            values={**_C4_BASE, "R_N": 5.309743, "R_D": 15.387756},
            where="arXiv:2305.16264 and utils/parametric_fit.ipynb of huggingface/datablations",
            evidence="V",
            note=f"{_C4}. One point of a flat valley: R_D from 15 to 95 fits the same 182 runs within 0.13 %.",
        ),
        Published(
            name="datablations-refit",
            values={**_C4_BASE, "R_N": 1.7059050066410935, "R_D": 95.36516795938635},
            where="the authors' 182 runs, sum of Huber losses with delta = 1e-3, global optimum",
            evidence="R",
            note=f"{_C4}.",
        ),
    ),
)

REPEAT_OVERFIT: Final = Law(
    name="repeat-overfit",
    formula=(
        "L = E + (L_0 - E)*(a/N^alpha + b/D^beta + c*N^gamma/U^delta)/(1 + a/N^alpha + b/D^beta + c*N^gamma/U^delta)"
    ),
    title="Loss that rises again where a model is too large for its distinct tokens",
    family="data",
    parameters={
        "E": Parameter(meaning="irreducible loss"),
        "L_0": Parameter(meaning="loss before training"),
        "a": Parameter(meaning="size term; carries the unit of N^alpha"),
        "alpha": Parameter(meaning="exponent of parameters"),
        "b": Parameter(meaning="term of tokens seen; carries the unit of D^beta"),
        "beta": Parameter(meaning="exponent of tokens seen"),
        "c": Parameter(meaning="term of overfitting; carries the unit of U^delta/N^gamma"),
        "gamma": Parameter(meaning="exponent of parameters in overfitting"),
        "delta": Parameter(meaning="exponent of distinct tokens in overfitting"),
    },
    source=PRACTICAL,
    counted="N with embeddings; D training tokens with repeats (T of the paper); U distinct tokens (D of the paper)",
    valid="read from the paper's abstract only; range not known",
    advice=(
        "Fix L_0 at ln of the vocabulary's size. Needs runs past the minimum in N or in epochs; without them "
        "gamma, delta and c are not determined. No coefficients are at hand."
    ),
)

REGULARISED_PARAMS: Final = Law(
    name="regularised-params",
    formula="L = E + A/N^alpha",
    title="Size alone, with weight decay and epochs tuned at every size",
    family="data",
    parameters={
        "E": Parameter(meaning="loss of an infinitely large model on this fixed data set"),
        "A": Parameter(meaning="size term; carries the unit of N^alpha"),
        "alpha": Parameter(meaning="exponent of parameters"),
    },
    source=KIM,
    counted="N parameters at a fixed set of tokens; learning rate, epochs and weight decay tuned jointly at each N",
    valid="3e8 to 1.4e9 parameters on 2e8 tokens",
    ranges={"params": (3e8, 1.4e9)},
    advice=(
        "Fit only models whose learning rate, epochs and weight decay are tuned together: with others the loss is not "
        "even monotone in N. The best weight decay reaches 30 times the usual 0.1."
    ),
    published=(
        Published(
            name="kim-2025",
            values={"E": 3.43, "A": 0.05 * 1e9**1.02, "alpha": 1.02},
            where="arXiv:2509.14786, regularised recipe on 200M tokens of DCLM",
            evidence="V",
            note="Nats/token; N parameters; published for N in billions.",
        ),
    ),
)

ENSEMBLE: Final = Law(
    name="ensemble",
    formula="L = E + A/ensemble_members",
    title="Average of independently trained models of one size",
    family="data",
    parameters={
        "E": Parameter(meaning="loss of infinitely many members"),
        "A": Parameter(meaning="what a single member loses to infinitely many"),
    },
    variables=("ensemble_members",),
    source=KIM,
    counted="ensemble_members K models of one size, trained apart on the same fixed tokens, logits averaged",
    valid="1 to 8 members of 3e8 to 1.4e9 parameters on 2e8 tokens",
    ranges={"ensemble_members": (1, 8)},
    advice=(
        "Printed asymptotes for 300e6 parameters: 3.34 with the best settings of a single model, 3.27 with twice the "
        "epochs and half the weight decay. The paper prints no A, so no set is shipped."
    ),
)

ENSEMBLE_PARAMS: Final = Law(
    name="ensemble-params",
    formula="L = E + A/N^alpha + B/(ensemble_members*N^beta)",
    title="Size and members of an ensemble, both limits at once",
    family="data",
    parameters={
        "E": Parameter(meaning="loss of infinitely many infinitely large members on this fixed data set"),
        "A": Parameter(meaning="size term; carries the unit of N^alpha"),
        "alpha": Parameter(meaning="exponent of the members' size"),
        "B": Parameter(meaning="what a single member loses to infinitely many; carries the unit of N^beta"),
        "beta": Parameter(meaning="exponent of the members' size in that"),
    },
    variables=("ensemble_members",),
    source=KIM,
    counted="N parameters of one member; ensemble_members K trained apart on the same fixed tokens, logits averaged",
    valid="1 to 8 members of 3e8 to 1.4e9 parameters on 2e8 tokens",
    ranges={"params": (3e8, 1.4e9), "ensemble_members": (1, 8)},
    advice=(
        "The paper takes the limits one after the other, members first and then size, and prints 3.17 for both at 2e8 "
        "tokens; this form takes them together, so that the limit has an interval. No coefficients are printed."
    ),
)

REGULARISED_TOKENS: Final = Law(
    name="regularised-tokens",
    formula="L = E + B/U^beta",
    title="What infinite compute makes of a set of distinct tokens",
    family="data",
    parameters={
        "E": Parameter(meaning="irreducible loss"),
        "B": Parameter(meaning="data term; carries the unit of U^beta"),
        "beta": Parameter(meaning="exponent of distinct tokens"),
    },
    source=KIM,
    counted="U distinct tokens; the loss is the asymptote of regularised-params at these tokens, not of one run",
    ranges={"unique_tokens": (2e8, math.inf)},
    valid="from 2e8 tokens of DCLM; other recipes of the paper give exponents .23 to .24 and floors 1.89 to 1.96",
    advice=(
        "Fit regularised-params at each U first, then this law to their E. "
        "How far two such curves lie apart along U is the gain in data (isoflop.methods.multiplier)."
    ),
    published=(
        Published(
            name="kim-2025",
            values={"E": 1.96, "B": 1.03 * 1e9**0.23, "beta": 0.23},
            where="arXiv:2509.14786, asymptotes of the regularised recipe",
            evidence="V",
            note="Nats/token; U distinct tokens; printed for billions of tokens, a unit inferred from 3.45 at 2e8.",
        ),
    ),
)

LAWS: Final = (DATA_CONSTRAINED, REPEAT_OVERFIT, REGULARISED_PARAMS, ENSEMBLE, ENSEMBLE_PARAMS, REGULARISED_TOKENS)
