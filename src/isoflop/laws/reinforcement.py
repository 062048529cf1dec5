"""Reward of reinforcement learning against compute: the sigmoid of ScaleRL, and the power law it replaces."""

from typing import Final

from isoflop.laws.law import Law, Parameter, Published, Source

SCALERL_SOURCE: Final = Source(
    authors="Khatri, Madaan, Tiwari, Bansal, et al.",
    year=2025,
    title="The Art of Scaling Reinforcement Learning Compute for LLMs",
    where="arXiv:2510.13786, table 1",
)

_ROWS: Final = (
    ("base", 2542, 1.92, 0.610, "8B, batch 768, 14k tokens, 16 generations a prompt"),
    ("length-32k", 11272, 1.89, 0.645, "32k tokens"),
    ("batch-512", 2818, 1.77, 0.605, "batch 512"),
    ("batch-2048", 10909, 1.70, 0.645, "batch 2048"),
    ("generations-8", 3054, 2.44, 0.585, "8 generations a prompt"),
    ("generations-24", 2936, 2.07, 0.595, "24 generations a prompt"),
    ("generations-32", 4242, 1.65, 0.595, "32 generations a prompt"),
    ("math-of-math-and-code", 2896, 2.05, 0.595, "trained on mathematics and code, mathematics"),
    ("code-of-math-and-code", 1675, 1.09, 0.615, "trained on mathematics and code, code"),
)


def _row(name: str, middle: float, exponent: float, asymptote: float, what: str) -> Published:
    """One row of the table."""
    return Published(
        name=f"scalerl-2025-{name}",
        values={"A": asymptote, "C_mid": middle, "B": exponent},
        where="arXiv:2510.13786, table 1, as two detailed summaries print it",
        evidence="S",
        note=f"{what}. Three independent runs put A within about 0.02; no errors are published for B and C_mid.",
    )


SCALERL: Final = Law(
    name="scalerl",
    formula="reward = initial_reward + (A - initial_reward)/(1 + (C_mid/gpu_hours)^B)",
    title="Sigmoid of the reward in RL compute",
    family="reinforcement",
    parameters={
        "A": Parameter((0.0, 1.0), "asymptotic reward"),
        "C_mid": Parameter(meaning="compute at half the gain"),
        "B": Parameter(meaning="exponent: how fast the gain comes"),
    },
    variables=("gpu_hours", "initial_reward"),
    source=SCALERL_SOURCE,
    counted=(
        "reward: mean pass rate of 16 generations on held-out prompts; gpu_hours of RL (GB200 in the source); "
        "initial_reward: pass rate before RL, measured, not fitted"
    ),
    valid="after the first 1.5e3 GPU-hours, about one epoch; up to 1e5 GPU-hours",
    ranges={"gpu_hours": (1.5e3, 1e5)},
    advice=(
        "Leave out the first epoch and fit by least squares (objective ls). A, B and C_mid trade off: profile A "
        "before comparing B, and trust A only from about 3 C_mid on."
    ),
    published=tuple(_row(*row) for row in _ROWS),
    unit="fraction",
)

RL_POWER: Final = Law(
    name="rl-power",
    formula="reward = A - D_0/gpu_hours^B",
    title="Power law of the reward in RL compute, the large-compute limit of the sigmoid",
    family="reinforcement",
    parameters={
        "A": Parameter((0.0, 1.0), "asymptotic reward"),
        "D_0": Parameter(meaning="D of the source: (A - initial reward) C_mid^B"),
        "B": Parameter(meaning="exponent"),
    },
    variables=("gpu_hours",),
    source=SCALERL_SOURCE,
    counted="reward: mean pass rate on held-out prompts; gpu_hours of RL",
    valid="far beyond the middle of the sigmoid only",
    ranges={"gpu_hours": (1.5e3, 1e5)},
    advice="For comparison: from early runs it foretells an asymptote of 1, where the sigmoid finds 0.645.",
    unit="fraction",
)

LAWS: Final = (SCALERL, RL_POWER)
