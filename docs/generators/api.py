"""The reference of the Python interface: one page per layer, built from the docstrings when the site is."""

from pathlib import Path

from docs.generators.tree import SOURCE, remark

LAYERS = (
    "api", "runs", "laws", "fit", "uncertainty", "validate", "recipes", "plan", "testtime", "evaluate", "figures",
    "report", "ladder", "units", "errors", "engine",
)  # fmt: skip


def pages() -> dict[str, str]:
    """Return the pages by their path below docs/."""
    found = [
        layer for layer in LAYERS if (SOURCE / layer / "__init__.py").is_file() or (SOURCE / f"{layer}.py").is_file()
    ]
    listed = "\n".join(f"- [`isoflop.{layer}`]({layer}.md): {remark(_path(layer))}" for layer in found)
    index = (
        "# Python reference\n\nWhat users call is re-exported by `isoflop` itself: `import isoflop as iso`.\n"
        "Behind it, from the table of runs to the report:\n\n" + listed + "\n"
    )
    return {"api/index.md": index} | {f"api/{layer}.md": _page(layer) for layer in found}


def _path(layer: str) -> Path:
    """Return the folder or the module of a layer."""
    return SOURCE / layer if (SOURCE / layer).is_dir() else SOURCE / f"{layer}.py"


def _page(layer: str) -> str:
    """Return a layer's page: each of its modules, then each of its folders."""
    path = _path(layer)
    if path.is_file():  # a module says what it is under its own heading
        return f"# isoflop.{layer}\n\n::: isoflop.{layer}\n"
    folders = sorted(part for part in path.iterdir() if (part / "__init__.py").is_file())
    parts = [f"# isoflop.{layer}\n\n{remark(path)}.", *_modules(path, layer)]
    for folder in folders:
        name = f"{layer}.{folder.name}"
        parts += [f"## isoflop.{name}\n\n{remark(folder)}.", *_modules(folder, name)]
    return "\n\n".join(parts) + "\n"


def _modules(folder: Path, name: str) -> list[str]:
    """Return the entry of each module of a folder."""
    return [f"::: isoflop.{name}.{path.stem}" for path in sorted(folder.glob("*.py")) if _public(path)]


def _public(path: Path) -> bool:
    """Say whether a module is for readers."""
    return not path.name.startswith("_")
