"""A chart as a file: PNG, SVG, PDF, HTML or JSON, by the name's suffix."""

import json
import os
import re
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from isoflop.errors import FileError

if TYPE_CHECKING:
    import altair as alt

SUFFIXES: Final = (".png", ".svg", ".pdf", ".html", ".json")
_NUMBERED: Final = re.compile(r"\b(clip|gradient_)\d+")
WIDTH: Final = 640
"""Width in pixels where nothing else sets it."""


def spec_of(chart: "alt.LayerChart", *, width: int | None = None) -> dict[str, Any]:
    """Give a chart's Vega-Lite specification.

    Args:
        chart: any figure of this package.
        width: pixels; as wide as what holds it when None.

    Returns:
        Plain data, fit for JSON.
    """
    spec: dict[str, Any] = chart.to_dict(validate=False)
    # Records travel through Altair as text (see `source`); outside it they are plain data again.
    spec["datasets"] = {name: json.loads(text) for name, text in spec["datasets"].items()}
    if width is not None:
        spec["width"] = width
    return spec


def to_svg(chart: "alt.LayerChart", *, width: int = WIDTH) -> str:
    """Draw a chart as SVG text; no network is used."""
    return svg_of(spec_of(chart, width=width))


def svg_of(spec: dict[str, Any]) -> str:
    """Draw a specification of a given width as SVG text, the same text every time."""
    import vl_convert

    drawn = str(vl_convert.vegalite_to_svg(spec, allowed_base_urls=[]))
    # Vega numbers its clip paths and gradients through the whole process; a picture needs its own numbers only.
    numbers: dict[str, str] = {}
    return _NUMBERED.sub(lambda m: m.group(1) + numbers.setdefault(m.group(0), str(len(numbers))), drawn)


def to_png(chart: "alt.LayerChart", *, width: int = WIDTH, scale: float = 2.0) -> bytes:
    """Draw a chart as PNG bytes, `scale` pixels to the point; no network is used."""
    import vl_convert

    return bytes(vl_convert.vegalite_to_png(spec_of(chart, width=width), scale=scale, allowed_base_urls=[]))


def to_pdf(chart: "alt.LayerChart", *, width: int = WIDTH) -> bytes:
    """Draw a chart as PDF bytes; no network is used."""
    import vl_convert

    return bytes(vl_convert.vegalite_to_pdf(spec_of(chart, width=width), allowed_base_urls=[]))


def to_html(chart: "alt.LayerChart") -> str:
    """Give a page that holds the chart and the JavaScript that draws it; no network is used."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>isoflop</title></head>'
        '<body><div id="chart" style="width:100%"></div>'
        f'<script type="application/json" id="spec">{script_json(spec_of(chart))}</script>'
        f'<script type="module">{javascript()}\n'
        "window.vegaEmbed('#chart', JSON.parse(document.getElementById('spec').textContent),"
        " {actions: false, renderer: 'svg'});</script></body></html>"
    )


@cache
def javascript() -> str:
    """Give Vega, Vega-Lite and Vega-Embed as one script, which makes `window.vegaEmbed`."""
    import vl_convert

    # The stub asks for a snippet; without one the bundle is the three libraries.
    bundle: Callable[[], str] = vl_convert.javascript_bundle  # type: ignore[assignment]
    # No text in the script may end the element that holds it.
    return re.sub(r"<(/script|!--)", r"\\x3c\1", str(bundle()), flags=re.IGNORECASE)


def script_json(data: object) -> str:
    r"""Write data as JSON that cannot end the script element which holds it.

    Args:
        data: plain data.

    Returns:
        JSON in which no `<`, `>` or `&` stands as itself.

    >>> print(script_json("</script>"))
    "\u003c/script\u003e"
    """
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def save(chart: "alt.LayerChart", path: str | Path, *, width: int = WIDTH) -> Path:
    """Write a chart to a file, whole or not at all.

    Args:
        chart: any figure of this package.
        path: the file; its suffix says the format: .png, .svg, .pdf, .html or .json.
        width: pixels, for the formats that need one (PNG, SVG, PDF).

    Returns:
        The path.

    Raises:
        FileError: the suffix is none of these, or the file cannot be written.
    """
    file = Path(path)
    match file.suffix.casefold():
        case ".png":
            content = to_png(chart, width=width)
        case ".svg":
            content = to_svg(chart, width=width).encode()
        case ".pdf":
            content = to_pdf(chart, width=width)
        case ".html":
            content = to_html(chart).encode()
        case ".json":
            content = json.dumps(spec_of(chart), indent=1, allow_nan=False).encode()
        case other:
            raise FileError(
                f"{str(file)!r} ends in {other or 'nothing'!r}, which is no format of a figure. "
                f"Choose one of {', '.join(SUFFIXES)}."
            )
    _write(file, content)
    return file


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        raise FileError(f"{str(path)!r} cannot be written ({error.strerror}). Choose a folder that exists.") from None
