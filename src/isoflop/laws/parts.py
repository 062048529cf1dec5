"""What the declaration of a law is made of: parameter domains, its source, published coefficients."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from numpy.typing import ArrayLike

from isoflop.errors import LawError

Domain = Literal["positive", "real"] | tuple[float, float]


@dataclass(frozen=True)
class Parameter:
    """Domain and meaning of one parameter.

    Args:
        domain: `"positive"`, `"real"`, an open interval `(low, high)`, or `(low, math.inf)` with low above zero,
            which is the least value allowed.
        meaning: a few words, with the unit where it has one.
        start: range in which seeds are looked for, when the default does not suit; in units
            in which every column has geometric mean 1. `"within"`: the range of the column whose
            unit the parameter carries, as for the place of a break.
    """

    domain: Domain = "positive"
    meaning: str = ""
    start: tuple[float, float] | Literal["within"] | None = None

    def __post_init__(self) -> None:
        """Refuse an empty interval."""
        if isinstance(self.domain, str):
            return
        low, high = self.domain
        if not (-math.inf < low < high < math.inf or 0 < low < high):
            raise LawError(
                f"The interval {self.domain} is empty or has no end. Write (low, high) with low < high, (low, inf) "
                "with low above zero, or 'positive' or 'real'."
            )


def inside(value: float, low: float, high: float) -> bool:
    """Whether a domain holds a value: open intervals do not hold their ends, a least value above zero is held."""
    return low < value < high or 0 < low == value < high == math.inf


def domain_words(domain: Domain) -> str:
    """A domain in a few words.

    >>> domain_words((0.02, math.inf)), domain_words((0, 1))
    ('at least 0.02', '0 to 1')
    """
    if isinstance(domain, str):
        return domain
    low, high = domain
    return f"{low:g} to {high:g}" if math.isfinite(high) else f"at least {low:g}"


@dataclass(frozen=True)
class Source:
    """Where a law was published.

    Args:
        authors: family names.
        year: of the version cited.
        title: full or short title.
        where: arXiv number, equation or table.

    >>> str(Source("Hoffmann et al.", 2022, "Training Compute-Optimal Large Language Models", "arXiv:2203.15556"))
    'Hoffmann et al. (2022), Training Compute-Optimal Large Language Models, arXiv:2203.15556'
    """

    authors: str
    year: int
    title: str
    where: str = ""

    def __str__(self) -> str:
        """One line for listings."""
        return f"{self.authors} ({self.year}), {self.title}" + (f", {self.where}" if self.where else "")


@dataclass(frozen=True)
class Published:
    """One set of published coefficients.

    Args:
        name: short name, unique within the law.
        values: parameter → value, in the units that the law's `counted` text states.
        where: table, equation or file of the source.
        evidence: `"V"` read in the source, `"R"` recomputed from its data or formula, `"S"` read in
            other texts that agree on what the source prints.
        errors: standard errors where the source prints them.
        note: units, corpus, and what to beware of.
    """

    name: str
    values: Mapping[str, float]
    where: str = ""
    evidence: Literal["V", "R", "S"] = "V"
    errors: Mapping[str, float] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class Schedules:
    """The learning-rate schedules of a law that sums over whole ones: its own, and how to have others.

    Args:
        names: the schedules that its column `curve` numbers, from 0.
        over: from the rate of every step, one array per curve, to the law over these schedules.
        command: the command that builds and fits it.
        columns: columns of the table that the command reads, one row a checkpoint.
    """

    names: tuple[str, ...]
    over: Callable[[Sequence[ArrayLike]], Any]
    command: str
    columns: tuple[str, ...]
