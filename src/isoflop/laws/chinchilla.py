"""The Chinchilla law `L = E + A/N^alpha + B/D^beta` and its published coefficient sets."""

import math
from typing import Final

from isoflop.laws.law import Law, Parameter, Published, Source

HOFFMANN: Final = Source(
    authors="Hoffmann, Borgeaud, Mensch, et al.",
    year=2022,
    title="Training Compute-Optimal Large Language Models",
    where="arXiv:2203.15556, approach 3",
)

_TOTAL: Final = "Nats/token; N with embeddings; D training tokens; C = 6ND"
_CZECH: Final = "arXiv:2603.22339"


def _values(e: float, a: float, b: float, alpha: float, beta: float) -> dict[str, float]:
    """The five constants in the order of the formula."""
    return {"E": e, "A": a, "alpha": alpha, "B": b, "beta": beta}


def _in_millions_and_billions(e: float, a: float, b: float, alpha: float, beta: float) -> dict[str, float]:
    """Constants published for N/1e6 and D/1e9, brought to N and D themselves."""
    return _values(e, a * 1e6**alpha, b * 1e9**beta, alpha, beta)


def _czech_surface(name: str, values: dict[str, float]) -> Published:
    """A loss surface of another project, as Czech et al. tabulate it."""
    return Published(
        name=name,
        values=values,
        where=f"{_CZECH}, loss surface of another project",
        evidence="V",
        note=(
            "Loss and N as that project counts them; D training tokens. "
            "For studies of design and bias; compare its loss with no other row."
        ),
    )


_HOFFMANN_SETS: Final = (
    Published(
        name="hoffmann-2022",
        values=_values(1.69, 406.4, 410.7, 0.34, 0.28),
        where="arXiv:2203.15556, approach 3, as printed",
        evidence="V",
        note=(
            f"{_TOTAL}. Rounded exponents: they move the optimal D/N at 5.76e23 FLOPs from 59 to 93. "
            "Prefer hoffmann-2022-tex."
        ),
    ),
    Published(
        name="hoffmann-2022-tex",
        values=_values(math.exp(0.5267228), math.exp(6.0073404), math.exp(6.0179186), 0.33917084, 0.2849083),
        where="arXiv:2203.15556, the constants in the source text of the paper",
        evidence="V",
        note=f"{_TOTAL}.",
    ),
    Published(
        name="hoffmann-2022-three-digits",
        values=_values(1.69, 406.4, 410.7, 0.336, 0.283),
        where="in circulation; reproduces the examples of arXiv:2401.00448 (Sardana et al.)",
        evidence="R",
        note=f"{_TOTAL}.",
    ),
)

_EPOCH_SETS: Final = (
    Published(
        name="epoch-2024",
        values=_values(1.8172, 482.01, 2085.43, 0.3478, 0.3658),
        where="arXiv:2404.10102; standard errors from its notebook (4000 bootstraps)",
        evidence="V",
        errors={"E": 0.02566, "A": 124.52, "alpha": 0.01540, "B": 1293.28, "beta": 0.02060},
        note=f"{_TOTAL}. Besiroglu et al., 240 of 245 points read off a figure of Hoffmann et al.",
    ),
    Published(
        name="epoch-2024-refit",
        values=_values(math.exp(0.597307), math.exp(6.16925), math.exp(7.67016), 0.347311, 0.367172),
        where="the 240 points of arXiv:2404.10102, sum of Huber losses with delta = 1e-3, global optimum",
        evidence="R",
        note=f"{_TOTAL}.",
    ),
    Published(
        name="epoch-2024-all-245",
        values=_values(math.exp(0.6375), math.exp(6.282), math.exp(9.513), 0.35286, 0.45596),
        where="arXiv:2404.10102, the 5 outliers kept",
        evidence="V",
        note=f"{_TOTAL}.",
    ),
)

_CZECH_SETS: Final = (
    Published(
        name="czech-2026-vpnls",
        values=_in_millions_and_billions(1.90509, 4.00052, 1.05095, 0.35106, 0.45874),
        where=f"{_CZECH}, least squares on the loss, 217 digitised points with C < 1e21",
        evidence="V",
        note=f"{_TOTAL}. Published for N/1e6 and D/1e9.",
    ),
    Published(
        name="czech-2026-log",
        values=_in_millions_and_billions(1.8926, 4.0146, 1.0571, 0.3522, 0.4430),
        where=f"{_CZECH}, least squares on the log loss, same 217 points",
        evidence="V",
        note=f"{_TOTAL}. Published for N/1e6 and D/1e9.",
    ),
    Published(
        name="czech-2026-huber",
        values=_in_millions_and_billions(1.8267, 3.7066, 1.0386, 0.3240, 0.4080),
        where=f"{_CZECH}, Huber, same 217 points",
        evidence="V",
        note=f"{_TOTAL}. Published for N/1e6 and D/1e9.",
    ),
    _czech_surface("llama-3-isoflop", _values(0.6047, 59.1, 155.1, 0.3100, 0.3136)),
    _czech_surface("soda", _values(3.169, 215886.0, 4750.0, 0.684, 0.439)),
    _czech_surface("sparse-nmm", _values(2.158, 381773.0, 4659.0, 0.710, 0.372)),
)

_OTHER_SETS: Final = (
    Published(
        name="muennighoff-2023-c4",
        values=_values(math.exp(0.6254804), math.exp(6.255414), math.exp(7.3049974), 0.3526596, 0.3526596),
        where="arXiv:2305.16264, base law on C4 with alpha = beta",
        evidence="V",
        note=f"{_TOTAL}.",
    ),
    Published(
        name="muennighoff-2023-c4-untied",
        values=_values(math.exp(0.6303), math.exp(5.9577), math.exp(7.9145), 0.3348, 0.3829),
        where="arXiv:2305.16264, base law on C4, exponents free",
        evidence="V",
        note=f"{_TOTAL}.",
    ),
    Published(
        name="bigcode-2023",
        values=_values(math.exp(-0.15036352), math.exp(10.144976), math.exp(10.020467), 0.6096702, 0.49244583),
        where="notebook ScalingLaws.ipynb of bigcode-project/bigcode-analysis",
        evidence="V",
        note="Nats/token of Python code; N as the runs are named; D = C/(6N).",
    ),
)

CHINCHILLA: Final = Law(
    name="chinchilla",
    formula="L = E + A/N^alpha + B/D^beta",
    title="Parametric loss in parameters and tokens",
    family="pretraining",
    parameters={
        "E": Parameter(meaning="irreducible loss: the entropy of the text under this tokenizer"),
        "A": Parameter(meaning="size term; carries the unit of N^alpha"),
        "alpha": Parameter(meaning="exponent of parameters"),
        "B": Parameter(meaning="data term; carries the unit of D^beta"),
        "beta": Parameter(meaning="exponent of tokens"),
    },
    source=HOFFMANN,
    counted="N with embeddings; D training tokens, seen once; C = 6ND",
    ranges={"params": (70e6, 16e9), "tokens": (5e9, 500e9)},
    valid="70e6 to 16e9 parameters, 5e9 to 500e9 tokens; every run with a schedule as long as its tokens",
    advice=(
        "Spread the ratio of tokens to parameters: with D proportional to N, alpha and beta cannot be told apart. "
        "A and B are tied to corpus, tokenizer and context; do not carry them to other data."
    ),
    published=(*_HOFFMANN_SETS, *_EPOCH_SETS, *_CZECH_SETS, *_OTHER_SETS),
)

LAWS: Final = (CHINCHILLA,)
