"""Writes what the documentation says by itself: generated pages, the README's tree, the output of every example.

    python -m docs.generate            writes what has changed
    python -m docs.generate --check    writes nothing, names what would change, ends with status 1 if anything would

A page whose words are unchanged and whose numbers agree within two units of their last digit is left as it is,
so that another processor's rounding changes nothing.
"""

import importlib
import math
import re
import sys
from collections.abc import Callable, Iterator
from itertools import zip_longest
from pathlib import Path

from docs.generators.blocks import rendered, same
from docs.generators.ladder import summary
from docs.generators.results import coverage
from docs.generators.tree import ROOT, tree

DOCS = ROOT / "docs"
GENERATED = ("laws", "columns", "published", "ladder", "api", "cli", "keys", "results", "catalogue", "methods")
"""Modules of docs/generators that make whole pages: `pages()` gives them by their path below docs/."""
MADE_FOLDERS = ("laws", "api", "methods")
MADE_PAGES = ("index.md", "columns.md", "tables.md", "ladder.md", "cli.md", "json.md", "measured.md", "catalogue.md")
_LINE = r'<path aria-label[^>]*line mark[^>]* d="([^"]*)"'
_NUMBER = r"-?\d+(?:\.\d+)?(?:e-?\d+)?"
LAW_FIGURES = DOCS / "figures" / "laws"


def pages_of(generator: str) -> dict[Path, str]:
    """Return the pages that one module of docs/generators makes, by path."""
    pages: Callable[[], dict[str, str]] = importlib.import_module(f"docs.generators.{generator}").pages
    return {DOCS / path: text for path, text in pages().items()}


def is_made(path: Path) -> bool:
    """Say whether a page is made from the code alone."""
    return path.parent.name in MADE_FOLDERS or (path.parent == DOCS and path.name in MADE_PAGES)


def written_pages() -> list[Path]:
    """Return the pages that people write and whose examples are run."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(p for p in sorted(DOCS.rglob("*.md")) if not is_made(p))]


def example_files() -> dict[str, Path]:
    """Return the files that lie in the folder where the examples run."""
    from isoflop.runs import published

    return {"runs.csv": published.embedded_path("ladder")}


def written(path: Path) -> str:
    """Return a page that people write, with the true output of its examples and the README's tree."""
    page = path.read_text("utf-8")
    if path.name == "README.md":
        page = filled(page, "tree", f"```\n{tree()}\n```")
        page = filled(page, "ladder", summary())
    if path.name == "intervals.md":
        page = filled(page, "coverage", coverage())
    return rendered(page, example_files())


def filled(page: str, name: str, text: str) -> str:
    """Return a page with the text between its marks `<!-- name -->` and `<!-- end of name -->` replaced."""
    start, end = f"<!-- {name} -->\n", f"\n<!-- end of {name} -->"
    head, rest = page.split(start)
    return f"{head}{start}{text}{end}{rest.split(end)[1]}"


def front_page(readme: str) -> str:
    """Return docs/index.md: the README, its links as seen from docs/."""
    for old, new in (("(docs/", "("), ("](LICENSE)", "](https://www.apache.org/licenses/LICENSE-2.0)")):
        readme = readme.replace(old, new)
    readme = readme.replace("[CITATION.cff](CITATION.cff)", "`CITATION.cff`")
    for name in ("CONTRIBUTING", "CHANGELOG", "VISION"):
        readme = readme.replace(f"[{name}.md]({name}.md)", f"`{name}.md`")
    return readme


def everything() -> Iterator[tuple[Path, str]]:
    """Yield (path, text) of every page as it should be."""
    for generator in GENERATED:
        yield from pages_of(generator).items()
    for path in written_pages():
        text = written(path)
        yield path, text
        if path.name == "README.md":
            yield DOCS / "index.md", front_page(text)


def law_figures() -> dict[Path, str]:
    """Return the laws' figures by path."""
    from docs.figures.laws.draw import figures

    return {LAW_FIGURES / f"{name}.svg": drawn for name, drawn in figures().items()}


def alike(old: str, new: str) -> bool:
    """Say whether two drawings agree: the same marks and words, lines within a pixel.

    Where words stand depends on a machine's fonts, so places outside the lines are not compared.
    """
    if any(re.findall(part, old) != re.findall(part, new) for part in (r"<(\w+)", r">([^<>]+)<")):
        return False
    lines = ([float(n) for d in re.findall(_LINE, text) for n in re.findall(_NUMBER, d)] for text in (old, new))
    return all(abs(a - b) < 1 for a, b in zip_longest(*lines, fillvalue=math.inf))


def main(arguments: list[str]) -> int:
    """Write or check all pages."""
    stale = 0
    kept = set()
    for path, text in (*everything(), *law_figures().items()):
        kept.add(path)
        old = path.read_text("utf-8") if path.is_file() else ""
        if path.is_file() and (alike if path.suffix == ".svg" else same)(old, text):
            continue
        stale += 1
        print(f"{'stale' if '--check' in arguments else 'written'}: {path.relative_to(ROOT)}")
        if "--check" not in arguments:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    for folder in (*(DOCS / name for name in MADE_FOLDERS), LAW_FIGURES):
        for path in sorted((*folder.glob("*.md"), *folder.glob("*.svg"))):
            if path not in kept:
                stale += 1
                print(f"nothing makes this page any more, remove it: {path.relative_to(ROOT)}")
    print(
        f"{len(kept)} pages, {stale} not as they should be"
        if "--check" in arguments
        else f"{len(kept)} pages, {stale} changed"
    )
    return int(stale > 0 and "--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
