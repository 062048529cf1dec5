"""The file tree of the README: every source file with the first line of its docstring."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "isoflop"

# What has no docstring of its own to quote.
REMARKS = {
    ".ci/run": "the one list of checks",
    "benchmarks": "timings, written to docs/results/benchmarks.json",
    "docs": "the documentation, its generators, figures and measured results",
    "examples": "short scripts, every one run by a test",
    "experiments": "what was tried, dated, failures named, and what docs/results is made by",
    "tests": "a mirror of src/, and these:",
    "tests/contracts": "every law × every promise",
    "tests/papers": "the numbers that the papers print",
    "tests/property": "broken tables and formulas by the thousand",
    "tests/statistics": "coverage of the intervals, by simulation (slow)",
    "CHANGELOG.md": "what changed",
    "CITATION.cff": "how to cite",
    "CONTRIBUTING.md": "how to work on it; a law in an evening",
    "LICENSE": "Apache-2.0",
    "Makefile": "make demo, make test and the rest",
    "VISION.md": "the rule, the goals and what is not one",
    "constraints.txt": "the versions that the tests ran with",
    "pyproject.toml": "the package, its dependencies and the tools' settings",
    "zensical.toml": "the documentation's site",
}
DATA_REMARKS = {
    "ladder/data": "the embedded table",
    "ladder/data/ladder.csv": "one row a run",
    "ladder/data/ladder.json": "where the runs were made, what is counted, the corpus's hash",
    "ladder/data/ladder.toml": "the recipe and the grid behind it",
    "ladder/data/ladder_curves.csv.gz": "the training curve of every run",
    "plan/costs/hardware.toml": "accelerators: dense peaks, memory, links, price",
    "plan/serving/inference_times.csv": "idealized inference times of Narayanan et al.",
    "py.typed": "says that the package is typed",
    "report/templates": "what the report's page is made from",
    "report/templates/blocks.html": "tables, figures and notes",
    "report/templates/page.css": "its looks, on a screen, a phone and paper",
    "report/templates/page.html": "the page around them",
    "runs/published_files.toml": "where the originals of the published tables lie, and their hashes",
    "runs/published.toml": "source, licence and hash of the published tables",
}


def remark(path: Path) -> str:
    """Return the first docstring line of a module, or of a folder's `__init__.py`."""
    module = path / "__init__.py" if path.is_dir() else path
    said = ast.get_docstring(ast.parse(module.read_text("utf-8"))) or ""
    first = said.split("\n\n")[0].replace("\n", " ").strip().rstrip(".")
    name = path.name.removesuffix(".py")
    return first.removeprefix(f"{name}: ")


def entries(folder: Path) -> list[Path]:
    """Return what a source folder holds: files first, then folders, by name."""
    kept = (
        path
        for path in folder.iterdir()
        if path.name not in {"__pycache__", "__init__.py"} and not path.name.startswith(".")
        if path.is_file() or any(inner.suffix != ".pyc" for inner in path.rglob("*") if inner.is_file())
    )
    return sorted(kept, key=lambda p: (p.is_dir(), p.name))


def _source_lines(folder: Path, depth: int) -> Iterator[tuple[str, str]]:
    """Yield (indented name, remark) of everything below a source folder."""
    for path in entries(folder):
        name = "  " * depth + path.name + ("/" if path.is_dir() else "")
        relative = path.relative_to(SOURCE).as_posix()
        if path.suffix == ".py" or (path / "__init__.py").is_file():
            yield name, remark(path)
        else:
            if relative not in DATA_REMARKS:
                raise SystemExit(f"docs/generators/tree.py has no remark for src/isoflop/{relative}. Add one.")
            yield name, DATA_REMARKS[relative]
        if path.is_dir():
            yield from _source_lines(path, depth + 1)


def tree() -> str:
    """Return the tree as aligned text."""
    lines = [("src/isoflop/", ""), *_source_lines(SOURCE, 1)]
    for name, said in REMARKS.items():
        path = ROOT / name
        if path.exists():
            inner = "  " + path.name if name.startswith("tests/") else name
            lines.append((inner + ("/" if path.is_dir() else ""), said))
    width = max(len(name) for name, _ in lines) + 2
    return "\n".join(f"{name:<{width}}{said}".rstrip() for name, said in lines)
