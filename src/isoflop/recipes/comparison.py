"""What a comparison of recipes comes to, frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from isoflop.fit.estimate import Estimate
from isoflop.fit.result import Fit
from isoflop.recipes.crossover import Crossing
from isoflop.recipes.curves import Curves
from isoflop.recipes.paired import Paired
from isoflop.recipes.partial import Spread
from isoflop.recipes.pool import Pooling
from isoflop.runs.table import RunTable


@dataclass(frozen=True)
class Entry:
    """One recipe at the scale that was asked for.

    Args:
        name: the recipe.
        rows: its runs.
        response: what the law says there, without the noise of a run.
        difference: its response minus the baseline's; 0 for the baseline itself.
        relative: the same as a share of the baseline's.
        multiplier: how many times its compute the baseline needs for the same response, at this scale.
        better: probability that it is better than the baseline; None for the baseline.
        best: probability that it is the best of all.
        largest: largest scale among its runs.
        distance_decades: how far the scale lies beyond its runs, in powers of ten.
        verdict: verdict on the fit behind it.
        paired: what its runs paired with the baseline's say; None where there are none.
        unpaired: why there is no paired comparison; empty otherwise.
    """

    name: str
    rows: int
    response: Estimate
    difference: Estimate
    relative: Estimate
    multiplier: Estimate
    better: float | None
    best: float
    largest: float
    distance_decades: float
    verdict: str
    paired: Paired | None = None
    unpaired: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Keys for JSON."""
        words = ("response", "difference", "relative", "multiplier")
        estimates = {word: getattr(self, word).to_dict() for word in words}
        return {
            "recipe": self.name,
            "rows": self.rows,
            **estimates,
            "probability_better": self.better,
            "probability_best": self.best,
            "largest": self.largest,
            "distance_decades": self.distance_decades,
            "verdict": self.verdict,
            "paired": None if self.paired is None else self.paired.to_dict(),
            "unpaired": self.unpaired,
        }


@dataclass(frozen=True)
class Winner:
    """The recipe with the best response, and what having chosen it costs.

    Args:
        name: the recipe.
        response: its response, with an interval that holds whichever recipe had won (Bonferroni).
        optimism: how much better the best of these looks than it is, on average.
        most: the same where all recipes were equal, σ·E[max of R normals].
        corrected: response made worse by the optimism.
        probability: probability that it is the best.
        second: the recipe with the next best response.
        lead: how much better it is than that one, above 0, with an interval that holds together with those of the
            others (Bonferroni).
        tied: recipes whose difference from it does not leave 0 out, all intervals together.
    """

    name: str
    response: Estimate
    optimism: float
    most: float
    corrected: float
    probability: float
    second: str
    lead: Estimate
    tied: tuple[str, ...]

    @property
    def resolved(self) -> bool:
        """Whether the differences of all others from it leave 0 out, all intervals together."""
        return not self.tied

    def to_dict(self) -> dict[str, Any]:
        """Keys for JSON."""
        return {
            "recipe": self.name,
            "response": self.response.to_dict(),
            "optimism": self.optimism,
            "optimism_if_equal": self.most,
            "corrected": self.corrected,
            "probability_best": self.probability,
            "second": self.second,
            "lead": self.lead.to_dict(),
            "tied": list(self.tied),
            "resolved": self.resolved,
        }


@dataclass(frozen=True)
class RecipeComparison:
    """Recipes side by side at one scale.

    Args:
        law: name of the law.
        formula: the formula that was fitted.
        way: `shared` (one fit with common parameters), `partial` (with nearly common ones) or `separate`.
        shared: the common parameters; empty for separate fits.
        response: word of what is compared.
        better: `lower` or `higher`: which response is the better one.
        column: what grows.
        at: its value.
        held: what is held while it grows, in words.
        level: confidence level.
        baseline: recipe that the others are compared with.
        entries: the recipes, best first.
        winner: the best one.
        crossings: crossing of every recipe with the baseline.
        pooling: test of common against separate parameters; None where it cannot be made.
        fits: recipe → fit; one and the same for shared parameters.
        table: the runs.
        curves: the recipes draw by draw, for figures.
        recipe_column: column that names the recipe.
        inflation: factor by which a back-test showed the intervals must grow; None without one.
        warnings: what speaks against using it as it is.
        leaves_out: what the intervals do not contain.
        notes: conventions.
        spreads: how much exponents vary between recipes; empty unless they are shared in part.
    """

    law: str
    formula: str
    way: str
    shared: tuple[str, ...]
    response: str
    better: str
    column: str
    at: float
    held: str
    level: float
    baseline: str
    entries: tuple[Entry, ...]
    winner: Winner
    crossings: tuple[Crossing, ...]
    pooling: Pooling | None
    fits: Mapping[str, Fit]
    table: RunTable = field(repr=False)
    curves: Curves = field(repr=False)
    recipe_column: str = "recipe"
    inflation: float | None = None
    warnings: tuple[str, ...] = ()
    leaves_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    spreads: tuple[Spread, ...] = ()

    def __getitem__(self, recipe: str) -> Entry:
        """One recipe by name."""
        return {entry.name: entry for entry in self.entries}[recipe]

    def distinct_fits(self) -> Mapping[str, Fit]:
        """The fits, each once, by what they are of."""
        return {"all recipes": next(iter(self.fits.values()))} if self.way != "separate" else self.fits

    def conclusions(self) -> tuple[str, ...]:
        """What comes out, in sentences: the winner, crossings, whether common parameters hold."""
        best = self.winner
        low, high = best.response.interval
        sure = "every other recipe is worse" if best.resolved else "the order of the first ones is not resolved"
        said = [
            f"best: {best.name}, with a probability of {best.probability:.1%}; {sure} at {self.level:.0%}",
            f"corrected for having been chosen: {best.corrected:.4f} ({low:.4f} to {high:.4f}); a choice of "
            f"{len(self.entries)} equal ones would look {best.most:.4f} too good",
            *(f"crossing: {crossing.words()}" for crossing in self.crossings),
        ]
        if self.pooling is not None:
            test = self.pooling
            said.append(
                f"common exponents: F({test.numerator}, {test.denominator}) = {test.f:.2f}, p = {test.p_value:.2g}"
            )
        said += [f"{s.name} varies between recipes with a standard deviation of {s.sd:.3g}" for s in self.spreads]
        return tuple(said)

    def to_dict(self) -> dict[str, Any]:
        """Keys for JSON."""
        words = (
            "law",
            "formula",
            "way",
            "response",
            "better",
            "column",
            "at",
            "held",
            "level",
            "baseline",
            "inflation",
        )
        return {
            **{word: getattr(self, word) for word in words},
            "shared": list(self.shared),
            "recipes": [entry.to_dict() for entry in self.entries],
            "winner": self.winner.to_dict(),
            "crossings": [crossing.to_dict() for crossing in self.crossings],
            "pooling": None if self.pooling is None else self.pooling.to_dict(),
            "spreads": [spread.to_dict() for spread in self.spreads],
            "warnings": list(self.warnings),
            "leaves_out": list(self.leaves_out),
            "notes": list(self.notes),
        }
