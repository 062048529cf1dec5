"""What a section of the report is made of; all text is plain and is escaped when the page is written."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

PHONE: Final = 44
"""Characters that stand side by side on a phone."""


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
        fold: words under which the table is folded away; print leaves it out.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[int] = ()
    caption: str = ""
    marks: dict[int, str] = field(default_factory=dict)
    fold: str = ""
    kind: ClassVar[str] = "table"

    @property
    def stacked(self) -> bool:
        """Whether a phone shows each row as a card of its own, because the columns do not fit side by side."""
        widths = (max((len(row[k]) for row in self.rows), default=0) for k in range(len(self.head)))
        words = (max(len(word) for word in [*title.split(), ""]) for title in self.head)
        return sum(max(pair) + 2 for pair in zip(widths, words, strict=True)) > PHONE


@dataclass(frozen=True)
class Facts:
    """Names and values, one below the other."""

    pairs: Sequence[tuple[str, str]]
    kind: ClassVar[str] = "facts"


@dataclass(frozen=True)
class Items:
    """A list."""

    items: Sequence[str]
    kind: ClassVar[str] = "items"


@dataclass(frozen=True)
class Steps:
    """A numbered derivation: what is done, the formula with its value, where it comes from."""

    steps: Sequence[tuple[str, str, str]]
    kind: ClassVar[str] = "steps"


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
    """

    title: str
    text: str
    spec: dict[str, Any]
    picture: str
    kind: ClassVar[str] = "drawing"


@dataclass(frozen=True)
class Row:
    """Small figures, side by side where there is room."""

    drawings: Sequence[Drawing]
    kind: ClassVar[str] = "row"


Block = Text | Heading | Table | Facts | Items | Steps | Code | Formula | Drawing | Row


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
