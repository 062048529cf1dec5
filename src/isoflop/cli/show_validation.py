"""Back-tests, comparisons and multiverses as tables."""

from typing import TYPE_CHECKING

from isoflop.cli import output
from isoflop.units import format_quantity

if TYPE_CHECKING:
    from isoflop.validate.outcome import Backtest, Split


def print_backtest(found: "Backtest") -> None:
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
