"""Farseer: a floor, a data coefficient and a data exponent that each depend on model size."""

from collections.abc import Mapping
from typing import Final

from isoflop.laws.law import Law, Parameter, Published, Source

SOURCE: Final = Source(
    authors="Li, Zheng, Wang, et al.",
    year=2025,
    title="Predictable Scale: Part II, Farseer: A Refined Scaling Law in Large Language Models",
    where="arXiv:2506.10972, eq. 15",
)

REFERENCE_PARAMS: Final = 1e9
"""Size at which the offsets are values and the slopes are slopes."""

# (offset, slope, exponent) here, and (slope, exponent, offset) in the paper, of the three parts.
_PARTS: Final = (
    (("p", "p_N", "gamma"), ("a3", "gamma", "b3")),
    (("q", "q_N", "beta"), ("a2", "beta", "b2")),
    (("r", "r_N", "alpha"), ("a1", "alpha", "b1")),
)


def from_paper(values: Mapping[str, float]) -> dict[str, float]:
    """Bring the paper's nine constants to the form about N = 1e9.

    `a N^g + b = (b + a N_0^g) + (a g N_0^g) ((N/N_0)^g - 1)/g`

    Reference: Li et al. 2025, arXiv:2506.10972, eq. 15.

    Args:
        values: a1, alpha, b1, a2, beta, b2, a3, gamma, b3 as the paper names them.

    Returns:
        Parameters of the law `farseer`.

    >>> eq_15 = {"a3": -0.021, "gamma": 0.169, "b3": -0.091, "a2": 88.01, "beta": -0.1, "b2": -6.287,
    ...          "a1": -0.124, "alpha": 0.123, "b1": 0.424}
    >>> round(from_paper(eq_15)["p"], 4)
    -0.788
    """
    found: dict[str, float] = {}
    for (offset, slope, exponent), (a, g, b) in _PARTS:
        scale = values[a] * REFERENCE_PARAMS ** values[g]
        found |= {offset: values[b] + scale, slope: values[g] * scale, exponent: values[g]}
    return found


def to_paper(values: Mapping[str, float]) -> dict[str, float]:
    """Bring fitted parameters to the nine constants of the paper; the inverse of `from_paper`.

    `a = s / (g N_0^g)`, `b = o - s/g` for offset o, slope s and exponent g of each part.

    Reference: Li et al. 2025, arXiv:2506.10972, eq. 15.

    Args:
        values: parameters of the law `farseer`.

    Returns:
        a1, alpha, b1, a2, beta, b2, a3, gamma, b3. They grow without bound as an exponent tends to
        zero, so compare the parameters of the law itself.

    >>> round(to_paper(FARSEER.published_set("farseer-2025").values)["a2"], 6)
    88.01
    """
    found: dict[str, float] = {}
    for (offset, slope, exponent), (a, g, b) in _PARTS:
        ratio = values[slope] / values[exponent]
        scale = REFERENCE_PARAMS ** -values[exponent]
        found |= {a: ratio * scale, g: values[exponent], b: values[offset] - ratio}
    return found


def _paper(*constants: float) -> dict[str, float]:
    """Constants in the order of eq. 15: floor, data coefficient, data exponent."""
    names = [name for _, part in _PARTS for name in part]
    return from_paper(dict(zip(names, constants, strict=True)))


def _part(offset: str, slope: str, exponent: str) -> str:
    """`offset + slope ((N/1e9)^exponent - 1)/exponent`: a power law in N about its value and slope at 1e9."""
    return f"{offset} + {slope}*((N/1e9)^{exponent} - 1)/{exponent}"


_FLOOR, _COEFFICIENT, _EXPONENT = (_part(*ours) for ours, _ in _PARTS)

FARSEER: Final = Law(
    name="farseer",
    formula=f"L = exp({_FLOOR}) + exp({_COEFFICIENT})*D^(-exp({_EXPONENT}))",
    title="Loss in parameters and tokens with a size-dependent data exponent",
    family="pretraining",
    parameters={
        "p": Parameter("real", "log of the floor at 1e9 parameters", start=(-2.0, 1.0)),
        "p_N": Parameter("real", "slope of the log floor in ln N at 1e9 parameters", start=(-0.3, 0.0)),
        "gamma": Parameter((-1.0, 1.0), "how that slope changes: it is proportional to N^gamma", start=(-0.3, 0.3)),
        "q": Parameter("real", "log of the data coefficient at 1e9 parameters", start=(1.0, 10.0)),
        "q_N": Parameter("real", "slope of the log data coefficient in ln N", start=(-1.0, 0.1)),
        "beta": Parameter((-1.0, 1.0), "how that slope changes: it is proportional to N^beta", start=(-0.3, 0.3)),
        "r": Parameter("real", "log of the data exponent at 1e9 parameters", start=(-2.0, -0.5)),
        "r_N": Parameter("real", "slope of the log data exponent in ln N", start=(-0.3, 0.1)),
        "alpha": Parameter((-1.0, 1.0), "how that slope changes: it is proportional to N^alpha", start=(-0.3, 0.3)),
    },
    source=SOURCE,
    counted="N without embeddings; D training tokens. Both must be plain counts: their units are part of the form",
    ranges={"params": (1e8, 25.1e9), "tokens": (1e9, 5.1e11)},
    valid="1e8 to 25.1e9 parameters, 1e9 to 5.1e11 tokens; not outside the range of N that was fitted",
    advice=(
        "The paper's exp(a N^gamma + b), written about N = 1e9 so that its constants can be told apart. "
        "Needs tens of runs over a grid of N and D. The paper's printed constants are too rounded for allocation: "
        "they have no optimum at 1e23 FLOPs and above."
    ),
    published=(
        Published(
            name="farseer-2025",
            values=_paper(-0.021, 0.169, -0.091, 88.01, -0.1, -6.287, -0.124, 0.123, 0.424),
            where="arXiv:2506.10972, eq. 15",
            evidence="V",
            note="Bits per character; N non-embedding; D training tokens. Rounded: use a fit to runs for plans.",
        ),
        Published(
            name="farseer-2025-code",
            values=_paper(-0.0047, 0.239, -0.8188, 62.8936, -0.0614, -14.0414, -0.0209, 0.1943, -0.1826),
            where="arXiv:2510.08702, law for code data, 117 runs",
            evidence="V",
            note="The loss of that paper on code; 0.2e9 to 3.8e9 parameters, 2e9 to 128e9 tokens.",
        ),
        Published(
            name="scalebench-2026",
            values=_paper(-0.062465, 0.13, 0.128488, 230.734, -0.1729, -1.544210, -1.665631, 0.0459, 3.1333),
            where="code of arXiv:2604.22753, refit on 404 Farseer runs",
            evidence="V",
            note="Bits per character; N non-embedding; D training tokens.",
        ),
    ),
    unit="bits/character",
)

LAWS: Final = (FARSEER,)
