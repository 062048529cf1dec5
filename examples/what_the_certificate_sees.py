"""Runs that cannot answer the question, and what the certificate says about them.

Every run has 20 tokens per parameter, as many published tables do: size and data then move together, and no fit can
tell their exponents apart, however small its residuals are.
"""

import numpy as np

import isoflop as iso

law = iso.laws.get("chinchilla")
truth = law.published_set("epoch-2024").values
params = np.geomspace(3e8, 1e10, 12)
noise = np.exp(0.003 * np.random.default_rng(2).normal(size=params.size))
runs = {"params": params, "tokens": 20 * params}
runs["loss"] = law.predict(truth, **runs) * noise

fit = iso.fit("chinchilla", runs)
print(f"largest residual {np.abs(fit.residuals).max():.2%}, and still: {fit.certificate}")

# Coefficients from elsewhere can be held against the runs as well.
print()
print(iso.certify("chinchilla", runs, truth))
