"""Pre-training loss in parameters N with tokens D or steps S: Kaplan, Gadre's over-training, Skaling."""

from typing import Final

from isoflop.laws.law import Law, Parameter, Published, Source
from isoflop.laws.power import KAPLAN

GADRE: Final = Source(
    authors="Gadre, Smyrnis, Shankar, et al.",
    year=2024,
    title="Language models scale reliably with over-training and on downstream tasks",
    where="arXiv:2403.08540",
)
SKALING: Final = Source(
    authors="Videau et al.",
    year=2026,
    title="Skaling",
    where="arXiv:2608.07222",
)

KAPLAN_TOKENS: Final = Law(
    name="kaplan-tokens",
    formula="L = ((N_c/N)^(alpha_N/alpha_D) + D_c/D)^alpha_D",
    title="Joint loss in parameters and tokens, without a floor",
    family="pretraining",
    parameters={
        "N_c": Parameter(meaning="size at which the size term alone gives one nat"),
        "alpha_N": Parameter(meaning="exponent of parameters with unlimited data"),
        "alpha_D": Parameter(meaning="exponent of tokens with unlimited parameters"),
        "D_c": Parameter(meaning="tokens at which the data term alone gives one nat"),
    },
    source=KAPLAN,
    counted="N without embeddings; D distinct training tokens of early-stopped runs",
    ranges={"params": (768, 1.5e9), "tokens": (0.0, 2.29e10)},
    valid="768 to 1.5e9 non-embedding parameters, up to 2.29e10 tokens (WebText2)",
    advice="No irreducible loss: compare with chinchilla by back-test before extrapolating far.",
    published=(
        Published(
            name="kaplan-2020",
            values={"N_c": 6.4e13, "alpha_N": 0.076, "alpha_D": 0.103, "D_c": 1.8e13},
            where="arXiv:2001.08361, L(N, D)",
            evidence="V",
            note="Nats/token; N non-embedding; D tokens.",
        ),
    ),
)

KAPLAN_STEPS: Final = Law(
    name="kaplan-steps",
    formula="L = A/N^alpha_N + B/S^alpha_S",
    title="Joint loss in parameters and training steps, without a floor",
    family="pretraining",
    parameters={
        "A": Parameter(meaning="N_c^alpha_N of the paper"),
        "alpha_N": Parameter(meaning="exponent of parameters"),
        "B": Parameter(meaning="S_c^alpha_S of the paper"),
        "alpha_S": Parameter(meaning="exponent of steps"),
    },
    source=KAPLAN,
    counted="N without embeddings; S is S_min = S/(1 + B_crit/B), the steps at a batch far above the critical one",
    valid="after warm-up, before the learning rate has decayed, data seen once",
    advice="Convert measured steps to S_min first, or train at one batch size and read S as steps at that batch.",
    published=(
        Published(
            name="kaplan-2020",
            values={"A": 6.5e13**0.077, "alpha_N": 0.077, "B": 2.1e3**0.76, "alpha_S": 0.76},
            where="arXiv:2001.08361, L(N, S_min) with N_c = 6.5e13, S_c = 2.1e3",
            evidence="V",
            note="Nats/token; N non-embedding; S_min steps.",
        ),
    ),
)


def _gadre(corpus: str, printed: tuple[float, ...], fitted: tuple[float, ...]) -> tuple[Published, ...]:
    """The constants of one training set: as the paper prints them, and its five-run fit repeated in full precision."""
    names = ("E", "a", "b", "eta")
    units = "Nats/token on C4 validation; N with embeddings; D training tokens"
    return (
        Published(
            name=f"gadre-2024-{corpus}",
            values=dict(zip(names, fitted, strict=True)),
            where="arXiv:2403.08540, the authors' five runs fitted again by least squares on the loss",
            evidence="R",
            note=f"{units}.",
        ),
        Published(
            name=f"gadre-2024-{corpus}-printed",
            values=dict(zip(names, printed, strict=True)),
            where="arXiv:2403.08540, as printed",
            evidence="V",
            note=f"{units}. The stationary ratio M* = (b/a)^(1/(2 eta)) lies below every run: it is not advice.",
        ),
    )


OVERTRAINING: Final = Law(
    name="gadre",
    formula="L = E + 6^(-eta)*(a/N^(2*eta) + b/D^(2*eta))",
    title="Over-training with tied exponents",
    family="pretraining",
    parameters={
        "E": Parameter(meaning="irreducible loss"),
        "eta": Parameter(meaning="exponent of compute at a fixed ratio M = D/N"),
        "a": Parameter(meaning="size term: L = E + (a M^eta + b M^-eta) C^-eta"),
        "b": Parameter(meaning="data term"),
    },
    source=GADRE,
    counted="N with embeddings; D training tokens; C = 6ND and M = D/N eliminated exactly from the paper's form",
    ranges={"params": (10e6, 6.9e9), "tokens_per_param": (20.0, 640.0)},
    valid="ratios of 20 to 640 tokens per parameter, 10e6 to 6.9e9 parameters",
    advice="Four constants: five runs are enough if one of them is over-trained. It is Chinchilla with alpha = beta.",
    published=(
        *_gadre(
            "c4",
            (1.51, 141.0, 190.0, 0.121),
            (1.5082605469747048, 141.27725591806578, 189.51552247070413, 0.12123611978817346),
        ),
        *_gadre(
            "redpajama",
            (1.84, 212.0, 367.0, 0.136),
            (1.8366483603507453, 212.23610338425797, 366.68715894134164, 0.13642535014521892),
        ),
        *_gadre(
            "refinedweb",
            (1.73, 157.0, 246.0, 0.127),
            (1.7344620697623763, 157.11627910668835, 246.20667717672941, 0.1271974212406164),
        ),
    ),
)

SKALING_LAW: Final = Law(
    name="skaling",
    formula="L = (A/N^alpha + B/D^beta)^k + E",
    title="Size and data terms coupled by an outer exponent",
    family="pretraining",
    parameters={
        "A": Parameter(meaning="size term; carries the unit of N^alpha"),
        "alpha": Parameter(meaning="inner exponent of parameters"),
        "B": Parameter(meaning="data term; carries the unit of D^beta"),
        "beta": Parameter(meaning="inner exponent of tokens"),
        "k": Parameter(meaning="coupling: 1 is Chinchilla, below 1 more data helps a larger model more"),
        "E": Parameter(meaning="irreducible loss"),
    },
    source=SKALING,
    counted="as the runs count N and D, all alike",
    valid="as the runs it is fitted to; same compute-optimal closed form as Chinchilla",
    advice="Needs runs away from one ratio D/N; on small tables it extrapolates worse than Chinchilla, so back-test.",
    published=(
        Published(
            name="epoch-2024-refit",
            values={
                "A": 3909.262,
                "alpha": 0.4525526,
                "B": 33524.64,
                "beta": 0.4865805,
                "k": 0.7368605,
                "E": 1.7920351,
            },
            where="the 240 points of arXiv:2404.10102, least squares on the log loss",
            evidence="R",
            note="Nats/token; N with embeddings; D training tokens.",
        ),
    ),
)

LAWS: Final = (KAPLAN_TOKENS, KAPLAN_STEPS, OVERTRAINING, SKALING_LAW)
