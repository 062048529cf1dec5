"""Does it extrapolate: rolling back-test, laws side by side, and how far the answer hangs on choices."""

from isoflop.validate.backtest import backtest, with_backtest
from isoflop.validate.choose import Choice, choose_objective
from isoflop.validate.compare import compare
from isoflop.validate.comparison import Comparison, Entry
from isoflop.validate.folds import FitSettings
from isoflop.validate.multiverse import multiverse
from isoflop.validate.outcome import Backtest, Split
from isoflop.validate.scores import Prediction, Scores
from isoflop.validate.spread import Multiverse, Range, Universe
from isoflop.validate.universe import EXCLUSIONS, Convention

__all__ = [
    "EXCLUSIONS",
    "Backtest",
    "Choice",
    "Comparison",
    "Convention",
    "Entry",
    "FitSettings",
    "Multiverse",
    "Prediction",
    "Range",
    "Scores",
    "Split",
    "Universe",
    "backtest",
    "choose_objective",
    "compare",
    "multiverse",
    "with_backtest",
]
