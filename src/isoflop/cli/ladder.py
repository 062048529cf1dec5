"""`isoflop ladder run`: train small models and write one row per run."""

from pathlib import Path
from typing import Annotated

import typer

from isoflop.cli import output
from isoflop.cli.options import Json

app = typer.Typer(help="Train small models and write the table of their runs.", rich_markup_mode=None)


@app.callback()
def group() -> None:
    """Train small models and write the table of their runs."""


@app.command()
def run(
    ladder: Annotated[
        Path, typer.Argument(metavar="LADDER.toml", help="Grid, corpus and recipe of the runs.", show_default=False)
    ],
    *,
    directory: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="DIR", help="Folder of corpus, records and table; made if missing."),
    ] = Path("ladder"),
    workers: Annotated[
        int | None, typer.Option("--workers", metavar="N", min=1, help="Runs at a time; one per core by default.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make the runs of a ladder file. Those that the folder has stay; interrupt it and call it again at will."""
    from isoflop.ladder import run_ladder

    with output.progress("runs") as progress:
        found = run_ladder(ladder, directory=directory, workers=workers, progress=progress)
    if as_json:
        output.print_json(
            {"directory": str(found.directory), "table": str(found.table), "made": found.made, "found": found.found}
        )
        return
    output.say(f"{found.made} runs made, {found.found} there before", f"written to {found.table}")
