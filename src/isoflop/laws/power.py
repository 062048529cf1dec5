"""Power laws in one variable, with and without a floor: parameters N, tokens D or compute C."""

from typing import Final

from isoflop.laws.law import Law, Parameter, Published, Source
from isoflop.units import FLOPS_PER_PF_DAY

HESTNESS: Final = Source(
    authors="Hestness, Narang, Ardalani, Diamos, Jun, Kianinejad, Patwary, Yang, Zhou",
    year=2017,
    title="Deep Learning Scaling is Predictable, Empirically",
    where="arXiv:1712.00409",
)
KAPLAN: Final = Source(
    authors="Kaplan, McCandlish, Henighan, Brown, Chess, Child, Gray, Radford, Wu, Amodei",
    year=2020,
    title="Scaling Laws for Neural Language Models",
    where="arXiv:2001.08361",
)
HENIGHAN: Final = Source(
    authors="Henighan, Kaplan, Katz, et al.",
    year=2020,
    title="Scaling Laws for Autoregressive Generative Modeling",
    where="arXiv:2010.14701",
)

_NONEMBEDDING: Final = "Nats/token; N non-embedding"
_HENIGHAN_N: Final = "Nats per token of the modality; N non-embedding"
_HENIGHAN_C: Final = "Nats per token of the modality; C in FLOPs (published in PF-days)"

_E: Final = Parameter(meaning="irreducible loss: what remains at infinite scale")
_PARAMS: Final = {
    "A": Parameter(meaning="N_c^alpha of the paper; carries the unit of N^alpha"),
    "alpha": Parameter(meaning="exponent of parameters"),
}
_TOKENS: Final = {
    "B": Parameter(meaning="D_c^alpha_D of the paper; carries the unit of D^beta"),
    "beta": Parameter(meaning="exponent of tokens"),
}
_FLOPS: Final = {
    "K": Parameter(meaning="C_c^alpha_C of the paper; carries the unit of C^gamma"),
    "gamma": Parameter(meaning="exponent of compute"),
}

# Domain, L_inf, N_0, alpha_N, then L_inf, C_0 in PF-days, alpha_C; None where the row has no floor or no law.
_HENIGHAN_TABLE: Final = (
    ("language", None, 1.47e14, 0.070, None, 3.47e8, 0.048),
    ("image-8x8", 3.12, 8.0e1, 0.24, 3.13, 1.8e-8, 0.19),
    ("image-16x16", 2.64, 2.8e2, 0.22, 2.64, 1.6e-8, 0.16),
    ("image-32x32", 2.20, 6.3e1, 0.13, 2.21, 3.6e-9, 0.10),
    ("image-vq-16x16", 3.99, 2.7e4, 0.13, 4.09, 6.1e-7, 0.11),
    ("image-vq-32x32", 3.07, 1.9e4, 0.14, 3.17, 2.6e-6, 0.12),
    ("text-to-image-text", None, 5.6e8, 0.037, None, None, None),
    ("text-to-image-image", 2.0, 5.1e3, 0.16, 1.93, 1.5e-6, 0.15),
    ("image-to-text-text", None, 7.0e8, 0.039, None, None, None),
    ("image-to-text-image", 2.0, 5.5e3, 0.15, 1.97, 1.5e-6, 0.16),
    ("video-vq-16x16x16", 1.01, 3.7e4, 0.24, 0.95, 2.2e-5, 0.14),
    ("math", 0.28, 1.1e4, 0.16, 0.14, 1.4e-5, 0.17),
)


def _henighan_params(*, floor: bool) -> tuple[Published, ...]:
    """The L(N) column of the table, `(N_0/N)^alpha` written as `A/N^alpha`."""
    found = []
    for domain, l_inf, n_0, alpha, *_ in _HENIGHAN_TABLE:
        if (l_inf is not None) == floor:
            e = {"E": l_inf} if l_inf is not None else {}
            values = {**e, "A": n_0**alpha, "alpha": alpha}
            found.append(_henighan(domain, values, _HENIGHAN_N))
    return tuple(found)


def _henighan_flops(*, floor: bool) -> tuple[Published, ...]:
    """The L(C) column of the table, `(C_0/C)^alpha` written as `K/C^gamma` with C in FLOPs."""
    found = []
    for domain, *_, l_inf, c_0, alpha in _HENIGHAN_TABLE:
        if c_0 is not None and alpha is not None and (l_inf is not None) == floor:
            e = {"E": l_inf} if l_inf is not None else {}
            values = {**e, "K": (c_0 * FLOPS_PER_PF_DAY) ** alpha, "gamma": alpha}
            found.append(_henighan(domain, values, _HENIGHAN_C))
    return tuple(found)


def _henighan(domain: str, values: dict[str, float], units: str) -> Published:
    """One cell of the table of Henighan et al."""
    return Published(
        name=f"henighan-{domain}",
        values=values,
        where="arXiv:2010.14701, table of fits per domain",
        evidence="V",
        note=f"{units}. Two-digit constants. Losses of different rows have different units: never compare rows.",
    )


POWER_PARAMS: Final = Law(
    name="power-params",
    formula="L = A/N^alpha",
    title="Power law in parameters",
    family="pretraining",
    parameters=_PARAMS,
    source=KAPLAN,
    counted="N without embeddings in the published sets; the law itself takes either, if all runs count alike",
    valid="data and training not limiting; Kaplan: 768 to 1.5e9 non-embedding parameters, context 1024",
    advice="A straight line on log-log axes. If residuals bend upwards at the large end, add a floor.",
    published=(
        Published(
            name="kaplan-2020",
            values={"A": 8.8e13**0.076, "alpha": 0.076},
            where="arXiv:2001.08361, L(N) with N_c = 8.8e13, alpha_N = 0.076",
            evidence="V",
            note=(
                f"{_NONEMBEDDING}. WebText2, BPE 50257. "
                "Not the N_c of the joint laws: the three sets are separate fits."
            ),
        ),
        *_henighan_params(floor=False),
    ),
)

