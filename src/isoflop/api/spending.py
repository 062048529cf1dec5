"""The verb budget: what inference buys."""

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, TypedDict, Unpack

import numpy as np

from isoflop.api.inputs import check_seed
from isoflop.errors import InputError
from isoflop.fit.estimate import check_level
from isoflop.testtime.budgets.build import Asked, build
from isoflop.testtime.budgets.file import models_of, read_prices
from isoflop.testtime.budgets.report import BudgetReport, report_budget
from isoflop.testtime.reading.source import Choices

__all__ = ["budget"]


class Ways(TypedDict, total=False):
    """How answers are made and difficulty is told.

    Attributes:
        rules: how k samples make an answer; those that the columns allow when left out.
        beyond: pass@k is forecast to so many times the samples at hand; 1 when left out.
        bins: bins of difficulty to spend by, 0 for none; 5 when left out.
        probe: samples of the first model that tell difficulty: paid for, and not used for answers; 0 when left out.
        ease: what tells difficulty: correct, score or agreement; correct when left out.
        within: distance to the best accuracy that counts as saturated; 0.01 when left out.
        against: model that the others are sampled to match; the dearest one when left out.
    """

    rules: Sequence[str]
    beyond: float
    bins: int
    probe: int
    ease: str
    within: float
    against: str | None


def budget(
    samples: object,
    prices: str | PathLike[str] | Mapping[str, Mapping[str, Any]],
    *,
    by: str | None = None,
    budgets: Sequence[float] = (),
    draws: int = 1000,
    level: float = 0.9,
    seed: int = 0,
    choices: Choices | None = None,
    **ways: Unpack[Ways],
) -> BudgetReport:
    """Find the best way to spend inference: models, rules and numbers of samples by cost.

    Args:
        samples: samples or counts of all models: a path, a frame, or a mapping of columns; None where the prices name
            files.
        prices: file of prices, or what it holds: name of a model → its keys, such as `{"price_out": 0.6}`.
        by: column that holds the models' names.
        budgets: mean costs of a problem to spend; five when empty.
        draws: problems are drawn so often.
        level: confidence level of all intervals.
        seed: seed of the draws.
        choices: how samples are read, as in `read_samples`, without `by`.
        ways: see `Ways`.

    Returns:
        The frontier of accuracy against cost, the best choice of each budget, by difficulty too, where each route
        saturates, and where the others break even with a dearer model.

    Raises:
        InputError: a model's cost is not said, a key that nothing reads, or a number that cannot be.
        TableError: a check of the samples found an error, or the models have no problem in common.
        FileError: a file cannot be read.

    >>> counts = {"model": ["small"] * 3 + ["large"] * 3, "problem": ["p1", "p2", "p3"] * 2, "n": [40] * 6,
    ...           "c": [2, 9, 30, 10, 25, 38]}
    >>> prices = {"small": {"price_sample": 0.01}, "large": {"price_sample": 0.1}}
    >>> found = budget(counts, prices, by="model", budgets=[0.1], draws=100, bins=0)
    >>> best = found.lines[0].best
    >>> best.route.model, best.k, round(best.accuracy.value, 3)
    ('small', 9, 0.777)
    """
    check_level(level)
    check_seed(seed)
    unknown = sorted(set(ways) - set(Ways.__annotations__))
    if unknown:
        raise InputError(f"A budget has no word {unknown[0]!r}. Give some of {', '.join(Ways.__annotations__)}.")
    models = models_of(prices, Path("prices")) if isinstance(prices, Mapping) else read_prices(Path(prices))
    asked = Asked(
        tuple(ways.get("rules", ())), ways.get("beyond", 1.0), ways.get("probe", 0), ways.get("ease", "correct"),
        draws, level,
    )  # fmt: skip
    read: Choices = {**(choices or {}), "by": () if by is None else (by,)}
    built = build(models, samples, asked, read, rng=np.random.default_rng(seed))
    return report_budget(
        built, budgets=budgets, bins=ways.get("bins", 5), within=ways.get("within", 0.01), against=ways.get("against")
    )
