"""Sections as one HTML page: no network, no outside fonts, readable on a phone and in print."""

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from isoflop.figures.save import javascript, script_json
from isoflop.fit.storage import write_text
from isoflop.report.blocks import Block, Section

if TYPE_CHECKING:
    from jinja2 import Template

DRAW: Final = """
for (const place of document.querySelectorAll("figure .live")) {
  const spec = JSON.parse(document.getElementById(place.dataset.spec).textContent);
  window.vegaEmbed(place, spec, {mode: "vega-lite", actions: false, renderer: "svg", ast: true})
    .then(() => place.parentElement.classList.add("drawn"));
}
"""
"""Draws every figure; one that fails keeps its picture."""


def render_sheet(title: str, headline: Sequence[Block], sections: Sequence[Section], *, version: str = "") -> str:
    """Give a page as HTML.

    Args:
        title: of the page.
        headline: boxes at the top.
        sections: what follows, in order.
        version: of isoflop, for the foot.

    Returns:
        One page that needs nothing else.
    """
    script = javascript() + DRAW
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return _template().render(
        title=title, headline=headline, sections=sections, script=script, digest=digest, version=version
    )


def write_sheet(path: str | Path, page: str) -> Path:
    """Write a page to a file, whole or not at all.

    Args:
        path: the file.
        page: what a `render_…` gives.

    Returns:
        The path.

    Raises:
        FileError: the file cannot be written.
    """
    file = Path(path)
    write_text(file, page)
    return file


@cache
def _template() -> "Template":
    """The page's template; whatever is put into it is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("isoflop.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["script_json"] = lambda data: Markup(script_json(data))
    return environment.get_template("page.html")
