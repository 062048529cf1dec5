"""`isoflop data list` and `isoflop data fetch`: tables that others published."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isoflop.cli import output
from isoflop.cli.options import Json

if TYPE_CHECKING:
    from isoflop.runs.published import PublishedTable

app = typer.Typer(help="Published tables of runs: what there is, and how to get it.", rich_markup_mode=None)


@app.callback()
def group() -> None:
    """Published tables of runs."""


@app.command("list")
def list_tables(*, as_json: Json = False) -> None:
    """List the published tables. Name, rows, what it is, licence, and whether it is here."""
    from isoflop.runs.published import catalogue, where_is

    if as_json:
        output.print_json({"tables": [_entry(table) for table in catalogue().values()]})
        return
    rows = [
        (table.name, str(table.rows), table.title, table.licence, "here" if where_is(table) else "")
        for table in catalogue().values()
    ]
    output.grid(("name", "rows", "what it is", "licence", ""), rows, numbers=(1,))
    output.say("", "paper, address, hash and columns: isoflop data list --json")


@app.command()
def fetch(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of a published table.", show_default=False)],
    *,
    mirror: Annotated[
        str | None,
        typer.Option("--from", metavar="FOLDER|URL", help="Mirror of the tables; what ISOFLOP_DATA names if none."),
    ] = None,
    original: Annotated[
        bool,
        typer.Option("--original", help="Fetch the authors' own files instead, from their repository at its commit."),
    ] = False,
    directory: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="Where to put it; isoflop's cache folder if not given."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Fetch a published table. Goes on where it broke off, verifies the SHA-256, and keeps no file that differs."""
    from isoflop.runs.fetch import fetch as fetch_table
    from isoflop.runs.fetch import fetch_originals

    if original:
        found = fetch_originals(name, base=mirror, directory=directory)
    else:
        found = fetch_table(name, mirror=mirror, directory=directory)
    if as_json:
        output.print_json(
            {
                "name": found.name,
                "paths": [str(path) for path in found.paths],
                "source": found.source,
                "verified": found.verified,
            }
        )
        return
    output.say(*(f"{path}" for path in found.paths), f"from {found.source}, verified by {found.verified}")


def _entry(table: "PublishedTable") -> dict[str, Any]:
    """Everything about a table, for programs."""
    from isoflop.runs.published import where_is

    here = where_is(table)
    return {
        "name": table.name,
        "title": table.title,
        "rows": table.rows,
        "paper": table.citation,
        "licence": table.licence,
        "address": [f"{table.address}/{path}" for path in table.original],
        "file": table.file,
        "sha256": table.sha256,
        "columns": table.columns,
        "path": None if here is None else str(here),
    }
