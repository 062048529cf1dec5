"""In which unit a loss is counted, as far as the header of its column tells."""

import re
from typing import Final

_UNITS: Final = (
    ("bits/byte", r"bpb|bits?_?per_?byte|bits/byte"),
    ("bits/character", r"bpc|bits?_?per_?char(?:acter)?s?|bits/char(?:acter)?"),
    ("nats/token over the unigram loss", r"unigram"),
    ("perplexity", r"ppl|perplexity"),
    ("nats/byte", r"nats?_?per_?byte|nats/byte"),
    ("bits/token", r"bits"),
    ("nats/token", r"nats"),
)


def loss_unit(header: str) -> str | None:
    """Unit that a header names, or None where it names none.

    Args:
        header: of the column that holds the loss.

    Returns:
        Such as `bits/byte`, `bits/character` or `perplexity`.

    >>> loss_unit("val_bpb"), loss_unit("Bits per byte (C4)"), loss_unit("loss")
    ('bits/byte', 'bits/byte', None)
    """
    folded = re.sub(r"[\s\-]+", "_", header.casefold())
    for unit, pattern in _UNITS:
        if re.search(rf"(?:^|[^a-z])(?:{pattern})(?:$|[^a-z])", folded):
            return unit
    return None
