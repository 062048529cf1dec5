"""What tests ask of a page."""

from html.parser import HTMLParser


class _Reader(HTMLParser):
    """Collects elements with their attributes, and the text outside scripts and styles."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self.inside = tag

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside not in {"script", "style"}:
            self.words.append(data)


def elements_of(page: str) -> list[tuple[str, dict[str, str]]]:
    """Return every element with its attributes."""
    reader = _Reader()
    reader.feed(page)
    return reader.elements


def text_of(page: str) -> str:
    """Return what a reader sees, in one line."""
    reader = _Reader()
    reader.feed(page)
    return " ".join(" ".join(reader.words).split())
