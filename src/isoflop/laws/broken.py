"""Broken neural scaling laws: a power law whose exponent changes smoothly at n breaks."""

import math
from typing import Final

from isoflop.errors import LawError
from isoflop.laws.law import Law, Parameter, Published, Source
from isoflop.runs.columns import VOCABULARY, resolve

SOURCE: Final = Source(
    authors="Caballero, Gupta, Rish, Krueger",
    year=2022,
    title="Broken Neural Scaling Laws",
    where="arXiv:2210.14891, eq. 1",
)

_ADDITION: Final = Published(
    name="addition-4-digit",
    values={
        "a": 0.4138844657,
        "b": 2.277272305,
        "c0": 0.05507734259,
        "c1": 5.662903396,
        "d1": 612.5836167,
        "f1": 0.05919303869,
    },
    where="4-digit addition, squared error of log(y + 1) on the first 14 of the paper's 17 points",
    evidence="R",
    note="Test cross-entropy; x is the number of training problems (read as tokens).",
)
_DECOMPOSITION: Final = Published(
    name="decomposition",
    values={
        "a": 1e-3,
        "b": 4.66e3,
        "c0": 0.05,
        "c1": 0.49,
        "d1": 3e6,
        "f1": 1.1,
        "c2": -0.811,
        "d2": 1e14,
        "f2": 1.425,
        "c3": 2.1,
        "d3": 2e20,
        "f3": 0.05,
    },
    where="code of the paper's figure 1 (decomposition into power-law segments)",
    evidence="V",
    note="An illustration: any metric over any scale from 0.1 to 1e26.",
)


SHARPEST: Final = 0.02
"""Least width of a break: 80 % of the change within 9 % of x. Runs rarely lie close enough to tell a sharper one."""


def bnsl_formula(breaks: int, column: str) -> str:
    """Write the text of a broken power law with n breaks.

    `y = a + b x^-c_0 Π_i (1 + (x/d_i)^(1/f_i))^(-c_i f_i)`; each factor is written as
    `exp(-c_i f_i softplus(log(x/d_i)/f_i))`, the same number without overflow at sharp breaks.

    Reference: Caballero et al. 2022, arXiv:2210.14891, eq. 1.

    Args:
        breaks: number of breaks n, at least 1.
        column: letter, word or name of the column x that is scaled.

    Returns:
        The formula, with parameters a, b, c0 and c_i, d_i, f_i for each break.

    Raises:
        LawError: `breaks` is not a whole number from 1 to 9.

    >>> bnsl_formula(1, "C")
    'a + b*C^(-c0)*exp(-c1*f1*softplus(log(C/d1)/f1))'
    """
    if breaks not in range(1, 10):
        raise LawError(
            f"A broken power law has 1 to 9 breaks, not {breaks!r}. Without a break, use a power law with a floor."
        )
    factors = [f"*exp(-c{i}*f{i}*softplus(log({column}/d{i})/f{i}))" for i in range(1, breaks + 1)]
    return f"a + b*{column}^(-c0)" + "".join(factors)


def bnsl(breaks: int, column: str, published: tuple[Published, ...] = ()) -> Law:
    """Build the broken neural scaling law with n breaks over one column.

    Reference: Caballero et al. 2022, arXiv:2210.14891, eq. 1.

    Args:
        breaks: number of breaks n; each costs three parameters.
        column: letter, word or name of the column x that is scaled.
        published: coefficient sets known for this column.

    Returns:
        The law `bnsl-<n>-<column>`.

    Raises:
        LawError: `breaks` is not a whole number from 1 to 9.

    >>> bnsl(1, "tokens").parameter_names
    ('a', 'b', 'c0', 'c1', 'f1', 'd1')
    """
    word = resolve(column)
    letter = VOCABULARY[word].letter if word else ""
    plural = "s" if breaks > 1 else ""
    return Law(
        name=f"bnsl-{breaks}-{word or column}",
        formula=bnsl_formula(breaks, letter or word or column),
        title=f"Broken power law in {word or column} with {breaks} break{plural}",
        family="pretraining",
        parameters=_parameters(breaks),
        variables=() if word else (column,),
        source=SOURCE,
        counted="any scale x, any metric; all runs counted alike",
        valid="between the smallest and largest x of the runs: a break beyond them cannot be inferred",
        advice="Start with one break; add another only if the held-out largest runs are predicted better.",
        published=published,
        unit="the metric's own",
    )


def _parameters(breaks: int) -> dict[str, Parameter]:
    """Domains and meanings; the exponent may rise or fall at a break."""
    found = {
        "a": Parameter(meaning="limit of the metric at infinite scale"),
        "b": Parameter(meaning="offset of the first segment; carries the unit of x^c0"),
        "c0": Parameter("real", "exponent of the first segment", (-0.2, 1.5)),
    }
    for i in range(1, breaks + 1):
        found[f"c{i}"] = Parameter("real", f"change of the exponent at break {i}", (-2.0, 2.0))
        found[f"d{i}"] = Parameter(meaning=f"x at break {i}", start="within")
        meaning = f"width of break {i} in log x, at least {SHARPEST:g}: a kink between the runs of any table"
        found[f"f{i}"] = Parameter((SHARPEST, math.inf), meaning, start=(0.1, 2.0))
    return found


LAWS: Final = (
    bnsl(1, "params"),
    bnsl(1, "tokens", (_ADDITION,)),
    bnsl(1, "flops"),
    bnsl(2, "flops"),
    bnsl(3, "flops", (_DECOMPOSITION,)),
)
