"""Sections on the fit: certificate, law and parameters, residuals."""

from dataclasses import replace

import numpy as np

from isoflop import figures
from isoflop.errors import LawError
from isoflop.figures.observed import observed
from isoflop.fit import Fit
from isoflop.fit.objective import robust_scale
from isoflop.laws import Law, Published
from isoflop.report.blocks import Block, Drawing, Facts, Heading, Row, Section, Table, Text
from isoflop.report.drawings import drawing
from isoflop.report.formula import formula_of
from isoflop.report.words import interval, number, percent, quantity, sentence
from isoflop.runs import RunTable

VERDICTS = {
    "certified": "good",
    "weakly identified": "warning",
    "not converged": "bad",
}
MEANING = {
    "certified": "Certified: this is the optimum, and the runs determine every parameter.",
    "weakly identified": "Weakly identified: this is the optimum, but the runs hardly determine some parameters.",
    "not converged": "Not converged: this is not the optimum. Do not use these numbers.",
}
WORST = 5
COMPARED = 3


def certificate_section(fit: Fit) -> Section:
    """Verdict, and each check with its number.

    Args:
        fit: the fit.

    Returns:
        The section.
    """
    found = fit.certificate
    rows, marks = [], {}
    for k, check in enumerate(found.checks):
        name = f"{'✓' if check.passed else '✗'} {check.name}"
        rows.append((name, number(check.value), number(check.threshold), check.text))
        if not check.passed:
            marks[k] = VERDICTS["not converged" if check.blocks == "optimum" else "weakly identified"]
    blocks: list[Block] = [Text(MEANING[found.verdict], VERDICTS[found.verdict])]
    blocks.append(Table(("check", "found", "limit", "in words"), rows, (1, 2), marks=marks))
    return Section("certificate", "Is this the optimum, and do the runs determine it?", blocks)


def parameters_section(fit: Fit) -> Section:
    """The law, its parameters with intervals, and published values of the same law.

    Args:
        fit: the fit.

    Returns:
        The section.
    """
    law = fit.law
    pairs = [
        ("Law", f"{law.name}{': ' + law.title if law.title else ''}"),
        ("Objective", f"{fit.objective} = {fit.value:.9g}"),
    ]
    if "auto" in fit.settings:
        pairs.append(("Why this objective", sentence(fit.settings["auto"]["reason"])))
    if law.source:
        pairs.append(("Source", str(law.source)))
    if law.counted:
        pairs.append(("The source counts", law.counted))
    if law.valid:
        pairs.append(("The source supports", law.valid))
    if law.advice:
        pairs.append(("Advice", law.advice))
    blocks: list[Block] = [formula_of(law, fit.response), Facts(pairs), _parameter_table(fit)]
    if fit.draws is not None:
        blocks += _parameter_figures(fit)
    if law.published:
        blocks.append(_published_table(fit))
    return Section("parameters", "Law and parameters", blocks)


def _parameter_table(fit: Fit) -> Table:
    """Name, value, interval, published values, meaning; what was fixed or informed says so."""
    sets = _one_per_source(fit.law)
    rows = []
    for name in fit.names:
        plain = name.split("[")[0]
        ends = interval(fit.interval(name)) if fit.draws is not None else "no draws"
        others = (number(p.values[plain]) if plain in p.values else "–" for p in sets)
        rows.append((name, number(fit.parameters[name], 6), ends, *others, _given(fit, name), fit.law.meaning(plain)))
    head = ("parameter", "estimate", f"{fit.level:.0%} interval", *(p.name for p in sets), "given", "meaning")
    return _without_empty(Table(head, rows, tuple(range(1, 3 + len(sets)))))


def _without_empty(table: Table) -> Table:
    """A table without the columns in which nothing stands."""
    kept = [k for k in range(len(table.head)) if any(row[k] for row in table.rows)]
    rows = [tuple(row[k] for k in kept) for row in table.rows]
    numbers = [place for place, k in enumerate(kept) if k in table.numbers]
    return replace(table, head=[table.head[k] for k in kept], rows=rows, numbers=numbers)


def _given(fit: Fit, name: str) -> str:
    """What was said about a parameter before the fit."""
    if name in fit.fixed:
        return "fixed"
    if name not in fit.priors:
        return ""
    mean, sd = fit.priors[name]
    return f"prior {number(mean)} ± {number(sd)}"


def _one_per_source(law: Law) -> list[Published]:
    """The first published set of each author, at most three: enough to compare orders of magnitude."""
    first: dict[str, Published] = {}
    for chosen in law.published:
        first.setdefault(chosen.name.split("-")[0], chosen)
    return list(first.values())[:COMPARED]


def _parameter_figures(fit: Fit) -> list[Block]:
    """Intervals, and the two parameters that move together most; none where there is nothing to draw."""
    drawn: list[Drawing] = []
    said: list[Block] = []
    for make in (figures.interval_figure, figures.draws_figure):
        try:
            drawn.append(drawing(make(fit), small=True))
        except LawError as reason:
            said.append(Text(f"No figure: {reason}"))
    return [Row(drawn), *said]


def _published_table(fit: Fit) -> Table:
    """Sets of the law's source and of later fits: for comparison, from other corpora."""
    names = fit.law.parameter_names
    rows = [
        (p.name, *(number(p.values[n]) if n in p.values else "–" for n in names), p.where, p.note)
        for p in fit.law.published
    ]
    which = "The published set" if len(rows) == 1 else f"All {len(rows)} published sets"
    fold = f"{which} of this law: each belongs to its own corpus, tokenizer and way of counting"
    return Table(("set", *names, "where", "note"), rows, tuple(range(1, len(names) + 1)), fold=fold)


def residuals_section(fit: Fit, table: RunTable) -> Section:
    """Fitted curves, residuals, and the runs that the law misses most.

    Args:
        fit: the fit.
        table: the runs that it was fitted to.

    Returns:
        The section.
    """
    scale = robust_scale(fit.residuals, sum(fit.free))
    spread = float(np.sqrt(np.mean(np.square(fit.residuals))))
    as_text = percent if fit.objective.log else number
    blocks: list[Block] = [
        drawing(figures.fit_figure(fit, table)),
        Facts([("Robust scale of the residuals", as_text(scale)), ("Root mean square", as_text(spread))]),
    ]
    against = [w for w in ("flops", "params", "tokens") if w in fit.data.ranges] or list(fit.law.columns)[:3]
    blocks.append(Row([drawing(figures.residual_figure(fit, table, against=w), small=True) for w in against]))
    blocks += [Heading("Runs that the law misses most"), _worst(fit, table, scale)]
    return Section("fit", "Fit and residuals", blocks)


def _worst(fit: Fit, table: RunTable, scale: float) -> Table:
    """The largest residuals, row by row."""
    seen = observed(fit, table)
    words = [w for w in dict.fromkeys((*fit.law.columns, "params", "tokens", "flops")) if w in seen.columns]
    rows = []
    for i in np.argsort(-np.abs(seen.residuals))[:WORST]:
        inputs = (quantity(w, float(seen.columns[w][i])) for w in words)
        off = percent(seen.residuals[i], signed=True) if fit.objective.log else number(seen.residuals[i])
        times = number(abs(seen.residuals[i]) / scale, 2) if scale > 0 else "–"
        values = (number(seen.response[i]), number(seen.fitted[i]), off, times)
        rows.append((str(seen.source_rows[i]), *inputs, *values))
    head = ("row", *words, "observed", "fitted", "difference", "robust scales")
    return Table(head, rows, tuple(range(1, len(head))))
