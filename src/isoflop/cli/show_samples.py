"""Samples of problems as tables, as JSON, as a figure and as a page."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isoflop.cli import output

if TYPE_CHECKING:
    from isoflop.fit.estimate import Estimate
    from isoflop.testtime.forecasts.summary import SampleSummary


def payload(found: "Sequence[SampleSummary]") -> dict[str, Any]:
    """Everything for programs: one entry per part."""
    provenance = found[0].counts.provenance
    return {
        "parts": [one.to_dict() for one in found],
        "level": found[0].level,
        "data": {
            "file": provenance.file,
            "sha256": provenance.sha256,
            "where": provenance.where,
            "mapping": provenance.mapping,
        },
    }


def write(
    found: "Sequence[SampleSummary]",
    result: Mapping[str, Any],
    files: tuple[Path | None, Path | None, Path | None],
    *,
    command: str,
) -> None:
    """Write JSON, figure and page, as far as they were asked for."""
    out, figure, html = files
    if out is not None:
        from isoflop.fit.storage import write_text

        write_text(out, json.dumps(output.plain(result), indent=2, allow_nan=False) + "\n")
    if figure is not None:
        from isoflop.figures.samples import comparison_of_samples, coverage_figure
        from isoflop.figures.save import save

        save(coverage_figure(found[0]) if len(found) == 1 else comparison_of_samples(found), figure)
    if html is not None:
        from isoflop.report.about_samples import render_samples
        from isoflop.report.sheet import write_sheet

        write_sheet(html, render_samples(found, command=command))


def print_samples(found: "Sequence[SampleSummary]") -> None:
    """Print one part in full, or several side by side."""
    from isoflop.testtime.forecasts.summary import samples_each

    if len(found) > 1:
        print_parts(found)
        return
    one = found[0]
    counts, each = one.counts, samples_each(one.counts)
    output.say(f"{one.name}: {len(counts):,} problems, {counts.samples:,} samples ({each} each)", style="bold")
    output.say(f"never solved {one.never}, always solved {one.always}; {one.level:.0%} intervals over problems", "")
    rows = [
        (f"{k:,}", *_shares(hit), *_shares(all_))
        for k, hit, all_ in zip(one.ks.tolist(), one.at_hand(), one.at_hand(every=True), strict=True)
    ]
    output.grid(("k", "pass@k", "interval", "pass^k", "interval"), rows, numbers=(0, 1, 3))
    _print_forecast(one)
    output.say("", *one.conclusions())
    _print_findings(found)


def print_parts(found: "Sequence[SampleSummary]") -> None:
    """Print several parts side by side, in their order."""
    from isoflop.testtime.forecasts.summary import HEADLINE

    output.say(f"{len(found)} parts; {found[0].level:.0%} intervals over problems", style="bold")
    rows = []
    for one in found:
        hits = one.at_hand()
        far = None if one.forecasts is None else one.at(float(one.forecasts.ks[-1]))
        rows.append(
            (
                one.name, str(len(one.counts)), f"{one.counts.samples:,}", str(one.never), *_shares(hits[0]),
                f"{int(one.ks[-1]):,}", f"{hits[-1].value:.1%}",
                "–" if one.forecasts is None else f"{one.forecasts.ks[-1]:,.0f}",
                *(("–", "") if far is None else _shares(far)),
                "–" if one.tested is None else f"{100 * one.tested.of(HEADLINE).rms_error:.2f}",
                "–" if one.tested is None else str(one.best),
            )
        )  # fmt: skip
    headers = ("part", "problems", "samples", "never solved", f"pass@{int(found[0].ks[0])}", "interval", "k", "pass@k",
               "k", "forecast", "interval", "back-test, points", "least error")  # fmt: skip
    output.grid(headers, rows, numbers=(1, 2, 3, 4, 6, 7, 8, 9, 11))
    _print_findings(found)


def _print_forecast(one: "SampleSummary") -> None:
    """Print the law, the forecast by every method, and what the back-test said of each."""
    from isoflop.testtime.forecasts.summary import HEADLINE

    law = one.forecasts
    if law is None:
        output.say("", *(f"no forecast: {reason}" for reason in one.reasons), style="yellow")
        return
    output.say("", *one.laws(), "", "one of k right, of these very problems:")
    names = list(law.by)
    rows = []
    for k in one.shown().tolist():
        cells = [_shares(one.at(k, name)) for name in names]
        rows.append((f"{k:,.0f}", *(cell for pair in cells for cell in pair)))
    headers = ["k", *(cell for name in names for cell in (f"{name} *" if name == one.best else name, "interval"))]
    output.grid(headers, rows, numbers=(0, *range(1, 2 * len(names) + 1, 2)))
    output.say(f"the forecast to go by: {HEADLINE}, whose intervals hold for several families of difficulty")
    output.say("", *(f"no back-test: {reason}" for reason in one.reasons), style="yellow")
    if one.tested is None:
        return
    kept = " and ".join(str(k) for k in one.tested.kept)
    output.say(f"* smallest error in the back-test: {kept} of {one.tested.samples} samples kept, the rest forecast")
    scores = [
        (s.method, f"{100 * s.rms_error:.2f}", f"{100 * s.mean_error:+.2f}", _percent(s.scores.coverage),
         "–" if s.scores.inflation is None else f"{s.scores.inflation:.2f}×")
        for s in one.tested.methods
    ]  # fmt: skip
    columns = ("method", "error, points", "mean error", "in the interval", "intervals widened")
    output.grid(columns, scores, numbers=(1, 2, 3, 4))


def _print_findings(found: "Sequence[SampleSummary]") -> None:
    """Print what the checks found, and what the intervals do not contain."""
    from isoflop.testtime.forecasts.summary import shared_findings

    for level, text in shared_findings(found):
        output.say(text, style="yellow" if level == "warning" else None)
    output.say(*(f"not in the intervals: {text}" for text in found[0].leaves_out))


def _shares(found: "Estimate") -> tuple[str, str]:
    """A share and its interval, in percent."""
    low, high = (float(end) for end in found.interval)
    return f"{found.value:.1%}", f"{low:.1%} to {high:.1%}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"
