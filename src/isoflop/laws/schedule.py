"""Loss under a learning-rate schedule: the annealing law, and the multi-power law after one fall of the rate."""

from collections.abc import Mapping
from typing import Final

from isoflop.laws.law import Law, Parameter, Published, Source
from isoflop.laws.multipower import LUO, LUO_CONSTANTS

TISSUE: Final = Source(
    authors="Tissue, Wang, Wang",
    year=2024,
    title="Scaling Law with Learning Rate Annealing",
    where="arXiv:2408.11029",
)

_AREA: Final = "S1 sums the learning rate of every step, warm-up included"
_COUNTED: Final = f"{_AREA}; S2 sums the annealing momentum over the steps after warm-up, at the decay the runs state"
_ANNEALING: Final = {
    "L0": Parameter(meaning="loss of endless training at a constant rate"),
    "A": Parameter(meaning="term of the area under the schedule; carries the unit of S1^alpha"),
    "alpha": Parameter(meaning="exponent of the area"),
    "K": Parameter(meaning="C of the paper: loss gained for one unit of annealing S2"),
}


def _refit(size: str, values: tuple[float, float, float, float]) -> Published:
    """One of our fits on the public curves of Luo et al."""
    return Published(
        name=f"luo-curves-{size}",
        values=dict(zip(("L0", "A", "alpha", "K"), values, strict=True)),
        where="curves of arXiv:2503.12811: cosine and constant of 24,000 steps and wsdcon_9, Huber 1e-3 on logs",
        evidence="R",
        note=f"Nats/token; {size.upper()} model; decay .999; warm-up of 2160 steps in S1, not in S2.",
    )


ANNEALING: Final = Law(
    name="lr-annealing",
    formula="L = L0 + A/S1^alpha - K*S2",
    title="Loss in the area under the learning rate and its annealing",
    family="schedule",
    parameters=_ANNEALING,
    variables=("S1", "S2"),
    source=TISSUE,
    counted=_COUNTED,
    valid=(
        "no range stated by the source; the published rows are of curves of 16,000 and 24,000 steps and were tested to "
        "72,000, with a peak of 3e-4; steps after warm-up, one model size and one batch size"
    ),
    ranges={"S1": (0.32, 21.6), "S2": (0.0, 0.27)},
    advice=(
        "Let annealing_columns add S1 and S2, and profile their decay (.99 to .999). It says that a longer anneal is "
        "always better, because S2 does not saturate. Resample by curve: checkpoints of one curve are not independent."
    ),
    published=(
        _refit("25m", (3.15829, 0.51358, 0.51337, 0.40191)),
        _refit("100m", (2.78889, 0.59257, 0.45498, 0.48122)),
        _refit("400m", (2.52462, 0.65361, 0.42050, 0.57005)),
    ),
)

ANNEALING_PARAMS: Final = Law(
    name="lr-annealing-params",
    formula="L = L0 + A/S1^alpha + B/N^beta - K*S2",
    title="Loss in the area under the learning rate, its annealing, and model size",
    family="schedule",
    parameters={
        **_ANNEALING,
        "L0": Parameter(meaning="loss of endless training of an endless model at a constant rate"),
        "B": Parameter(meaning="size term; carries the unit of N^beta"),
        "beta": Parameter(meaning="exponent of parameters"),
    },
    variables=("S1", "S2"),
    source=TISSUE,
    counted=f"{_COUNTED}; N as the runs count it",
    valid="no range stated by the source; steps after warm-up; sizes that share batch size and peak rate",
    advice=(
        "A, alpha and K are taken to be the same at all sizes; on the curves of Luo et al. they are not, so fit "
        "each size by itself as well and compare."
    ),
)


def _two_stage(values: tuple[float, ...]) -> Mapping[str, float]:
    """The constants of the multi-power law under the names of the formula."""
    return dict(zip(("L0", "A", "alpha", "B", "K", "beta", "gamma"), values, strict=True))


TWO_STAGE: Final = Law(
    name="multi-power-two-stage",
    formula="L = L0 + A/S1^alpha - B*lr_fall*(1 - (1 + K*area_after/lr_after^gamma)^(-beta))",
    title="Multi-power law for a constant rate and one fall of it",
    family="schedule",
    parameters={
        "L0": Parameter(meaning="loss of endless training at a rate that has fallen for ever"),
        "A": Parameter(meaning="term of the area under the schedule; carries the unit of S1^alpha"),
        "alpha": Parameter(meaning="exponent of the area"),
        "B": Parameter(meaning="loss that a fall of the learning rate by one gains in the end"),
        "K": Parameter(meaning="C of the paper: how fast the gain comes in; carries the unit of lr^gamma / S1"),
        "beta": Parameter(domain=(0.0, 2.0), meaning="exponent with which the gain comes in"),
        "gamma": Parameter(domain=(0.0, 2.0), meaning="exponent of the learning rate after the fall"),
    },
    variables=("S1", "lr_fall", "area_after", "lr_after"),
    source=LUO,
    counted=(
        f"{_AREA}; lr_fall: how far the rate fell; lr_after: the rate since; area_after: the sum of rates since the "
        "fall; what warm-up takes from the loss is left out"
    ),
    valid="checkpoints after one fall of a constant rate of 3e-4 to 3e-5, 9e-5 or 1.8e-4",
    ranges={"lr_fall": (1.2e-4, 2.7e-4), "lr_after": (3e-5, 1.8e-4)},
    advice=(
        "The case from which the law was found. For any other schedule, and for warm-up, build the law over whole "
        "curves: isoflop.methods.multipower.fit_curves, with isoflop.methods.logged for schedules from a log."
    ),
    published=tuple(
        Published(
            name=f"luo-2025-{size}",
            values=_two_stage(values),
            where="arXiv:2503.12811, the authors' code",
            evidence="V",
            note=f"Nats/token; {size.upper()} model; peak 3e-4, falls to 3e-5, 9e-5 or 1.8e-4.",
        )
        for size, values in LUO_CONSTANTS.items()
    ),
)

LAWS: Final = (ANNEALING, ANNEALING_PARAMS, TWO_STAGE)
