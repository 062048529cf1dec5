"""Classes of equal accelerator-hours: what an implementation may see in them, and who is ahead in each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from isoflop.errors import TableError
from isoflop.recipes.pool import recipes_in
from isoflop.recipes.sense import higher_is_better
from isoflop.runs.table import RunTable

CLASSES: Final = (6.0, 12.0, 24.0, 48.0, 96.0)
"""Accelerator-hours of the Languini classes."""


@dataclass(frozen=True)
class ClassResult:
    """Recipes inside one class.

    Args:
        hours: accelerator-hours that a run of the class may take.
        responses: recipe → its best response within them; recipes without a run are left out.
        best: the recipe with the best of them; None where the class is empty.
        lead: share by which the runner-up's response is worse than the best one's; None without a runner-up.
    """

    hours: float
    responses: dict[str, float]
    best: str | None
    lead: float | None

    def to_dict(self) -> dict[str, Any]:
        """Keys for JSON."""
        return {"hours": self.hours, "responses": dict(self.responses), "best": self.best, "lead": self.lead}


def tokens_allowed(tokens_per_second: float, hours: float, *, accelerators: int = 1) -> float:
    """Training tokens of a class: what the implementation sees in its accelerator-hours.

    `D = throughput × 3600 × hours`; parameters and FLOPs are free.

    Reference: Stanić et al. 2023, arXiv:2309.11197 (Languini Kitchen).

    Args:
        tokens_per_second: measured training throughput on all accelerators together.
        hours: accelerator-hours of the class.
        accelerators: how many ran when the throughput was measured.

    Returns:
        Tokens.

    Raises:
        TableError: a number is not positive.

    >>> tokens_allowed(50_000, 6)
    1080000000.0
    """
    if not (tokens_per_second > 0 and hours > 0 and accelerators > 0):
        raise TableError(
            f"Throughput {tokens_per_second:g}, {hours:g} hours, {accelerators} accelerators: all three must be "
            "positive. Measure the throughput of the training step."
        )
    return tokens_per_second * 3600.0 * hours / accelerators


def in_classes(
    table: RunTable,
    *,
    hours: str = "gpu_hours",
    response: str = "loss",
    column: str = "recipe",
    classes: Sequence[float] = CLASSES,
    better: str | None = None,
) -> tuple[ClassResult, ...]:
    """Best run of every recipe within each class of accelerator-hours.

    A run belongs to the smallest class that holds it: a longer class may not be won by a short run.

    Reference: Stanić et al. 2023, arXiv:2309.11197.

    Args:
        table: runs with their accelerator-hours.
        hours: column of the accelerator-hours, all accelerators counted.
        response: column that is compared.
        column: column of the recipe.
        classes: accelerator-hours of the classes.
        better: `lower` or `higher`; by the name of the response when None.

    Returns:
        One result per class, the smallest class first.

    Raises:
        TableError: a class is not positive, or there are fewer than two recipes.
        ColumnError: a column is missing.
    """
    limits = np.unique(np.asarray(classes, dtype=float))
    if not (len(limits) and np.isfinite(limits).all() and (limits > 0).all()):
        raise TableError(f"Classes are positive accelerator-hours, not {list(classes)}. Give for instance 6, 12, 24.")
    names, codes = table.labels(column)
    recipes = recipes_in(table, column)
    taken, values = table.column(hours), table.column(response)
    # A run may be over its class by a rounding of the clock.
    place = np.searchsorted(limits * (1 + 1e-3), taken)
    sign = -1.0 if higher_is_better(response, better) else 1.0
    found = []
    for k, limit in enumerate(limits.tolist()):
        inside = {r: values[(codes == names.index(r)) & (place == k) & np.isfinite(values)] for r in recipes}
        best = {recipe: sign * float((sign * own).min()) for recipe, own in inside.items() if len(own)}
        order = [recipe for _, recipe in sorted((sign * value, recipe) for recipe, value in best.items())]
        lead = sign * (best[order[1]] / best[order[0]] - 1) if len(order) > 1 else None
        found.append(ClassResult(limit, best, order[0] if order else None, lead))
    return tuple(found)
