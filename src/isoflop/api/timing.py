"""The verbs time_scores and compute_classes: recipes without a law."""

from collections.abc import Mapping, Sequence

from isoflop.api.inputs import Runs, as_runs
from isoflop.recipes.classes import CLASSES, ClassResult, in_classes
from isoflop.recipes.timing import LARGEST_RATIO, TimeScores, score_times, times_of

__all__ = ["compute_classes", "time_scores"]


def time_scores(
    runs: Runs,
    *,
    time: str = "hours",
    column: str = "recipe",
    workload: str = "workload",
    study: str = "study",
    baseline: str | None = None,
    largest_ratio: float = LARGEST_RATIO,
    response: str | None = None,
    targets: Mapping[str, float] | None = None,
    where: str | None = None,
    mapping: Mapping[str, str] | None = None,
) -> TimeScores:
    """Score recipes by the time that they need to reach a target.

    The best trial of each study, the median over studies, the ratio to the fastest recipe on each
    workload; `B_s = (1/(r_max - 1)) ∫_1^r_max rho_s(tau) dtau` over the performance profile rho.

    Reference: Dahl et al. 2023, arXiv:2306.07179 (AlgoPerf).

    Args:
        runs: trials, one row each; a missing time is a target that was never reached.
        time: column of the time to the target.
        column: column that names the recipe.
        workload: column of the workload; one workload where there is none.
        study: column of the study; one study where there is none.
        baseline: recipe of the speedups; the first when None.
        largest_ratio: r_max.
        response: column that must be at or below the target for a time to count.
        targets: workload → target, for `response`.
        where: SQL filter, when `runs` is a file.
        mapping: word → column of the source.

    Returns:
        Scores, speedups and times.

    >>> rows = {"recipe": ["adamw", "muon"], "hours": [5.0, 4.0]}
    >>> round(time_scores(rows).scores["adamw"], 4)
    0.9167
    """
    table = as_runs(runs, where=where, mapping=mapping, response=response or time)
    times = times_of(
        table, time=time, recipe=column, workload=workload, study=study, response=response, targets=targets
    )
    return score_times(times, baseline=baseline, largest_ratio=largest_ratio)


def compute_classes(
    runs: Runs,
    *,
    hours: str = "gpu_hours",
    response: str = "loss",
    column: str = "recipe",
    classes: Sequence[float] = CLASSES,
    better: str | None = None,
    where: str | None = None,
    mapping: Mapping[str, str] | None = None,
) -> tuple[ClassResult, ...]:
    """Compare recipes within classes of equal accelerator-hours.

    A run belongs to the smallest class that holds it; parameters and FLOPs are free, so that an
    implementation's throughput counts.

    Reference: Stanić et al. 2023, arXiv:2309.11197 (Languini Kitchen).

    Args:
        runs: runs with their accelerator-hours.
        hours: column of the accelerator-hours, all accelerators counted.
        response: column that is compared.
        column: column that names the recipe.
        classes: accelerator-hours of the classes.
        better: `lower` or `higher`; by the name of the response when None.
        where: SQL filter, when `runs` is a file.
        mapping: word → column of the source.

    Returns:
        One result per class, the smallest first.

    >>> rows = {"recipe": ["gpt", "lstm"], "gpu_hours": [6.0, 5.9], "loss": [3.0, 3.2]}
    >>> compute_classes(rows)[0].best
    'gpt'
    """
    table = as_runs(runs, where=where, mapping=mapping, response=response)
    return in_classes(table, hours=hours, response=response, column=column, classes=classes, better=better)
