"""Section on other laws: errors on the same held-out runs, averages, and what each says of the target."""

from isoflop import figures
from isoflop.report.blocks import Block, Heading, Items, Section, Table, Text
from isoflop.report.drawings import drawing
from isoflop.report.words import number, percent, quantity, sentence, tidy, with_interval
from isoflop.validate.comparison import Comparison, Entry
from isoflop.validate.target import Target


def comparison_section(found: Comparison) -> Section:
    """Laws side by side on the same cuts.

    Args:
        found: the comparison.

    Returns:
        The section.
    """
    blocks: list[Block] = [
        Text(f"Verdict: {found.verdict}; {tidy(found.reason).rstrip('.')}."),
        drawing(figures.comparison_figure(found)),
        _laws(found),
        Heading("Averages of the laws"),
        _averages(found),
    ]
    if found.target is not None:
        blocks += [Heading("What each law says of the target"), _target(found.target)]
    own = [note for note in found.notes if note not in found.best.fit.data.notes]
    if own:
        blocks.append(Items([sentence(tidy(note)) for note in own]))
    return Section("laws", "Other laws on the same runs", blocks)


def _laws(found: Comparison) -> Table:
    """Errors, coverage, criteria, law by law."""
    head = (
        "law",
        "parameters",
        "mean |error|",
        "mean error",
        "in interval",
        "inflation",
        "behind the best",
        "AICc weight",
    )
    caption = "Ordered by error on held-out runs; AICc is shown and chooses nothing."
    return Table((*head, "fit"), [_law(entry) for entry in found.entries], tuple(range(1, 8)), caption)


def _law(entry: Entry) -> tuple[str, ...]:
    """One law's row."""
    test, gap = entry.backtest, entry.against_best
    return (
        entry.label,
        str(entry.parameters),
        percent(test.mean_abs_rel_error),
        percent(test.mean_signed_rel_error, signed=True),
        percent(test.coverage, digits=0),
        number(test.inflation, 3) if test.inflation is not None else "–",
        "best" if gap is None else f"{percent(gap.mean, signed=True)} (p = {number(gap.p_value, 2)})",
        number(entry.aicc_weight, 2) if entry.aicc_weight is not None else "–",
        entry.fit.certificate.verdict,
    )


def _averages(found: Comparison) -> Table:
    """Weighted averages and their errors."""
    rows = []
    for average in found.averages:
        weights = ", ".join(f"{name} {weight:.2f}" for name, weight in average.weights.items())
        rows.append((average.name, percent(average.mean_abs_rel_error), weights))
    return Table(("average", "mean |error|", "weights"), rows, (1,))


def _target(target: Target) -> Table:
    """Forecasts of one run by each law, and how far they disagree."""
    rows = [(name, with_interval(forecast, "loss")) for name, forecast in target.forecasts.items()]
    low, high = (quantity("loss", end) for end in target.interval)
    rows.append(("equal weights", f"{quantity('loss', target.averages['equal'])} [{low}, {high}]"))
    where = ", ".join(f"{word} = {_shown(word, value)}" for word, value in target.columns.items())
    caption = f"At {where}; the laws differ by {percent(target.between)} (one standard deviation)."
    return Table(("law", f"forecast, {target.level:.0%} interval"), rows, (1,), caption)


def _shown(word: str, value: object) -> str:
    """An input of the target."""
    return quantity(word, float(value)) if isinstance(value, int | float) else str(value)
