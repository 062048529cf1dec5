"""One page per method of isoflop.methods: what it does, its public functions, where it is tested."""

import ast
from pathlib import Path

from docs.generators.laws import table
from docs.generators.tree import ROOT, SOURCE

FOLDER = SOURCE / "methods"


def pages() -> dict[str, str]:
    """Return the pages by their path below docs/."""
    found = {path.stem: path for path in sorted(FOLDER.glob("*.py")) if not path.name.startswith("_")}
    rows = [
        (f"[{name}]({name}.md)", _remark(path), " ".join(f"`{f}`" for f, _ in functions(path)))
        for name, path in found.items()
    ]
    index = (
        "# Methods\n\nPublished procedures that take more than one formula: chains of fits, mixtures, number formats, "
        "schedules. Each is a module of `isoflop.methods`; its functions are pure, and every random one takes a "
        "generator. The formulas behind them are [laws](../laws/index.md).\n\n"
        + table(("Module", "What", "Functions"), rows)
        + "\n"
    )
    return {"methods/index.md": index} | {f"methods/{name}.md": _page(name, path) for name, path in found.items()}


def functions(path: Path) -> list[tuple[str, str]]:
    """Return the public functions of a module with their first sentence."""
    return [
        (node.name, (ast.get_docstring(node) or "").partition("\n\n")[0].replace("\n", " "))
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    ]


def _remark(path: Path) -> str:
    """Return the first paragraph of a module's docstring."""
    text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return " ".join(text.partition("\n\n")[0].split()).rstrip(".")


def _page(name: str, path: Path) -> str:
    """Return a module's page."""
    tests = sorted(
        file.relative_to(ROOT).as_posix()
        for folder in ("methods", "papers")
        for file in (ROOT / "tests" / folder).glob("test_*.py")
        if f"isoflop.methods.{name} import" in file.read_text("utf-8")
    )
    rows = [(f"[`{f}`](#isoflop.methods.{name}.{f})", said) for f, said in functions(path)]
    where = ", ".join(f"`{test}`" for test in tests) or "no test of its own"
    return (
        f"# {name.replace('_', ' ').capitalize()}\n\n"
        + (table(("Function", "What"), rows) + "\n\n" if rows else "")
        + f"Tested in {where}.\n\n::: isoflop.methods.{name}\n"
    )
