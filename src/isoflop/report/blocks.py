"""What a section of the report is made of; all text is plain and is escaped when the page is written."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True)
class Text:
    """A paragraph, or with a tone (`good`, `warning`, `bad`, `headline`) a box."""

    text: str
    tone: str = ""
    kind: ClassVar[str] = "text"


@dataclass(frozen=True)
class Heading:
    """A heading inside a section."""

    text: str
    kind: ClassVar[str] = "heading"


@dataclass(frozen=True)
class Table:
    """Rows of text under a header.

    Attributes:
        head: column titles.
        rows: cells, one per column.
        numbers: places of the columns that hold numbers.
        caption: words above it.
        marks: tone of a row, by place.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[int] = ()
    caption: str = ""
    marks: dict[int, str] = field(default_factory=dict)
    kind: ClassVar[str] = "table"


@dataclass(frozen=True)
class Facts:
    """Names and values, one below the other."""

    pairs: Sequence[tuple[str, str]]
    kind: ClassVar[str] = "facts"


@dataclass(frozen=True)
class Items:
    """A list, numbered or not."""

    items: Sequence[str]
    numbered: bool = False
    kind: ClassVar[str] = "items"


@dataclass(frozen=True)
class Code:
    """Text to be copied as it stands."""

    text: str
    kind: ClassVar[str] = "code"


@dataclass(frozen=True)
class Formula:
    """An equation.

    Attributes:
        mathml: its MathML, made by `report.formula` alone.
        text: the same as text, for screen readers and for copying.
    """

    mathml: str
    text: str
    kind: ClassVar[str] = "formula"


@dataclass(frozen=True)
class Drawing:
    """A figure: the specification that a browser draws, and a picture for print and where no script runs.

    Attributes:
        title: what it shows.
        text: what belongs to it.
        spec: Vega-Lite specification without title.
        picture: data URI.
        small: whether it shares its line with others on a wide screen.
    """

    title: str
    text: str
    spec: dict[str, Any]
    picture: str
    small: bool = False
    kind: ClassVar[str] = "drawing"


Block = Text | Heading | Table | Facts | Items | Code | Formula | Drawing


@dataclass(frozen=True)
class Section:
    """A section of the report.

    Attributes:
        key: anchor.
        title: heading.
        blocks: contents.
    """

    key: str
    title: str
    blocks: Sequence[Block]
