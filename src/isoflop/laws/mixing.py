"""Loss against the shares of the domains that a model is trained on."""

import re
from collections.abc import Sequence
from typing import Final

from isoflop.errors import LawError
from isoflop.laws.law import Law, Parameter, Published, Source
from isoflop.runs.columns import resolve

YE: Final = Source(
    authors="Ye, Liu, Sun, Zhan, Zhou, Qiu",
    year=2024,
    title="Data Mixing Laws",
    where="arXiv:2403.16952, eq. 7",
)

_COUNTED: Final = "shares of the training tokens, summing to one; loss on one validation domain after equal training"
_ADVICE: Final = (
    "Train every mixture alike (size, steps, schedule) and fit each validation domain by itself. "
    "For many domains build the law with isoflop.laws.mixing.mixing_law(names)."
)


_POINTS: Final = "the five mixtures of the authors' notebook (70M parameters, 30k steps), least squares on the loss"


def _two(name: str, values: tuple[float, float, float], note: str) -> Published:
    """A set of the two-domain law."""
    return Published(
        name=name,
        values=dict(zip(("c", "b", "k"), values, strict=True)),
        where=_POINTS,
        evidence="R",
        note=f"Nats/token; {note}",
    )


TWO_DOMAINS: Final = Law(
    name="mixing-two",
    formula="L = c + exp(b + k*share)",
    title="Loss on a domain against its share in a mixture of two",
    family="mixing",
    parameters={
        "c": Parameter(meaning="loss that no share can go below at this training"),
        "b": Parameter(domain="real", meaning="logarithm of what the domain loses without any of its data"),
        "k": Parameter(domain="real", meaning="slope of the logarithm in the share; negative where own data help"),
    },
    variables=("share",),
    source=YE,
    counted=f"share r of one of two domains; {_COUNTED}",
    valid="shares of 0.25 to 0.75; 70e6 to 4.1e8 parameters, up to 3e10 tokens of the Pile and RedPajama",
    ranges={"share": (0.25, 0.75)},
    advice=f"Three constants for a curve: five mixtures at least. {_ADVICE}",
    published=(
        _two(
            "github-70m-30k",
            (1.1098978523155225, -0.6824216627065333, -1.6424421117217671),
            "GitHub loss, share of GitHub beside Pile-CC. The notebook prints k = -1.641, b = -0.682.",
        ),
        _two(
            "pile-cc-70m-30k",
            (3.4229494723974088, -0.6226434743103082, -2.593908460714736),
            "Pile-CC loss, share of Pile-CC beside GitHub.",
        ),
    ),
)


def mixing_law(domains: Sequence[str]) -> Law:
    """Mixing law over named domains, one column of shares for each.

    `L = c + k exp(sum_j t_j r_j)`. As the shares sum to one, k is no parameter of its own: its
    logarithm is added to every t_j here, so that `L = c + exp(sum_j t_j r_j)`.

    Reference: Ye et al. 2024, eq. 7.

    Args:
        domains: names of the columns that hold the shares; letters, digits and underscores.

    Returns:
        The law, with parameters c and t_DOMAIN.

    Raises:
        LawError: fewer than two domains, one named twice, or a name that cannot stand in a formula.

    >>> mixing_law(["github", "books"]).formula
    'L = c + exp(t_github*github + t_books*books)'
    """
    names = tuple(domains)
    if len(names) < 2 or len(set(names)) < len(names):
        raise LawError(f"A mixture needs two or more different domains, not {', '.join(names) or 'none'}. Name them.")
    wrong = [name for name in names if not re.fullmatch(r"[A-Za-z]\w*", name)]
    if wrong:
        raise LawError(f"{', '.join(map(repr, wrong))} cannot be a column in a formula. Use letters, digits and _.")
    taken = [f"{name} stands for {resolve(name)}" for name in names if resolve(name)]
    if taken:
        raise LawError(f"{', '.join(taken)} in every formula. Give the column of shares another name.")
    terms = " + ".join(f"t_{name}*{name}" for name in names)
    meaning = "logarithm of what is lost above c when all training data are of domain"
    return Law(
        name=f"mixing-{len(names)}-domains",
        formula=f"L = c + exp({terms})",
        title=f"Loss against the shares of {len(names)} domains",
        family="mixing",
        parameters={
            "c": Parameter(meaning="loss that no mixture can go below at this training"),
            **{f"t_{name}": Parameter(domain="real", meaning=f"{meaning} {name}") for name in names},
        },
        variables=names,
        source=YE,
        counted=_COUNTED,
        valid="mixtures like those it is fitted to",
        advice=_ADVICE,
    )


LAWS: Final = (TWO_DOMAINS,)
