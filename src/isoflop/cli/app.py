"""The typer application: the commands in the order in which people need them."""

from typing import Annotated

import typer

from isoflop.cli import cost, data, datasets, fitting, ladder, lawbook, planning, reporting, validation
from isoflop.cli.budget import budget
from isoflop.cli.curves import curves
from isoflop.cli.next import next_
from isoflop.cli.recipes import recipes
from isoflop.cli.samples import samples
from isoflop.cli.within import plan_within

app = typer.Typer(
    name="isoflop",
    help=(
        "The scaling-law workbench: from a table of small training runs to a forecast that can be trusted, and a plan."
    ),
    epilog="Exit status: 0 good, 1 a result that must not be trusted, 2 bad usage or input.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    *,
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False,
) -> None:
    """Print the help when there is no command."""
    if version:
        from importlib.metadata import version as version_of

        typer.echo(f"isoflop {version_of('isoflop')}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


for command in (
    lawbook.laws,
    lawbook.show,
    data.check,
    fitting.fit,
    fitting.predict,
    validation.backtest,
    validation.compare,
    validation.multiverse,
    planning.plan,
    cost.cost,
    reporting.report,
    reporting.demo,
):
    app.command()(command)
app.command("next")(next_)
app.command("plan-within")(plan_within)
app.command()(recipes)
app.command()(curves)
app.command()(samples)
app.command()(budget)
app.add_typer(datasets.app, name="data")
app.add_typer(ladder.app, name="ladder")
