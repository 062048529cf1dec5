"""Temperature sampling over data sets of unequal size, and the loss weights that equal it on average."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from isoflop.errors import TableError


@dataclass(frozen=True)
class TemperatureSampling:
    """How often sets are drawn at a temperature.

    Args:
        temperature: tau; 1 draws in proportion to size, infinity all sets alike.
        shares: set → probability of being drawn.
        weights: set → loss weight that gives the same expected gradient when drawn in proportion to
            size; also the passes over the set when as many examples are drawn as there are in all.
    """

    temperature: float
    shares: Mapping[str, float]
    weights: Mapping[str, float]


def temperature_sampling(sizes: Mapping[str, float], temperature: float) -> TemperatureSampling:
    """Shares and equal loss weights of sets at a temperature.

    `p_i = n_i^(1/tau)/sum_j n_j^(1/tau)`, `w_i = p_i/(n_i/n)`. The two have one expected gradient;
    under stochastic gradients sampling has the lower variance, so it converges faster and overfits
    small sets sooner. Cooldown starts at a high temperature and ends at a low one.

    Reference: Li et al. 2024, Upsample or Upweight?, arXiv:2410.04579.

    Args:
        sizes: set → examples or tokens n_i.
        temperature: tau, 1 or above to favour small sets.

    Returns:
        Shares and weights.

    Raises:
        TableError: there is no set, or a size or the temperature is not positive.

    >>> found = temperature_sampling({"large": 1e6, "small": 1e4}, 5.0)
    >>> round(found.shares["large"], 6), round(found.shares["small"], 6)
    (0.715253, 0.284747)
    """
    wrong = [name for name, size in sizes.items() if not size > 0]
    if not sizes or wrong or not temperature > 0:
        raise TableError(
            f"Sizes of {', '.join(wrong) or len(sizes)} and a temperature of {temperature:g} give no shares. "
            "Give positive sizes and a positive temperature."
        )
    # Relative to the largest, so that no power overflows at a low temperature.
    largest, total = max(sizes.values()), sum(sizes.values())
    powers = {name: (size / largest) ** (1 / temperature) for name, size in sizes.items()}
    shares = {name: power / sum(powers.values()) for name, power in powers.items()}
    weights = {name: shares[name] / (size / total) for name, size in sizes.items()}
    return TemperatureSampling(temperature, MappingProxyType(shares), MappingProxyType(weights))
