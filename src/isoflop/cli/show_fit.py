"""Fits and forecasts as tables and as JSON."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from isoflop.cli import output
from isoflop.fit.result import Fit
from isoflop.fit.summary import Forecast
from isoflop.laws.law import Law
from isoflop.runs.table import Excluded
from isoflop.units import format_quantity


def verdict(fitted: Fit) -> dict[str, Any]:
    """Give the certificate in the form that every result carries."""
    return {"verdict": fitted.certificate.verdict, "reasons": list(fitted.certificate.reasons)}


def forecast(fitted: Fit, found: Forecast) -> dict[str, Any]:
    """Give a forecast; its key is the response's word, `loss` for most laws."""
    return {
        fitted.response: found.to_dict(),
        "level": found.level,
        "unit": found.unit,
        "columns": found.columns,
        "new_run": found.new_run,
        "distance_decades": found.distance_decades,
        "source_decades": found.source_decades,
        "inflation": fitted.inflation,
        "leaves_out": list(found.leaves_out),
        "law": fitted.law.name,
        "published": None,
        "certificate": verdict(fitted),
    }


def print_fit(fitted: Fit, out: Path | None = None) -> None:
    """Print the law, the verdict, the parameters and what they stand on."""
    data = fitted.data
    output.say(f"{fitted.law.name}: {fitted.law.formula}", style="bold")
    source = data.file or "memory"
    left = f", {len(data.excluded)} left out" if data.excluded else ""
    output.say(
        f"{fitted.rows} runs of {source}{left}" + (f", where {data.where}" if data.where else ""),
        f"objective {fitted.objective} = {fitted.value:.9g}",
    )
    print_verdict(fitted)
    output.say("")
    headers = ("parameter", "value", f"{fitted.level:.0%} interval", "meaning")
    output.grid(headers, [_parameter(fitted, name) for name in fitted.names], numbers=(1, 2))
    if fitted.draws is None:
        output.say("no draws, so no intervals: fit with --bootstrap 1000")
    _print_ground(fitted)
    if out is not None:
        output.say(f"written to {out}")


def print_verdict(fitted: Fit) -> None:
    """Print the certificate's verdict, its reasons, and when all is well what was seen."""
    found = fitted.certificate
    output.say(found.verdict, style="bold green" if found.ok else "bold red")
    output.say(*(f"  - {reason}" for reason in found.reasons))


def _parameter(fitted: Fit, name: str) -> tuple[str, str, str, str]:
    """A parameter's row; of `A[recipe=web]` the meaning is that of `A`."""
    meaning = fitted.law.meaning(name.partition("[")[0])
    value = f"{fitted.parameters[name]:.5g}"
    if name in fitted.fixed:
        return name, value, "fixed", meaning
    if name in fitted.priors:
        mean, sd = fitted.priors[name]
        meaning = f"prior {mean:g} ± {sd:g}" + (f"; {meaning}" if meaning else "")
    return name, value, span(fitted.interval(name)) if fitted.draws is not None else "–", meaning


def span(interval: tuple[float, float], digits: int = 4) -> str:
    """An interval in words."""
    low, high = (float(end) for end in interval)
    return f"{low:.{digits}g} to {high:.{digits}g}"


def _print_ground(fitted: Fit) -> None:
    """Print what the fit stands on: ranges, conventions, rows left out."""
    data = fitted.data
    ranges = [f"{w} {format_quantity(low)} to {format_quantity(high)}" for w, (low, high) in data.ranges.items()]
    output.say("", f"data: {', '.join(ranges)}", *(f"note: {note}" for note in data.notes))
    output.say(*(f"note: {text}" for text in _lookalikes(fitted.law)))
    if data.excluded:
        output.say("left out:", *left_out(data.excluded))
    chosen = fitted.settings.get("auto")
    if chosen is not None:
        output.say(*choice_of_objective(chosen))


def choice_of_objective(chosen: Mapping[str, Any]) -> list[str]:
    """Which objective the inner back-test chose, why, and the error of each."""
    lines = [f"objective {chosen['objective']} chosen among those of --objective: {chosen['reason']}"]
    errors = sorted(chosen["errors"].items(), key=lambda item: float(item[1]))
    return [*lines, *(f"  {name:<14}  error of held-out runs {error:.3%}" for name, error in errors)]


def _lookalikes(law: Law) -> list[str]:
    """Parameters of a user's formula that are a column's letter in small."""
    from isoflop.runs.columns import SYMBOL_TO_WORD

    small = {letter.lower(): (letter, word) for letter, word in SYMBOL_TO_WORD.items()}
    names = law.parameter_names if law.family == "user" else ()
    return [
        f"{name} is a parameter here; the column {small[name][1]} is {small[name][0]}"
        for name in names
        if name in small
    ]


def left_out(excluded: tuple[Excluded, ...], most: int = 10) -> list[str]:
    """Rows left out, by reason."""
    reasons: dict[str, list[int]] = {}
    for item in excluded:
        reasons.setdefault(item.reason, []).append(item.row)
    return [f"  rows {row_list(rows, most)}: {reason}" for reason, rows in reasons.items()]


def row_list(rows: Sequence[int], most: int = 10) -> str:
    """Row numbers, the first ones by name."""
    named = ", ".join(str(row) for row in rows[:most])
    return named if len(rows) <= most else f"{named} and {len(rows) - most} more"


def print_forecast(fitted: Fit, found: Forecast) -> None:
    """Print the value, its interval, how far it is from the data and what the interval leaves out."""
    at = ", ".join(
        f"{word} = {value if isinstance(value, str) else format_quantity(value)}"
        for word, value in found.columns.items()
    )
    what = "a new run" if found.new_run else "the law itself"
    unit = f" {found.unit}" if found.unit else ""
    output.say(f"{fitted.response} at {at}")
    output.say(f"  {found.value:.5g}{unit}, {span(found.interval, 5)} ({found.level:.0%}, {what})", style="bold")
    beyond = [f"{d:.1f} decades in {word}" for word, d in found.distance_decades.items() if d > 0]
    output.say(f"  beyond the data by {', '.join(beyond)}" if beyond else "  within the range of the data")
    said = ", ".join(f"{d:.1f} decades in {word}" for word, d in found.source_decades.items())
    if said:
        output.say(f"  beyond what the source of {fitted.law.name} supports by {said}")
    if fitted.inflation is not None:
        output.say(f"  interval widened {max(fitted.inflation, 1.0):.2f} times, as the back-test showed to be needed")
    output.say(*(f"  not in the interval: {text}" for text in found.leaves_out))
