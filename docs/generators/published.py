"""The page of published run tables that isoflop knows how to read."""

from docs.generators.laws import table

from isoflop.runs import PublishedTable, catalogue

_INTRODUCTION = """# Published tables

Run tables that others have published, and what isoflop knows about them. They are not part of the package: each entry
names the original by repository, commit and file, and the SHA-256 of the table made from it. With the tables in a
folder, `ISOFLOP_DATA=FOLDER` and `isoflop.runs.load_published(NAME)` read one, check its hash, leave out the rows that
its authors leave out, and carry what it counts into every result.
"""


def pages() -> dict[str, str]:
    """Return the page by its path below docs/."""
    return {"tables.md": "\n".join([_INTRODUCTION, *(_section(entry) for entry in catalogue().values())])}


def _section(entry: PublishedTable) -> str:
    """Return one table's section."""
    facts = [
        ("Rows", str(entry.rows)),
        ("Counted", entry.counted),
        ("Usually explained", f"`{entry.response}`"),
        ("Left out", f"all but `{entry.where}`" if entry.where else "nothing"),
        ("Source", f"`{entry.source}` at commit `{entry.commit[:12]}`: {', '.join(f'`{f}`' for f in entry.original)}"),
        ("Licence", entry.licence),
        ("Cite", entry.citation),
        ("SHA-256", f"`{entry.sha256}`"),
        *([("Note", entry.note)] if entry.note else []),
    ]
    return f"## {entry.name}\n\n{entry.title}\n\n{table(('', ''), facts)}\n"
