"""Whether a response is better when it is lower, as a loss is, or when it is higher, as an accuracy is."""

import re
from typing import Final

from isoflop.errors import LawError

SENSES: Final = ("lower", "higher")
"""What `better` may say."""

HIGHER: Final = frozenset(
    {
        *("acc", "accuracy", "auc", "auroc", "bleu", "correct", "coverage", "elo", "f1", "match", "pass", "recall"),
        *("reward", "rewards", "rouge", "score", "scores", "solved", "success", "win", "wins"),
    }
)
"""Words in the name of a response that is better when higher."""
LOWER: Final = frozenset(["bits", "bpb", "ce", "error", "errors", "loss", "nll", "perplexity", "ppl", "regret"])
"""Words in the name of one that is better when lower; they decide over the others."""


def higher_is_better(response: str, better: str | None = None) -> bool:
    """Whether higher values of a response are better.

    Args:
        response: its name.
        better: `lower` or `higher`; by the words of the name when None, lower where none is known.

    Returns:
        Whether higher is better.

    Raises:
        LawError: `better` is neither.

    >>> higher_is_better("mmlu_accuracy"), higher_is_better("task_loss"), higher_is_better("y", "higher")
    (True, False, True)
    """
    if better is not None:
        if better not in SENSES:
            raise LawError(f"better={better!r} is not known. Write lower (as a loss) or higher (as an accuracy).")
        return better == "higher"
    words = set(re.split(r"[^a-z0-9]+", response.casefold()))
    return bool(words & HIGHER) and not words & LOWER
