"""Does my own law, written in a file, say anything that the usual one does not?"""

from pathlib import Path

import isoflop as iso

Path("size-limited.toml").write_text(
    """
formula = "L = E + A/N^alpha + B/D^beta + G/(N^alpha * D^beta)"
title = "Chinchilla with a term for small models on few tokens"
counted = "N with embeddings, C = 6ND"

[parameters.alpha]
domain = [0.0, 2.0]
meaning = "exponent of parameters"

[parameters.beta]
domain = [0.0, 2.0]
meaning = "exponent of tokens"
""",
    "utf-8",
)

runs = iso.embedded("ladder")
fit = iso.fit("size-limited.toml", runs, bootstrap=0)
print(fit)
print(fit.law.latex)
print(iso.compare(["chinchilla", "size-limited.toml"], runs, seed=0))
