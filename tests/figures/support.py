"""What figure tests ask of a specification."""

from typing import Any

import altair as alt

from isoflop.figures.save import spec_of


def rows_with(chart: alt.LayerChart, *fields: str) -> list[dict[str, Any]]:
    """Return the records of the data sets whose records have all of these fields."""
    sets = spec_of(chart)["datasets"].values()
    return [row for records in sets for row in records if set(fields) <= set(row)]


def marks(chart: alt.LayerChart) -> list[str]:
    """Return the kinds of marks, from the bottom layer to the top one."""
    return [layer["mark"]["type"] for layer in spec_of(chart)["layer"]]


def said(chart: alt.LayerChart) -> str:
    """Return the title and what stands below it."""
    title = spec_of(chart)["title"]
    return " ".join([*title["text"], *title.get("subtitle", ())])
