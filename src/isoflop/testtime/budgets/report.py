"""Everything about a budget in one result: frontier, best choices, spending by difficulty, saturation, break-even."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from isoflop.testtime.budgets.budget import Choice, Menu, best_within, frontier
from isoflop.testtime.budgets.build import Built
from isoflop.testtime.budgets.by_difficulty import Adaptive, adapt
from isoflop.testtime.budgets.compare import BreakEven, SaturationPoint, break_even, saturation_point
from isoflop.testtime.budgets.file import ModelEntry
from isoflop.testtime.budgets.routes import CHECKED
from isoflop.testtime.estimators.bins import difficulty_bins

CHECKER: Final = (
    "pass@k, retry and coverage take a checker that is never wrong; with tests or a verifier the accuracy is less."
)
LOOKED: Final = (
    "Difficulty was told from the samples that are then counted, so the gain by difficulty is too hopeful. Set samples "
    "apart for it (--probe)."
)
TOLD: Final = (
    "Difficulty was told by correctness, which takes a checker as well; a score or the agreement of answers does "
    "without (--ease)."
)
FORECAST: Final = (
    "k beyond the samples at hand is a forecast by the distribution of difficulty; its error is in no interval here."
)
STEPS: Final = 5
"""Budgets that are tried when none is given."""


@dataclass(frozen=True, eq=False)
class BudgetLine:
    """What one budget buys.

    Attributes:
        budget: mean cost of a problem.
        best: one choice for all problems; None where nothing is so cheap.
        adaptive: spent by difficulty; None where it was not asked for or cannot be.
    """

    budget: float
    best: Choice | None
    adaptive: Adaptive | None

    def to_dict(self, found: Menu) -> dict[str, Any]:
        """Keys for JSON."""
        best = None
        if self.best is not None:
            held = self.best.held_out
            best = self.best.to_dict() | {"held_out": None if held is None else held.to_dict()}
        adaptive = None if self.adaptive is None else self.adaptive.to_dict(found)
        return {"budget": self.budget, "best": best, "adaptive": adaptive}


@dataclass(frozen=True, eq=False)
class BudgetReport:
    """What inference buys.

    Attributes:
        menu: all routes.
        frontier: options that no cheaper one matches, by rising cost.
        lines: what each budget buys.
        saturation: of every route with several numbers of samples.
        break_even: of every other model against the one named.
        warnings: what speaks against taking the numbers as they are.
    """

    menu: Menu
    frontier: tuple[Choice, ...]
    lines: tuple[BudgetLine, ...]
    saturation: tuple[SaturationPoint, ...]
    break_even: tuple[BreakEven, ...]
    warnings: tuple[str, ...]

    @property
    def leaves_out(self) -> tuple[str, ...]:
        """What the intervals do not contain."""
        return self.frontier[0].accuracy.leaves_out

    def to_dict(self) -> dict[str, Any]:
        """Keys for JSON."""
        return {
            "unit": self.menu.unit,
            "level": self.menu.level,
            "problems": len(self.menu.problems),
            "routes": [
                {"model": r.model, "rule": r.rule, "ks": [int(k) for k in r.ks], "seen": r.seen}
                for r in self.menu.routes
            ],
            "frontier": [choice.to_dict() for choice in self.frontier],
            "budgets": [line.to_dict(self.menu) for line in self.lines],
            "saturation": [point.to_dict() for point in self.saturation],
            "break_even": [one.to_dict() for one in self.break_even],
            "warnings": list(self.warnings),
            "leaves_out": list(self.leaves_out),
        }


def report_budget(
    built: Built,
    *,
    budgets: Sequence[float] = (),
    bins: int = 5,
    within: float = 0.01,
    against: str | None = None,
) -> BudgetReport:
    """Work out everything about a menu.

    Args:
        built: the menu and what it was made from.
        budgets: mean costs of a problem; five from the cheapest option to the most accurate one when empty.
        bins: of difficulty; 0 for no spending by difficulty.
        within: distance in accuracy at which a route counts as saturated.
        against: model that the others are sampled to match; the one whose cheapest option is dearest when None.

    Returns:
        The result.

    Raises:
        InputError: an unknown model, a budget that is not positive, or bins that problems do not fill.
    """
    found, line = built.menu, frontier(built.menu)
    asked = list(budgets) or np.geomspace(line[0].cost.value, line[-1].cost.value, STEPS).tolist()
    lines = tuple(
        BudgetLine(budget, best, _by_difficulty(built, budget, bins))
        for budget, best in zip(asked, best_within(found, asked), strict=True)
    )
    long = [place for place, route in enumerate(found.routes) if len(route.ks) > 1]
    points = tuple(saturation_point(found, place, within=within) for place in long)
    warnings = _warnings(built, lines, bins)
    return BudgetReport(found, line, lines, points, _break_even(built, against), warnings)


def _warnings(built: Built, lines: Sequence[BudgetLine], bins: int) -> tuple[str, ...]:
    """What speaks against taking the numbers as they are."""
    found, said = built.menu, list(built.warnings)
    if any(route.rule in CHECKED or route.rule == "coverage" for route in found.routes):
        said.append(CHECKER)
    if any(not route.is_law and route.is_forecast(int(route.ks[-1])) for route in found.routes):
        said.append(FORECAST)
    if not bins:
        return tuple(said)
    if found.tables is None:
        return (*said, "Laws know no problems, so that nothing can be spent by difficulty beside them.")
    probe = float(built.probe_cost.mean())
    if built.by == "correct" and not all(route.rule in CHECKED for route in found.routes):
        said.append(TOLD)
    if any(line.adaptive is not None for line in lines) and not probe:
        said.append(LOOKED)
    if any(line.budget <= probe for line in lines):
        said.append(
            f"The probe alone costs {probe:.3g} {found.unit} a problem: smaller budgets cannot be spent by difficulty."
        )
    if len(found.problems) < 4 * bins:
        said.append(f"{len(found.problems)} problems are too few for {bins} bins of difficulty. Ask for fewer.")
    return tuple(said)


def _by_difficulty(built: Built, budget: float, bins: int) -> Adaptive | None:
    """The budget spent by difficulty, where there are problems enough and the probe leaves something."""
    problems = len(built.menu.problems)
    if not bins or built.menu.tables is None or problems < 4 * bins or budget <= built.probe_cost.mean():
        return None
    return adapt(built.menu, difficulty_bins(built.ease, bins).of, budget, probe=built.probe_cost)


def _break_even(built: Built, against: str | None) -> tuple[BreakEven, ...]:
    """Every other model against one."""
    found = built.menu
    names = list(dict.fromkeys(route.model for route in found.routes))
    if len(names) < 2 and against is None:
        return ()
    model = np.array([found.routes[r].model for r in found.of[:, 0].tolist()])
    cheapest = {name: float(found.cost[0, model == name].min()) for name in names}
    chosen = max(names, key=lambda name: cheapest[name]) if against is None else against
    entries = {entry.name: entry for entry in built.models}
    return tuple(_against(built, entries[name], entries.get(chosen), chosen) for name in names if name != chosen)


def _against(built: Built, ours: ModelEntry, theirs: ModelEntry | None, chosen: str) -> BreakEven:
    """One model against another, with what is known of their training and size."""
    extra = factor = None
    lengths = 1.0
    if theirs is not None:
        if ours.training is not None and theirs.training is not None:
            extra = theirs.training - ours.training
        if ours.size and theirs.size:
            factor = theirs.size / ours.size
        if ours.name in built.tokens and built.tokens.get(theirs.name):
            lengths = built.tokens[ours.name] / built.tokens[theirs.name]
    return break_even(built.menu, ours.name, chosen, extra_training=extra, size_factor=factor, tokens_factor=lengths)
