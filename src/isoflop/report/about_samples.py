"""The page on samples of problems: pass@k, its laws, the forecast to more samples, and the back-test behind it."""

from collections.abc import Sequence
from pathlib import Path

from isoflop.figures.samples import comparison_of_samples, coverage_figure, hidden_figure, rates_figure
from isoflop.fit import Estimate
from isoflop.fit.storage import current_versions
from isoflop.report.blocks import Block, Facts, Heading, Items, Section, Table, Text
from isoflop.report.drawings import drawing
from isoflop.report.reproduce import again_section
from isoflop.report.sheet import render_sheet
from isoflop.report.words import percent, sentence, tidy
from isoflop.testtime.forecasts.forecast import METHODS
from isoflop.testtime.forecasts.summary import HEADLINE, SampleSummary, samples_each, shared_findings


def render_samples(found: Sequence[SampleSummary], *, command: str = "") -> str:
    """Give a page on samples as HTML.

    Args:
        found: one summary per part of the source, at least one.
        command: what made the page.

    Returns:
        One page that needs nothing else.
    """
    source = found[0].counts.provenance.file
    title = f"Samples of {Path(source).name}" if source else "Samples"
    top: list[Block] = [Text(sentence(said), "headline") for said in _headline(found)]
    sections = [*([_parts(found)] if len(found) > 1 else samples_sections(found[0])), _again(found, command)]
    return render_sheet(title, top, sections, version=current_versions()["isoflop"])


def samples_sections(one: SampleSummary) -> list[Section]:
    """Give the sections on one part of a source.

    Args:
        one: its summary.

    Returns:
        Samples and checks, pass@k, forecast, back-test, and what the intervals leave out.
    """
    out = Items([sentence(text) for text in one.leaves_out])
    return [
        _data(one),
        _curve(one),
        _forecast(one),
        _tested(one),
        Section("leaves-out", "What the forecast's intervals leave out", [out]),
    ]


def _headline(found: Sequence[SampleSummary]) -> list[str]:
    """The answer in a sentence or two."""
    if len(found) == 1:
        return found[0].conclusions()
    order = sorted(found, key=lambda one: -float(one.pass_at_k.value[0]))
    first, last = order[0], order[-1]
    return [
        f"{len(found)} parts: a single sample is right in {percent(float(first.pass_at_k.value[0]), digits=1)} of the "
        f"cases of {first.name}, the most, and {percent(float(last.pass_at_k.value[0]), digits=1)} of {last.name}, the "
        f"fewest"
    ]


def _data(one: SampleSummary) -> Section:
    """Problems and samples, how hard they are, what the checks found."""
    counts = one.counts
    pairs = [
        ("Source", counts.provenance.file or "columns in memory"),
        *([("Part", counts.group)] if counts.group else []),
        ("Problems", f"{len(counts):,}"),
        ("Samples of each", samples_each(counts)),
        ("Never solved", f"{one.never:,}"),
        ("Always solved", f"{one.always:,}"),
    ]
    return Section("samples", "Samples and checks", [Facts(pairs), drawing(rates_figure(counts)), *_findings([one])])


def _findings(found: Sequence[SampleSummary]) -> list[Block]:
    """What the checks found."""
    said = shared_findings(found)
    if not said:
        return [Text("The checks found nothing.", "good")]
    return [Heading("Checks"), *(Text(sentence(text), "warning" if level == "warning" else "") for level, text in said)]


def _curve(one: SampleSummary) -> Section:
    """pass@k and pass^k."""
    rows = [
        (f"{int(k):,}", _share(hit), _share(every))
        for k, hit, every in zip(one.ks, one.at_hand(), one.at_hand(every=True), strict=True)
    ]
    caption = f"Means over problems, without bias; {one.level:.0%} intervals, problems drawn again."
    table = Table(("k", "pass@k", "pass^k"), rows, (0, 1, 2), caption)
    return Section("curve", "Solved by k samples", [drawing(coverage_figure(one)), table])


