"""Farseer: a data exponent and a data term that depend on model size."""

from typing import Final

from isoflop.laws.law import Law, Parameter, Published, Source

SOURCE: Final = Source(
    authors="Li, Zheng, Wang, et al.",
    year=2025,
    title="Predictable Scale: Part II, Farseer: A Refined Scaling Law in Large Language Models",
    where="arXiv:2506.10972, eq. 15",
)

_NAMES: Final = ("a3", "gamma", "b3", "a2", "beta", "b2", "a1", "alpha", "b1")


def _values(*constants: float) -> dict[str, float]:
    """The nine constants in the order of the formula."""
    return dict(zip(_NAMES, constants, strict=True))


FARSEER: Final = Law(
    name="farseer",
    formula="L = exp(a3*N^gamma + b3) + exp(a2*N^beta + b2)*D^(-exp(a1*N^alpha + b1))",
    title="Farseer: loss in parameters and tokens with a size-dependent data exponent",
    family="pretraining",
    parameters={
        "a3": Parameter(domain="real", meaning="slope of the log floor in N^gamma"),
        "gamma": Parameter(domain=(-1.0, 1.0), meaning="exponent of the floor"),
        "b3": Parameter(domain="real", meaning="offset of the log floor"),
        "a2": Parameter(domain="real", meaning="slope of the log data coefficient in N^beta"),
        "beta": Parameter(domain=(-1.0, 1.0), meaning="exponent of the data coefficient"),
        "b2": Parameter(domain="real", meaning="offset of the log data coefficient"),
        "a1": Parameter(domain="real", meaning="slope of the log data exponent in N^alpha"),
        "alpha": Parameter(domain=(-1.0, 1.0), meaning="exponent of the data exponent"),
        "b1": Parameter(domain="real", meaning="offset of the log data exponent"),
    },
    source=SOURCE,
    counted="N without embeddings; D training tokens (the unit of D is part of the form: another unit is another law)",
    valid="1e8 to 25.1e9 parameters, 1e9 to 5.1e11 tokens; not outside the range of N that was fitted",
    advice=(
        "Nine constants, several of them weakly identified: trust predictions, not parameters. "
        "Printed constants are too rounded for allocation: no interior optimum at 1e23 FLOPs and above."
    ),
    published=(
        Published(
            name="farseer-2025",
            values=_values(-0.021, 0.169, -0.091, 88.01, -0.1, -6.287, -0.124, 0.123, 0.424),
            where="arXiv:2506.10972, eq. 15",
            evidence="V",
            note="Bits per character; N non-embedding; D training tokens. Rounded: use a fit to runs for plans.",
        ),
        Published(
            name="farseer-2025-code",
            values=_values(-0.0047, 0.239, -0.8188, 62.8936, -0.0614, -14.0414, -0.0209, 0.1943, -0.1826),
            where="arXiv:2510.08702, law for code data, 117 runs",
            evidence="V",
            note="The loss of that paper on code; 0.2e9 to 3.8e9 parameters, 2e9 to 128e9 tokens.",
        ),
        Published(
            name="scalebench-2026",
            values=_values(-0.062465, 0.13, 0.128488, 230.734, -0.1729, -1.544210, -1.665631, 0.0459, 3.1333),
            where="code of arXiv:2604.22753, refit on 404 Farseer runs",
            evidence="V",
            note="Bits per character; N non-embedding; D training tokens.",
        ),
    ),
    unit="bits/character",
)

LAWS: Final = (FARSEER,)
