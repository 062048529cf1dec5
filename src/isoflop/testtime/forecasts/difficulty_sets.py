"""Published distributions of difficulty, as the authors' code prints them beside its fits."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from isoflop.testtime.forecasts.difficulty import Difficulty


@dataclass(frozen=True)
class PublishedDifficulty:
    """One published distribution.

    Args:
        difficulty: its constants.
        where: source.
        note: what was fitted, and how.
    """

    difficulty: Difficulty
    where: str
    note: str


_WHERE: Final = "arXiv:2502.17578, comments of the authors' code"
_BINNED: Final = "10,000 samples each; rates put in bins, the largest rate as scale"

# alpha, beta, scale
_MATH: Final = {
    "pythia-70m": (0.052845, 1.911908, 0.0346),
    "pythia-160m": (0.145844, 1.678871, 0.0365),
    "pythia-410m": (0.154275, 1.905497, 0.0947),
    "pythia-1b": (0.186034, 2.374676, 0.1359),
    "pythia-2.8b": (0.224330, 3.036977, 0.3153),
    "pythia-6.9b": (0.241094, 2.710055, 0.2428),
    "pythia-12b": (0.254311, 2.014420, 0.2328),
}
_JAILBREAKS: Final = {
    "claude-3.5-sonnet": (0.187238, 3.576219, 0.733333),
    "claude-3-opus": (0.322432, 1.785907, 0.516667),
    "gemini-1.5-flash": (0.180466, 4.446263, 0.1),
    "gemini-1.5-pro": (0.105129, 1.818163, 0.083333),
    "gpt-4o-mini": (0.320400, 2.180740, 0.583333),
    "gpt-4o": (0.224272, 1.635281, 0.5),
    "llama-3-8b-instruct": (0.600815, 2.594882, 0.266667),
}
# alpha, beta; the scales are those of the beta distributions
_KUMARASWAMY: Final = {
    "claude-3.5-sonnet": (0.249355, 2.445),
    "claude-3-opus": (0.367223, 1.701264),
    "gemini-1.5-flash": (0.169614, 1.738275),
    "gemini-1.5-pro": (0.107558, 1.42897),
    "gpt-4o-mini": (0.370654, 1.97252),
    "gpt-4o": (0.258341, 1.562241),
    "llama-3-8b-instruct": (0.651404, 2.676549),
}

PUBLISHED: Final[Mapping[str, PublishedDifficulty]] = MappingProxyType(
    {
        **{
            f"{name}-math": PublishedDifficulty(Difficulty(*numbers), _WHERE, f"128 MATH problems, {_BINNED}")
            for name, numbers in _MATH.items()
        },
        **{
            f"{name}-jailbreaks": PublishedDifficulty(
                Difficulty(*numbers), _WHERE, "159 prompts, best-of-n jailbreaking with texts"
            )
            for name, numbers in _JAILBREAKS.items()
        },
        **{
            f"{name}-jailbreaks-kumaraswamy": PublishedDifficulty(
                Difficulty(*numbers, _JAILBREAKS[name][2], "kumaraswamy"),
                _WHERE,
                "159 prompts, best-of-n jailbreaking with texts",
            )
            for name, numbers in _KUMARASWAMY.items()
        },
    }
)
"""Name → distribution: Pythia on MATH, and jailbreaks of chat models."""