def _forecast(one: SampleSummary) -> Section:
    """The laws and what they say beyond the samples."""
    law = one.forecasts
    if law is None:
        return Section("forecast", "Forecast", [Text(sentence(text), "warning") for text in one.reasons])
    names = list(law.by)
    rows = [(f"{k:,.0f}", *(_share(one.at(k, name)) for name in names)) for k in one.shown().tolist()]
    marked = [f"{name} (least error)" if name == one.best and one.tested is not None else name for name in names]
    blocks: list[Block] = [
        Items([sentence(tidy(text)) for text in one.laws()]),
        Table(
            ("k", *marked),
            rows,
            tuple(range(len(names) + 1)),
            f"Coverage of these very problems, {one.level:.0%} intervals. The one to go by is {HEADLINE}: its "
            "intervals hold for several families of difficulty.",
        ),
        Items([f"{name}: {METHODS[name]}." for name in names]),
    ]
    if law.power is not None and not law.power.fit.certificate.ok:
        reasons = "; ".join(law.power.fit.certificate.reasons)
        blocks.insert(0, Text(sentence(f"the power law is {law.power.fit.certificate.verdict}: {reasons}"), "warning"))
    return Section("forecast", "Forecast to more samples", blocks)


def _tested(one: SampleSummary) -> Section:
    """How the forecasts fared when the larger k were hidden."""
    tested = one.tested
    if tested is None:
        said = one.reasons or ("No back-test was asked for.",)
        return Section("back-test", "Back-test", [Text(sentence(text), "warning") for text in said])
    rows = [
        (
            score.method,
            f"{100 * score.rms_error:.2f}",
            f"{100 * score.mean_error:+.2f}",
            percent(score.scores.coverage, digits=0),
            "–" if score.scores.inflation is None else f"{score.scores.inflation:.2f}×",
        )
        for score in tested.methods
    ]
    head = ("method", "error (points)", "mean error", "in the interval", "intervals widened")
    kept = " and ".join(f"{k:,}" for k in tested.kept)
    caption = (
        f"{kept} of {tested.samples:,} samples of every problem were kept, {tested.repeats} times each, and coverage "
        f"by all of them was forecast. Best first; at {one.level:.0%}."
    )
    blocks: list[Block] = [drawing(hidden_figure(one)), Table(head, rows, (1, 2, 3, 4), caption)]
    if tested.skipped:
        blocks += [Text("Some trials could not be fitted:"), Items([sentence(text) for text in tested.skipped])]
    return Section("back-test", "Back-test", blocks)


def _parts(found: Sequence[SampleSummary]) -> Section:
    """Several parts side by side."""
    rows = []
    for one in found:
        hits = one.at_hand()
        far = None if one.forecasts is None else one.at(float(one.forecasts.ks[-1]))
        rows.append(
            (
                one.name,
                f"{len(one.counts):,}",
                f"{one.never:,}",
                _share(hits[0]),
                f"{percent(float(hits[-1].value), digits=1)} at {int(one.ks[-1]):,}",
                "–" if far is None else _share(far),
                "–" if one.tested is None else f"{100 * one.tested.of(HEADLINE).rms_error:.2f}",
                "–" if one.tested is None else str(one.best),
            )
        )
    head = (
        "part",
        "problems",
        "never solved",
        f"pass@{int(found[0].ks[0])}",
        "pass@k",
        "forecast",
        "error",
        "least error",
    )
    times = max((one.forecasts.ks[-1] / one.counts.fewest for one in found if one.forecasts is not None), default=1.0)
    caption = (
        f"{found[0].level:.0%} intervals over problems; forecast ({HEADLINE}) for {times:,.0f} times the samples at "
        "hand, with its error in the back-test in points of percent, and the method whose error was least there."
    )
    table = Table(head, rows, (1, 2, 3, 4, 5, 6), caption)
    blocks: list[Block] = [drawing(comparison_of_samples(found)), table, *_findings(found)]
    blocks += [Text("The forecasts' intervals do not contain:")]
    blocks += [Items([sentence(text) for text in found[0].leaves_out])]
    return Section("parts", "Parts side by side", blocks)


def _again(found: Sequence[SampleSummary], command: str) -> Section:
    """How to make the page again."""
    provenance = found[0].counts.provenance
    pairs = [("File (SHA-256)", provenance.sha256 or "no file")]
    pairs += [("Filter", provenance.where)] if provenance.where else []
    mapped = ", ".join(f"{word} = {header}" for word, header in provenance.mapping.items())
    pairs += [("Columns read as", mapped)] if mapped else []
    pairs += [("Level of intervals", f"{found[0].level:.0%}")]
    return again_section(command, pairs, current_versions())


def _share(found: Estimate) -> str:
    """A share and its interval, in percent."""
    low, high = (percent(float(end), digits=1) for end in found.interval)
    return f"{percent(float(found.value), digits=1)} [{low}, {high}]"