POWER_TOKENS: Final = Law(
    name="power-tokens",
    formula="L = B/D^beta",
    title="Power law in training tokens",
    family="pretraining",
    parameters=_TOKENS,
    source=KAPLAN,
    counted="D distinct training tokens of early-stopped runs of a model that is large enough",
    valid="model size not limiting; Kaplan: up to 2.29e10 tokens of WebText2",
    advice="Use the best loss over model sizes at each D: curves of one small model are steeper and have a floor.",
    published=(
        Published(
            name="kaplan-2020",
            values={"B": 5.4e13**0.095, "beta": 0.095},
            where="arXiv:2001.08361, L(D) with D_c = 5.4e13, alpha_D = 0.095",
            evidence="V",
            note="Nats/token; D tokens, early stopped.",
        ),
        Published(
            name="hestness-translation-envelope",
            values={"B": 3.87, "beta": 0.13},
            where="arXiv:1712.00409, machine translation, lower envelope over model sizes (exponent -0.128)",
            evidence="V",
            note="Error per token (not nats); D training tokens.",
        ),
    ),
)

POWER_FLOPS: Final = Law(
    name="power-flops",
    formula="L = K/C^gamma",
    title="Power law in training compute",
    family="pretraining",
    parameters=_FLOPS,
    source=KAPLAN,
    counted="C of the compute-optimal runs; Kaplan and Henighan count 6 FLOPs per non-embedding parameter and token",
    valid="compute-optimal runs only (or runs at one fixed ratio of tokens to parameters)",
    advice="Fit the lower envelope, or one ratio of tokens to parameters: other runs lie above the line.",
    published=(
        Published(
            name="kaplan-2020",
            values={"K": (3.1e8 * FLOPS_PER_PF_DAY) ** 0.050, "gamma": 0.050},
            where="arXiv:2001.08361, L(C_min) with C_c = 3.1e8 PF-days, alpha_C = 0.050",
            evidence="V",
            note=(
                "Nats/token; C_min in FLOPs (published in PF-days), at a batch far below the critical one. "
                "A figure of the same paper shows C_c = 2.3e8."
            ),
        ),
        *_henighan_flops(floor=False),
    ),
)

POWER_PARAMS_FLOOR: Final = Law(
    name="power-params-floor",
    formula="L = E + A/N^alpha",
    title="Power law in parameters with an irreducible loss",
    family="pretraining",
    parameters={"E": _E, **_PARAMS},
    source=HENIGHAN,
    counted="N without embeddings in the published sets; the law itself takes either, if all runs count alike",
    valid="data not limiting; the published rows hold for the sizes that Henighan et al. trained, not beyond",
    advice="E needs runs close to it: with less than two decades of N, look at its interval before quoting it.",
    published=_henighan_params(floor=True),
)

POWER_TOKENS_FLOOR: Final = Law(
    name="power-tokens-floor",
    formula="L = E + B/D^beta",
    title="Power law in training tokens with an irreducible error",
    family="pretraining",
    parameters={"E": _E, **_TOKENS},
    source=HESTNESS,
    counted="D training tokens (Hestness: training-set size m)",
    valid="one model size, or the best size at each D; beyond the small-data region",
    advice="One model's learning curve has a floor that is its capacity, not the data's entropy.",
    published=(
        Published(
            name="hestness-translation-208",
            values={"E": 0.39, "B": 41.2, "beta": 0.36},
            where="arXiv:1712.00409, machine translation, 208-unit model",
            evidence="V",
            note="Error per token (not nats); D training tokens.",
        ),
        Published(
            name="hestness-translation-512",
            values={"E": 0.32, "B": 21.5, "beta": 0.30},
            where="arXiv:1712.00409, machine translation, 512-unit model",
            evidence="V",
            note="Error per token (not nats); D training tokens.",
        ),
    ),
)


def _porian(step: int, k: float, gamma: float, e: float) -> Published:
    """A loss frontier of Porian et al., one per successive training configuration."""
    return Published(
        name=f"porian-frontier-{step}",
        values={"E": e, "K": k, "gamma": gamma},
        where=f"arXiv:2406.19146, loss along the compute frontier, configuration {step} of 3",
        evidence="V",
        note=(
            "Nats/token; C in FLOPs with the language-model head, without the input embedding. "
            "Successive corrections of the training set-up; the exponent falls as each is applied."
        ),
    )


POWER_FLOPS_FLOOR: Final = Law(
    name="power-flops-floor",
    formula="L = E + K/C^gamma",
    title="Power law in training compute with an irreducible loss",
    family="pretraining",
    parameters={"E": _E, **_FLOPS},
    source=HENIGHAN,
    counted="C of the compute-optimal runs, in FLOPs",
    valid="compute-optimal runs only (or runs at one fixed ratio of tokens to parameters)",
    advice="Along the optimum of a Chinchilla law this form is exact: gamma = alpha*beta/(alpha + beta).",
    published=(
        _porian(1, 128.93, 0.106, 2.01),
        _porian(2, 97.27, 0.096, 1.78),
        _porian(3, 87.16, 0.092, 1.68),
        *_henighan_flops(floor=True),
    ),
)

LAWS: Final = (
    POWER_PARAMS,
    POWER_TOKENS,
    POWER_FLOPS,
    POWER_PARAMS_FLOOR,
    POWER_TOKENS_FLOOR,
    POWER_FLOPS_FLOOR,
)
