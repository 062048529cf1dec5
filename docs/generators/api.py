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
    """Return a layer's page: each of its modules."""
    path = _path(layer)
    modules = [layer] if path.is_file() else [f"{layer}.{p.stem}" for p in sorted(path.glob("*.py")) if _public(p)]
    said = "" if path.is_file() else f"{remark(path)}.\n\n"  # a module says it under its own heading
    return f"# isoflop.{layer}\n\n{said}" + "\n\n".join(f"::: isoflop.{name}" for name in modules) + "\n"


def _public(path: Path) -> bool:
    """Say whether a module is for readers."""
    return not path.name.startswith("_")
