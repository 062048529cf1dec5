"""Figures as Vega-Altair charts: one specification for files, notebooks and the report."""

from isoflop.figures.backtests import backtest_figure, prediction_figure
from isoflop.figures.comparisons import comparison_figure
from isoflop.figures.designs import design_figure, promise_figure
from isoflop.figures.fitted import fit_figure, residual_figure
from isoflop.figures.forecast import can_forecast, forecast_figure
from isoflop.figures.isoflop import has_isoflops, isoflop_figure
from isoflop.figures.parameters import draws_figure, interval_figure
from isoflop.figures.plans import plan_figure
from isoflop.figures.profiles import profile_figure
from isoflop.figures.recipes import multiplier_figure, recipes_figure
from isoflop.figures.save import save
from isoflop.figures.spreads import multiverse_figure

__all__ = [
    "backtest_figure",
    "can_forecast",
    "comparison_figure",
    "design_figure",
    "draws_figure",
    "fit_figure",
    "forecast_figure",
    "has_isoflops",
    "interval_figure",
    "isoflop_figure",
    "multiplier_figure",
    "multiverse_figure",
    "plan_figure",
    "prediction_figure",
    "profile_figure",
    "promise_figure",
    "recipes_figure",
    "residual_figure",
    "save",
]
