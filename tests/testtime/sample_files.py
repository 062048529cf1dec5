"""A file of samples of two models, and a file of their prices."""

from pathlib import Path

import numpy as np

PRICES = """
[models.small]
price_in = 0.05
price_out = 0.2
verify = 0.00002
training = "$0.4M"

[models.large]
price_in = 1.0
price_out = 4.0
training = "$3M"
"""


def write_samples(path: Path, *, problems: int = 40, seed: int = 0) -> Path:
    """Write 12 samples of the small and 6 of the large model for every problem, with answers, scores and tokens."""
    rng = np.random.default_rng(seed)
    small = rng.beta(0.6, 1.1, problems)
    rates = {"small": (small, 12, 600), "large": (small + 0.4 * (1 - small), 6, 800)}
    lines = ["model,task_id,attempt,correct,answer,score,output_tokens,prompt_tokens"]
    for name, (rate, count, tokens) in rates.items():
        for place in range(problems):
            for attempt in range(count):
                right = rng.random() < rate[place]
                answer = 0 if right else rng.integers(1, 5)
                score = 6 + right + rng.standard_normal()
                length = int(rng.gamma(4, tokens / 4))
                lines.append(f"{name},q{place},{attempt},{int(right)},{answer},{score:.4f},{length},200")
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def write_prices(path: Path, text: str = PRICES) -> Path:
    """Write a file of prices."""
    path.write_text(text, "utf-8")
    return path
