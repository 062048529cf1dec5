"""`isoflop laws` and `isoflop show`: which laws there are, and everything about one."""

from typing import Annotated

import typer

from isoflop.cli import output
from isoflop.cli.options import Json


def laws(*, as_json: Json = False) -> None:
    """List the laws. Name, formula, columns, and what each is for."""
    from isoflop.cli import show_law
    from isoflop.laws.catalogue import catalogue

    known = list(catalogue().values())
    if as_json:
        output.print_json({"laws": [show_law.summary(law) for law in known]})
    else:
        show_law.print_list(known)


def show(
    law: Annotated[
        str, typer.Argument(metavar="LAW", help="Name of a law, a formula or a TOML file.", show_default=False)
    ],
    *,
    as_json: Json = False,
) -> None:
    """Show one law. Formula, parameters, what is counted, source and published coefficients."""
    from isoflop.cli import show_law
    from isoflop.laws.catalogue import as_law, catalogue

    found = catalogue().get(law) or as_law(law)
    if as_json:
        output.print_json(show_law.details(found))
    else:
        show_law.print_law(found)
