"""The page of JSON keys, from the table that the command line itself stands on."""

from docs.generators.laws import table

_INTRODUCTION = """# JSON keys

Every command takes `--json` and then prints one object, and nothing else, on standard output. These keys are kept
between versions; new ones may join them. What does not exist is `null` or absent, never −1 or 0.

In a path, dots go into objects, `[]` stands for each item of a list, and a word in capitals for any name.
"""


def pages() -> dict[str, str]:
    """Return the page by its path below docs/."""
    from isoflop.cli.keys import KEYS

    sections = [
        f"## isoflop {command}\n\n{table(('Key', 'What stands there'), [(f'`{k.path}`', k.meaning) for k in keys])}\n"
        for command, keys in KEYS.items()
    ]
    return {"json.md": "\n".join([_INTRODUCTION, *sections])}
