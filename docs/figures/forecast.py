"""Forecast of the largest embedded runs from the smaller ones, as the README shows it."""

from pathlib import Path

import isoflop as iso

runs = iso.embedded("ladder")
runs = runs.select(runs.column("tokens") >= 3e5, "stopped while the loss was still falling steeply")
large = runs.column("flops") >= sorted(set(runs.column("flops")))[-5]
small = runs.select(~large, "held out: the five largest budgets")
held_out = runs.select(large, "fitted: smaller budgets")
fit = iso.fit("kaplan-tokens", small, seed=0)

iso.figures.save(iso.figures.forecast_figure(fit, small, held_out=held_out), Path(__file__).with_suffix(".svg"))
