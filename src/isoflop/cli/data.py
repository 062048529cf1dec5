"""`isoflop check`: what is in a table of runs, and what speaks against fitting it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from isoflop.cli import inputs, output
from isoflop.cli import options as opt

if TYPE_CHECKING:
    from isoflop.runs.check import CheckReport
    from isoflop.runs.table import RunTable


def check(
    runs: opt.Runs,
    *,
    law: Annotated[
        str | None,
        typer.Option(
            "--law",
            metavar="NAME|FORMULA|FILE.toml",
            help="Check the columns and the number of runs that this law needs; params and tokens by default.",
        ),
    ] = None,
    where: opt.Where = None,
    mapping: opt.Map = None,
    response: opt.Response = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="End with status 1 on warnings too, not on errors only.")
    ] = False,
    as_json: opt.Json = False,
) -> None:
    """Check a table of runs. Missing values, duplicates, wrong units, diverged runs, collinear sizes and more."""
    from isoflop import api
    from isoflop.runs.check import check as check_table

    table = api.as_runs(runs, where=where, mapping=inputs.mapping(mapping), response=response or "loss")
    report = check_table(table, **_needs(law, table, response))
    if as_json:
        output.print_json(_payload(table, report))
    else:
        _print(table, report)
    if report.errors or (strict and report.warnings):
        raise typer.Exit(1)


def _needs(law: str | None, table: "RunTable", response: str | None) -> dict[str, Any]:
    """What to check the table for."""
    if law is None:
        return {"response": response or "loss"}
    from isoflop.laws.catalogue import as_law

    chosen = as_law(law, columns=table.names)
    columns = (*chosen.columns, *chosen.parsed.indexed.values())
    return {
        "response": response or chosen.response,
        "columns": tuple(dict.fromkeys(columns)),
        "law_parameters": len(chosen.parameter_names),
    }


def _payload(table: "RunTable", report: "CheckReport") -> dict[str, Any]:
    """Everything that was found, for programs."""
    return {
        "ok": report.ok,
        "rows": report.rows,
        "usable": report.usable,
        "columns": list(table.names),
        "derived": table.derived,
        "findings": [
            {key: getattr(f, key) for key in ("level", "code", "message", "rows", "column", "next_step")}
            for f in report.findings
        ],
        "data": {
            "file": table.provenance.file,
            "sha256": table.provenance.sha256,
            "where": table.provenance.where,
            "mapping": table.provenance.mapping,
        },
    }


def _print(table: "RunTable", report: "CheckReport") -> None:
    """Print the findings, the gravest first."""
    styles = {"error": "bold red", "warning": "yellow"}
    # The table's own summary ends with the notes, so only what is doubtful follows it.
    output.say(str(table), "")
    for finding in (*report.errors, *report.warnings):
        output.say(str(finding), style=styles[finding.level])
    verdict = "a fit is possible" if report.ok else "no fit is possible"
    counts = f"{len(report.errors)} error(s), {len(report.warnings)} warning(s)"
    output.say(f"{report.usable} of {report.rows} runs usable, {counts}: {verdict}", style="bold")
