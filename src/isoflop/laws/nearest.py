"""Which law to use instead, when a table lacks columns of the one that was asked for."""

from collections.abc import Collection

from isoflop.laws.catalogue import catalogue
from isoflop.laws.law import Law


def nearest_law(law: Law, available: Collection[str], response: str | None = None) -> Law | None:
    """The law of the catalogue that needs only columns that are there and is most like another.

    Args:
        law: the law that lacks columns.
        available: names of the table's columns, in the words of the vocabulary.
        response: what is to be explained; the law's own response when None.

    Returns:
        Of the laws with that response: the one that shares most columns with it, of its own family
        if possible, with the fewest parameters; None when no law needs only what is there.

    >>> from isoflop import laws
    >>> nearest_law(laws.get("kaplan-steps"), {"params", "tokens", "flops", "loss"}).name
    'chinchilla'
    """
    word = response or law.response
    have = set(available) - {word}
    able = [
        other
        for other in catalogue().values()
        if other.name != law.name
        and other.schedules is None
        and other.response in (word, law.response)
        and not other.parsed.indexed
        and set(other.columns) <= have
    ]

    def likeness(other: Law) -> tuple[int, bool, bool, int]:
        shared = len(set(other.columns) & set(law.columns))
        # Among equals the law that everybody knows, which the catalogue names `chinchilla`.
        return shared, other.name == "chinchilla", other.family == law.family, -len(other.parameter_names)

    return max(able, key=likeness, default=None)


def needs_sentence(law: Law, available: Collection[str], response: str | None = None) -> str:
    """What to use instead, in a sentence; empty when no law needs only what is there."""
    other = nearest_law(law, available, response)
    if other is None:
        return ""
    return f"The nearest law that needs only what is there is {other.name!r} ({', '.join(other.columns)})."
