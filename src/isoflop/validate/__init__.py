"""Does it extrapolate: rolling back-test, laws side by side, and how far the answer hangs on choices."""

from isoflop.validate.backtest import FitSettings, backtest, with_backtest
from isoflop.validate.choose import Choice, choose_objective
from isoflop.validate.outcome import Backtest, Split
from isoflop.validate.scores import Prediction, Scores

__all__ = [
    "Backtest",
    "Choice",
    "FitSettings",
    "Prediction",
    "Scores",
    "Split",
    "backtest",
    "choose_objective",
    "with_backtest",
]
