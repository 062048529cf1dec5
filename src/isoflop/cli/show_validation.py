"""Back-tests, comparisons and multiverses as tables."""

from typing import TYPE_CHECKING

from isoflop.cli import output
from isoflop.units import format_quantity

if TYPE_CHECKING:
    from isoflop.validate.averages import Average
    from isoflop.validate.comparison import Comparison, Entry
    from isoflop.validate.outcome import Backtest, Split


def print_backtest(found: "Backtest", *, notes: bool = True) -> None:
    """Print one row per cut, the sums, and what to know when reading them."""
    output.say(f"{found.law}: {found.formula}", style="bold")
    output.say(f"back-test by {found.by}, objective {found.objective}, {found.level:.0%} intervals")
    headers = (
        *(f"cut at {found.by}", "runs fitted", "predicted", "decades on", "|error|", "error"),
        *("coverage", "inflation", "fit"),
    )
    output.grid(headers, [_split(split) for split in found.splits], numbers=range(8))
    output.say("")
    output.say(
        f"mean |error| {found.mean_abs_rel_error:.2%}, mean error {found.mean_signed_rel_error:+.2%}, "
        f"coverage {share(found.coverage)}, inflation {factor(found.inflation)}",
        style="bold",
    )
    output.say(*(f"not cut at {found.by} {format_quantity(s.cut)}: {s.reason}" for s in found.skipped))
    if notes:
        output.say(*(f"note: {note}" for note in found.notes))


def _split(split: "Split") -> tuple[str, ...]:
    """One cut's row."""
    return (
        format_quantity(split.cut),
        str(len(split.train_rows)),
        str(len(split.test_rows)),
        f"{split.distance_decades:.2f}",
        f"{split.mean_abs_rel_error:.2%}",
        f"{split.mean_signed_rel_error:+.2%}",
        share(split.coverage),
        factor(split.inflation),
        split.fit.certificate.verdict,
    )


def share(value: float | None) -> str:
    """A share in percent, or a dash."""
    return "–" if value is None else f"{value:.0%}"


def factor(value: float | None) -> str:
    """A factor, or a dash."""
    return "–" if value is None else f"{value:.2f}"


def print_comparison(found: "Comparison", *, notes: bool = True) -> None:
    """Print the laws, best first, then averages and the verdict."""
    output.say(f"{len(found.best.backtest.splits)} cuts by {found.by}, {found.rows} runs that all laws can use")
    headers = (
        "law",
        "parameters",
        "|error|",
        "error",
        "coverage",
        "inflation",
        "against the best",
        "AICc weight",
        "fit",
    )
    output.grid(headers, [_entry(entry) for entry in found.entries], numbers=range(1, 8))
    output.say("")
    output.say(*(f"average {_average(average)}" for average in found.averages))
    output.say(f"verdict: {found.verdict}", style="bold")
    output.say(f"  {found.reason}")
    if found.target is not None:
        low, high = found.target.interval
        output.say(
            f"target: {found.target.averages['equal']:.4g}, {low:.4g} to {high:.4g} ({found.level:.0%}); "
            f"the laws differ by {found.target.between:.2%}"
        )
    if notes:
        output.say(*(f"note: {note}" for note in found.notes))


def _entry(entry: "Entry") -> tuple[str, ...]:
    """One law's row."""
    test, other = entry.backtest, entry.against_best
    return (
        entry.label,
        str(entry.parameters),
        f"{test.mean_abs_rel_error:.2%}",
        f"{test.mean_signed_rel_error:+.2%}",
        share(test.coverage),
        factor(test.inflation),
        "best" if other is None else f"{other.mean:+.2%}",
        factor(entry.aicc_weight),
        entry.fit.certificate.verdict,
    )


def _average(average: "Average") -> str:
    """An average of laws in words."""
    weights = ", ".join(f"{name} {weight:.2f}" for name, weight in average.weights.items())
    error = "unknown" if average.mean_abs_rel_error is None else f"{average.mean_abs_rel_error:.2%}"
    return f"{average.name} ({weights}): |error| {error}"
