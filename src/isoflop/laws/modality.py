"""Laws of other modalities whose form differs from the language models' own: vision and language pairs."""

from typing import Final

from isoflop.laws.law import Law, Parameter, Published, Source

LAION: Final = Source(
    authors="Nezhurina, Cherti, Beaumont, et al.",
    year=2025,
    title="Scaling Laws for Robust Comparison of Open Foundation Language-Vision Models and Datasets",
    where="arXiv:2506.04598",
)


def _laion(model: str, a: float, b: float, alpha: float, e: float) -> Published:
    """The refit of one model family on its rounded table, brought from GFLOPs to FLOPs."""
    return Published(
        name=f"laion-2025-{model}",
        values={"A": a / b**alpha, "C_0": b * 1e9, "alpha": alpha, "E": e},
        where="ImageNet-1k zero-shot tables of arXiv:2506.04598, least squares",
        evidence="R",
        note="Error; forward FLOPs only. The tables are rounded and count in GFLOPs.",
    )


SHIFTED_POWER: Final = Law(
    name="clip-flops",
    formula="error = A/(1 + C/C_0)^alpha + E",
    title="Zero-shot error of vision-language models in compute, bent at small compute",
    family="modalities",
    parameters={
        "A": Parameter(meaning="error above the floor without compute; the paper's A over C_0^alpha"),
        "C_0": Parameter(meaning="compute below which more of it helps little"),
        "alpha": Parameter(meaning="exponent of compute"),
        "E": Parameter(meaning="error that is left at infinite compute"),
    },
    source=LAION,
    counted="C is the forward FLOPs per sample times samples seen, without the factor 3; error is one minus accuracy",
    valid="up to 1e21 forward FLOPs, checked to 2.6e21, samples seen once",
    ranges={"flops": (0, 2.59e21)},
    advice="Take the lowest error of each decade of compute first. Repeated samples break the law. Fit with ls.",
    published=(
        _laion("clip", 52.62, 1.011e8, 0.2206, 0.1008),
        _laion("mammut", 79.71, 1.987e8, 0.2326, 0.0760),
    ),
    unit="error, one minus accuracy",
)

LAWS: Final = (SHIFTED_POWER,)
