"""The rolling back-test on the embedded runs: the error of every held-out run against its distance."""

from pathlib import Path

import isoflop as iso

runs = iso.embedded("ladder")
runs = runs.select(runs.column("tokens") >= 3e5, "stopped while the loss was still falling steeply")
found = iso.backtest("kaplan-tokens", runs, by="flops", seed=0)
iso.figures.save(iso.figures.prediction_figure(found), Path(__file__).with_suffix(".svg"))
