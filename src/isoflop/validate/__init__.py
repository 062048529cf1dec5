"""Does it extrapolate: rolling back-test, laws side by side, and how far the answer hangs on choices."""

from isoflop.validate.backtest import FitSettings, backtest, with_backtest
from isoflop.validate.choose import Choice, choose_objective
from isoflop.validate.compare import compare
from isoflop.validate.comparison import Comparison, Entry
from isoflop.validate.outcome import Backtest, Split
from isoflop.validate.scores import Prediction, Scores

__all__ = [
    "Backtest",
    "Choice",
    "Comparison",
    "Entry",
    "FitSettings",
    "Prediction",
    "Scores",
    "Split",
    "backtest",
    "choose_objective",
    "compare",
    "with_backtest",
]
