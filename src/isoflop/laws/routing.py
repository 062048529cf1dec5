"""Mixtures of experts: loss by size and number of experts, and by total over active parameters."""

from typing import Final

from isoflop.laws.law import Law, Parameter, Published, Source

CLARK: Final = Source(
    authors="Clark, de las Casas, Guy, et al.",
    year=2022,
    title="Unified Scaling Laws for Routed Language Models",
    where="arXiv:2202.01169",
)
LIEW: Final = Source(
    authors="Liew, Kato, Takase",
    year=2025,
    title="Scaling Laws for Upcycling Mixture-of-Experts Language Models",
    where="arXiv:2502.03009",
)

_EXPERTS: Final = "1/(1/(experts - 1 + 1/(1/E_start - 1/E_max)) + 1/E_max)"
_COUNTED: Final = (
    "N is the parameters that one datapoint sees (the dense model of the same width and depth); experts is their "
    "number in a routed layer, 1 for a dense model"
)
_VALID: Final = (
    "1.5e7 to 1.3e9 parameters, 1 to 512 experts, one expert a datapoint in every second block, 1.3e11 tokens"
)
_RANGES: Final = {"params": (1.5e7, 1.31e9), "experts": (1.0, 512.0)}
_PARAMETERS: Final = {
    "a": Parameter("real", "exponent of size for a dense model", start=(-0.3, 0.0)),
    "d": Parameter("real", "log10 of the loss of a dense model of one parameter", start=(0.0, 2.0)),
    "b": Parameter("real", "exponent of experts for a model of one parameter", start=(-0.5, 0.1)),
    "c": Parameter("real", "how experts lose their use with size, per decade of N", start=(-0.02, 0.05)),
}

_ROUTED: Final = "The routed runs with one expert a datapoint in every second block, and five dense sizes"

# Router, a, b, c, d.
_BILINEAR: Final = (
    ("s-base", -0.08012123090725226, -0.08813132760697612, 0.007415729646036919, 1.0789739107825465),
    ("rl-r", -0.08042923334251151, -0.10283218907568871, 0.009362486192736535, 1.081713865382172),
    ("hash", -0.08087318275782929, -0.09493594731895358, 0.008648138038014772, 1.0889972387617655),
)
# Router, a, b, c, d, E_start, E_max.
_SATURATING: Final = (
    (
        "s-base",
        (-0.083025296602596, -0.11804368977043103, 0.009924832683482557, 1.1135800148676551),
        (2.0745688290026285, 238.67476032493852),
    ),
    (
        "rl-r",
        (-0.08272953672424524, -0.12341670398690817, 0.011232567283739718, 1.1070126410342684),
        (1.721925593817942, 470.05361786180623),
    ),
    (
        "hash",
        (-0.0873566968444059, -0.13836390248445904, 0.012635230650578514, 1.1595306984552427),
        (4.268771066937479, 427.3228347806145),
    ),
)


def _refit(router: str, values: dict[str, float]) -> Published:
    """A least-squares refit of the log loss on the published curves."""
    where = f"{_ROUTED}, of the authors' curves; least squares on log10 of the final loss"
    return Published(f"clark-2022-{router}", values, where, "R", note="Nats/token, validation loss of MassiveText.")


ROUTED_BILINEAR: Final = Law(
    name="routed-bilinear",
    formula="L = 10^(a*log10(N) + d + (b + c*log10(N))*log10(experts))",
    title="Routed models: log loss bilinear in log size and log experts",
    family="architecture",
    parameters=_PARAMETERS,
    variables=("experts",),
    source=CLARK,
    counted=_COUNTED,
    valid=_VALID,
    ranges=_RANGES,
    advice="For few and for very many experts it is too optimistic: use routed where the runs have both ends.",
    published=tuple(_refit(r, {"a": a, "b": b, "c": c, "d": d}) for r, a, b, c, d in _BILINEAR),
)

ROUTED: Final = Law(
    name="routed",
    formula=f"L = 10^(a*log10(N) + d + (b + c*log10(N))*log10({_EXPERTS}))",
    title="Routed models: bilinear law with experts that saturate at both ends",
    family="architecture",
    parameters={
        **_PARAMETERS,
        "E_start": Parameter(
            "positive", "experts that one expert counts for: below it more bring little", start=(1.2, 8.0)
        ),
        "E_max": Parameter("positive", "experts that unlimited experts count for", start=(50.0, 2000.0)),
    },
    variables=("experts",),
    source=CLARK,
    counted=_COUNTED,
    valid=_VALID,
    ranges=_RANGES,
    advice="E_start and E_max need runs with 2 to 8 and with 128 or more experts. One law per router.",
    published=tuple(
        _refit(r, {"a": a, "b": b, "c": c, "d": d, "E_start": start, "E_max": most})
        for r, (a, b, c, d), (start, most) in _SATURATING
    ),
)

MOE_SPARSITY: Final = Law(
    name="moe-sparsity",
    formula="L = A/(N^(alpha - gamma*log(total_over_active))*total_over_active^beta) + E",
    title="Mixtures of experts by active parameters and total over active",
    family="architecture",
    parameters={
        "A": Parameter(meaning="size term; carries the unit of N^alpha"),
        "alpha": Parameter(meaning="exponent of active parameters for a dense model"),
        "gamma": Parameter("real", "how the exponent of size changes with the log of total over active"),
        "beta": Parameter("real", "exponent of total over active for a model of one parameter"),
        "E": Parameter(meaning="loss at unlimited size with the data of the runs"),
    },
    variables=("total_over_active",),
    source=LIEW,
    counted="N is the active parameters; total_over_active divides all parameters by these, 1 for a dense model",
    valid="runs that all see the same data; the floor is that of their tokens",
    advice="Fit runs with equal data, or add B/D^beta_D with the tokens of the mixture's stage.",
)

LAWS: Final = (ROUTED_BILINEAR, ROUTED, MOE_SPARSITY)
