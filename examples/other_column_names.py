"""A table with other people's column names and values as people write them, and a forecast from it.

The losses are made from the coefficients that Besiroglu et al. (2024) found for Chinchilla's runs, with half a percent
of noise, so that the right answer is known.
"""

from pathlib import Path

import numpy as np

import isoflop as iso

rng = np.random.default_rng(0)
law = iso.laws.get("chinchilla")
truth = law.published_set("epoch-2024").values
lines = ["Model Size;tokens seen;final val loss"]
for millions in (300, 500, 800, 1200, 2000):
    for ratio in (20, 30, 40, 60, 80):
        loss = law.predict(truth, params=millions * 1e6, tokens=ratio * millions * 1e6) * np.exp(0.005 * rng.normal())
        lines.append(f"{millions}M;{ratio * millions / 1000}B;{loss:.4f}")
Path("their_runs.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")

runs = iso.read_runs("their_runs.csv")
print("read as:", dict(runs.provenance.mapping))
fit = iso.fit("chinchilla", runs)
print(fit.certificate)

forecast = fit.predict(params=7e9, tokens=140e9)
low, high = forecast.interval
print(f"7B parameters, 140B tokens: {forecast.value:.3f}, {forecast.level:.0%} interval {low:.3f} to {high:.3f}")
print(f"the law that made the runs says {law.predict(truth, params=7e9, tokens=140e9):.3f}")
