"""What other data are worth: filtered pools, synthetic examples, a retrieval datastore, a data set's own geometry."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import LawError
from isoflop.laws.law import Law, Parameter, Source

Array = NDArray[Any]

GOYAL: Final = Source(
    authors="Goyal, Maini, Lipton, Raghunathan, Kolter",
    year=2024,
    title="Scaling Laws for Data Filtering",
    where="arXiv:2404.07177, and the code of locuslab/scaling_laws_data_filtering",
)
SETLUR: Final = Source(
    authors="Setlur, Garg, Geng, Garg, Smith, Kumar",
    year=2024,
    title="RL on Incorrect Synthetic Data Scales the Efficiency of LLM Math Reasoning by Eight-Fold",
    where="arXiv:2406.14532",
)
SHAO: Final = Source(
    authors="Shao, He, Asai, et al.",
    year=2024,
    title="Scaling Retrieval-Based Language Models with a Trillion-Token Datastore",
    where="arXiv:2407.12854",
)
KONZ: Final = Source(
    authors="Konz, Mazurowski",
    year=2024,
    title="The Effect of Intrinsic Dataset Properties on Generalization",
    where="arXiv:2401.08865",
)

SAMPLE_UNIT: Final = 1e5
"""Samples in which the filtering law counts."""

MOST_PASSES: Final = 1e6
"""Passes over one pool beyond which samples and pool must be in different units."""


def filtering_loss(parameters: Mapping[str, Array], columns: Mapping[str, Array]) -> Array:
    """Error after a number of samples from a pool that is passed over again and again.

    `y = [(a n_0/1e5)^b + d] prod_j (n_j/n_{j-1})^(b delta_j)`, `n_j = min(s (j+1), n)`,
    `delta_j = (1/2)^(j/tau)`: the floor d is inside the product, as in the official code.

    Reference: Goyal et al. 2024, eq. 4, and its code.

    Args:
        parameters: a, b, d and tau, each (batch, 1).
        columns: samples seen n and pool_size s in samples, each (runs,).

    Returns:
        Error y, shape (batch, runs).

    Raises:
        LawError: a pool is passed over more than a million times, so that units must differ.

    >>> values = {"a": np.array([[0.01]]), "b": np.array([[-0.1]]), "d": np.array([[0.1]]), "tau": np.array([[3.0]])}
    >>> y = filtering_loss(values, {"samples": np.array([640e6]), "pool_size": np.array([12.8e6])})
    >>> round(float(y[0, 0]), 5)
    0.95132
    """
    seen, size = columns["samples"], columns["pool_size"]
    utility, half_life = parameters["b"], np.asarray(parameters["tau"])
    first = np.minimum(seen, size)
    epochs = np.arange(1, _passes(seen, size) + 1)[:, None]
    gains = np.log(np.minimum(size * (epochs + 1), seen) / np.minimum(size * epochs, seen))
    if half_life.shape[-1] == 1:
        slope = 0.5 ** (epochs[:, 0] / half_life) @ gains
    else:  # a half-life for every run
        slope = sum((0.5 ** (k / half_life) * gain for k, gain in zip(epochs[:, 0], gains, strict=True)), 0.0 * utility)
    level = (parameters["a"] * first / SAMPLE_UNIT) ** utility + parameters["d"]
    return np.asarray(level * np.exp(utility * slope))


def _passes(seen: Array, size: Array) -> int:
    """Whole passes of the run that makes most; every one of them is a step of the product."""
    most = float(np.max(np.floor(seen / size), initial=0.0))
    if most > MOST_PASSES:
        at = int(np.argmax(seen / size))
        raise LawError(
            f"{seen[at]:g} samples pass {most:g} times over a pool of {size[at]:g}, above {MOST_PASSES:g} passes. "
            "Give samples and pool_size in the same unit, plain counts."
        )
    return int(most)


FILTERING: Final = Law(
    name="qqt",
    formula="y = ((a*n_0/1e5)^b + d) * prod_j (n_j/n_(j-1))^(b*delta_j), n_j = min(s*(j+1), n), delta_j = 2^(-j/tau)",
    title="Error on a filtered pool whose utility halves with every so many passes",
    family="data",
    parameters={
        "a": Parameter(meaning="scale of samples, shared by all pools of one study", start=(1e-4, 0.02)),
        "b": Parameter(domain=(-1.0, 0.0), meaning="utility of the pool: exponent of samples, negative"),
        "d": Parameter(meaning="floor, inside the product; fix it at 0.1 as the paper does", start=(0.02, 0.15)),
        "tau": Parameter(meaning="passes after which the pool's utility is halved", start=(1.0, 10.0)),
    },
    variables=("samples", "pool_size"),
    source=GOYAL,
    counted="samples n seen with repeats; pool_size s, distinct samples; y = 1 - mean downstream accuracy",
    valid="3.2e7 to 6.4e8 samples of CLIP training on one to ten pools of 1.28e7",
    ranges={"samples": (3.2e7, 6.4e8), "pool_size": (1.28e7, 1.28e8)},
    advice=(
        "Fit with response='error' and fix={'d': 0.1}, a shared over the pools (isoflop.methods.filtering.fit_pools). "
        "Mixtures of pools follow from their utilities (mixture_error). The table of b and tau was not found."
    ),
    unit="error",
    function=filtering_loss,
)

RATE_MULTIPLIER: Final = Law(
    name="rate-multiplier",
    formula="L = E + B/(D*m^treated)^beta",
    title="One kind of data worth m times another",
    family="data",
    parameters={
        "E": Parameter(meaning="error or loss that neither kind of data goes below"),
        "B": Parameter(meaning="data term; carries the unit of D^beta"),
        "m": Parameter(meaning="how many times its amount the treated data are worth", start=(0.1, 30.0)),
        "beta": Parameter(meaning="exponent of the amount of data, the same for both"),
    },
    variables=("treated",),
    source=SETLUR,
    counted="D examples or tokens of either kind; treated is 1 for the data in question, 0 for the baseline",
    valid="where both kinds share exponent and floor; the paper prints m = 2 (own positives) and 8 (with negatives)",
    advice=(
        "Needs runs of both kinds at several D that overlap in loss. Where exponents differ, m depends on D: "
        "use isoflop.methods.multiplier on two fits instead. The paper's exponents were not found."
    ),
)

DATASTORE: Final = Law(
    name="datastore",
    formula="score = a + b*log(datastore_tokens)",
    title="A retrieval model's score against the size of its datastore",
    family="data",
    parameters={
        "a": Parameter(domain="real", meaning="score at a datastore of one token, an extrapolation"),
        "b": Parameter(domain="real", meaning="gain for e times the tokens; negative for a perplexity"),
    },
    variables=("datastore_tokens", "score"),
    source=SHAO,
    counted="datastore_tokens indexed for retrieval, not trained on; score a metric of one model on one task",
    valid="up to 1.4e12 tokens, where no saturation was seen",
    ranges={"datastore_tokens": (0, 1.44e12)},
    advice=(
        "One fit per model and task, objective ls. Smaller stores need no new index: keep each retrieved passage with "
        "probability p, then take the top k (isoflop.methods.retrieval). The paper prints no a and b."
    ),
    unit="score",
)

INTRINSIC: Final = Law(
    name="intrinsic-dimension",
    formula="L = A*max(1, label_sharpness)^s*samples^(-k/intrinsic_dimension)",
    title="Test loss from samples, the data's intrinsic dimension and its label sharpness",
    family="data",
    parameters={
        "A": Parameter(meaning="scale of the loss, which holds the Lipschitz constant of the loss"),
        "s": Parameter(meaning="exponent of label sharpness"),
        "k": Parameter(meaning="factor of the exponent 1/d of samples"),
    },
    variables=("samples", "intrinsic_dimension", "label_sharpness"),
    source=KONZ,
    counted=(
        "samples N training examples; intrinsic_dimension d and label_sharpness K_F as isoflop.methods.intrinsic "
        "estimates them, on inputs scaled to [0, 1]"
    ),
    valid=(
        "no range stated by the source; the form is that of its bound on the test loss, whose powers were not read "
        "there: s and k are to be fitted, with intervals"
    ),
    advice="Compares data sets, so it needs several. Keep the number of pairs behind K_F fixed: it grows with them.",
    unit="loss",
)

LAWS: Final = (FILTERING, RATE_MULTIPLIER, DATASTORE, INTRINSIC)
