"""Figures for the page: the specification that a browser draws, and a picture for print and without scripts."""

import base64
import re
from typing import Any, Final

from isoflop.figures.save import spec_of, svg_of
from isoflop.figures.theme import Chart
from isoflop.report.blocks import Drawing

PICTURE: Final = {False: 560, True: 320}
"""Width of the picture in pixels, for large and small figures."""
SMALL_HEIGHT: Final = 220

_DECIMALS: Final = re.compile(r"(\.\d\d)\d+")
_COLOUR: Final = re.compile(r"rgb\((\d+), (\d+), (\d+)\)")
_CIRCLE: Final = re.compile(
    r'<path transform="translate\(([-\d.]+),([-\d.]+)\)" d="M([\d.]+),0A[^"]*" fill="([^"]+)" stroke-width="2" '
    r'opacity="([\d.]+)"/>'
)


def drawing(chart: Chart, *, small: bool = False) -> Drawing:
    """Make a figure of the page.

    Args:
        chart: any figure of `isoflop.figures`.
        small: whether it will share its line with others.

    Returns:
        The figure; its title has become text of the page.
    """
    spec = spec_of(chart)
    heading = spec.pop("title")
    spec.pop("$schema", None)
    if small and spec["height"] > SMALL_HEIGHT:
        spec["height"] = SMALL_HEIGHT
    title, text = " ".join(heading["text"]), " ".join(heading.get("subtitle", ()))
    return Drawing(title, text, spec, _picture(spec, PICTURE[small]))


def _picture(spec: dict[str, Any], width: int) -> str:
    """The figure as SVG in a data URI."""
    # Descriptions of single marks for screen readers double the size; the page's text says what is drawn.
    fixed = {**spec, "width": width, "config": {**spec["config"], "aria": False}}
    return "data:image/svg+xml;base64," + base64.b64encode(compact(svg_of(fixed)).encode()).decode()


def compact(svg: str) -> str:
    """Shorten SVG: hundredths of a pixel, colours in hexadecimal, circles as circles.

    Args:
        svg: as Vega writes it.

    Returns:
        The same picture, in about half of the text where there are many points.

    >>> path = 'transform="translate(1.2345,6.789)" d="M2.73,0A2.73,2" fill="rgb(1, 2, 3)" stroke-width="2"'
    >>> compact(f'<path {path} opacity="0.75"/>')
    '<circle cx="1.23" cy="6.78" r="2.73" fill="#010203" opacity="0.75"/>'
    """
    svg = _COLOUR.sub(lambda m: "#" + "".join(f"{int(part):02x}" for part in m.groups()), svg)
    svg = _DECIMALS.sub(r"\1", svg)
    return _CIRCLE.sub(r'<circle cx="\1" cy="\2" r="\3" fill="\4" opacity="\5"/>', svg)
