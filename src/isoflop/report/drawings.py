"""Figures for the page: the specification that a browser draws, and a picture for print and without scripts."""

import base64
from typing import TYPE_CHECKING, Any, Final

from isoflop.figures.save import spec_of
from isoflop.report.blocks import Drawing

if TYPE_CHECKING:
    import altair as alt

PICTURE: Final = {False: 600, True: 380}
"""Width of the picture in pixels, for large and small figures."""
LARGEST: Final = 90_000
"""Characters of SVG above which the picture is a PNG, whose size does not grow with the runs."""


def drawing(chart: "alt.LayerChart", *, small: bool = False) -> Drawing:
    """Make a figure of the page.

    Args:
        chart: any figure of `isoflop.figures`.
        small: whether it shares its line with others on a wide screen.

    Returns:
        The figure; its title has become text of the page.
    """
    spec = spec_of(chart)
    heading = spec.pop("title")
    spec.pop("$schema", None)
    if small:
        spec["height"] = 220
    title, text = " ".join(heading["text"]), " ".join(heading.get("subtitle", ()))
    return Drawing(title, text, spec, _picture(spec, PICTURE[small]), small)


def _picture(spec: dict[str, Any], width: int) -> str:
    """A data URI of the figure as SVG, or as PNG where that is smaller."""
    import vl_convert

    # Descriptions of single marks for screen readers double the size; the page's text says what is drawn.
    fixed = {**spec, "width": width - 60, "config": {**spec["config"], "aria": False}}
    svg = str(vl_convert.vegalite_to_svg(fixed, allowed_base_urls=[]))
    if len(svg) <= LARGEST:
        return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
    png = bytes(vl_convert.svg_to_png(svg, scale=2.0))
    return "data:image/png;base64," + base64.b64encode(png).decode()
