"""Published coefficients of the laws of sampling."""

from typing import Final

from isoflop.laws.parts import Published

_RELEASED: Final = "arXiv:2407.21787, released counts of 10,000 samples, least squares of ln(-ln coverage) on ln k"

# a, b: exp(-a k^-b); 101 values of k from 1 to 10,000.
_MONKEYS: Final = {
    "pythia-70m-math": (8.0260, 0.1943),
    "pythia-160m-math": (6.5916, 0.2797),
    "pythia-410m-math": (5.5241, 0.2863),
    "pythia-1b-math": (5.4523, 0.3146),
    "pythia-2.8b-math": (4.1041, 0.3355),
    "pythia-6.9b-math": (4.2552, 0.3484),
    "pythia-12b-math": (4.1129, 0.3702),
    "gemma-2b-codecontests": (8.0802, 0.1275),
    "gemma-7b-codecontests": (4.4880, 0.1309),
    "llama-3-8b-codecontests": (4.3922, 0.1186),
    "llama-3-8b-instruct-codecontests": (3.8798, 0.1088),
    "llama-3-70b-instruct-codecontests": (2.4411, 0.0997),
}
_JAILBREAKS: Final = {
    "claude-3-opus": (2.6308, 0.4485),
    "claude-3.5-sonnet": (3.4366, 0.3117),
    "gpt-4o": (3.6391, 0.3948),
    "gpt-4o-mini": (3.3680, 0.4916),
    "gemini-1.5-flash": (6.1591, 0.3029),
    "gemini-1.5-pro": (6.2963, 0.2563),
    "llama-3-8b-instruct": (12.93, 1.0024),
}


def _monkeys(name: str, numbers: tuple[float, float]) -> Published:
    """One model on one benchmark."""
    problems = 128 if name.endswith("math") else 140
    return Published(
        name=f"monkeys-2024-{name}",
        values=dict(zip(("a", "b"), numbers, strict=True)),
        where=_RELEASED,
        evidence="R",
        note=f"{problems} problems, k from 1 to 10,000 at 101 values; another grid of k moves a by 2 %, b by 1 %.",
    )


def _jailbreak(name: str, numbers: tuple[float, float]) -> Published:
    """One model under best-of-n jailbreaking with texts."""
    bent = " No power law: the exponent of 1 is that of success rates bounded away from 0." if numbers[1] > 1 else ""
    return Published(
        name=f"jailbreaking-2025-{name}",
        values=dict(zip(("a", "b"), numbers, strict=True)),
        where="arXiv:2502.17578, its counts for text jailbreaks, least squares of ln(-ln coverage) on ln k",
        evidence="R",
        note=f"159 prompts, k up to 10,000; sampling stopped at the first success of a prompt.{bent}",
    )


COVERAGE_SETS: Final = (
    *(_monkeys(name, numbers) for name, numbers in _MONKEYS.items()),
    *(_jailbreak(name, numbers) for name, numbers in _JAILBREAKS.items()),
)

CEILING_SETS: Final = (
    Published(
        name="humaneval-2024-17-models",
        values={"b": 0.72471, "m": 0.21829},
        where="arXiv:2411.17501, its table of 17 models in full precision, fitted again by least squares",
        evidence="R",
        note="HumanEval without the 14 tasks with false negatives, HumanEval+ as the strong test; R^2 of 0.8918.",
    ),
)

RAG_SETS: Final = (
    Published(
        name="gemini-1.5-flash-2024",
        values={"a1": 0.325, "a2": 0.101, "a3": 0.177, "b1": -0.067, "b2": -0.008, "c": -0.730},
        where="arXiv:2410.04343, table 8",
        evidence="V",
        note="Metric normalised per dataset; R^2 of 0.903, error variance 0.085; b2 is not significant (p of 0.092).",
    ),
)
