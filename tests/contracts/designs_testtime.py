"""Designs of the laws of sampling."""

from tests.contracts.design import Design

_DOCUMENTS = (1.01, 10.01, 100.01)

DESIGNS = (
    Design("coverage", {"k": (1, 1e4)}, "monkeys-2024-pythia-12b-math", points=30),
    # A power of 1 - p is its own parameter: another unit of n is another p, but no scale of it.
    Design("sampling-saturation", {"n": (1, 200)}, truth={"F_max": 0.8, "p": 0.1}, points=30, open_units=("n",)),
    Design("resampling-ceiling", {"accuracy": (0.06, 0.86)}, "humaneval-2024-17-models", points=17),
    Design(
        "rag-allocation",
        {},
        "gemini-1.5-flash-2024",
        levels={
            "documents": _DOCUMENTS,
            "shots": (1.01, 8.01, 64.01),
            "rounds": (1.01, 3.01, 5.01),
            "i_doc": (0.05, 0.1, 0.2),
            "i_shot": (0.02, 0.05, 0.1),
        },
        objective="ls",
        open_units=("documents", "shots", "rounds"),
    ),
)
