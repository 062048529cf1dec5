"""Lets the reference show a docstring's doctest as an example: griffe looks for a headed section."""

import re

import griffe

_DOCTEST = re.compile(r"^(?=>>> )(?:.+\n?)+", re.MULTILINE)


class Doctests(griffe.Extension):
    """Puts the heading `Examples:` over every doctest that has none."""

    def on_object(self, *, obj: griffe.Object, **_: object) -> None:
        """Rewrite a docstring once it has been read."""
        if obj.docstring:
            obj.docstring.value = _DOCTEST.sub(_headed, obj.docstring.value)


def _headed(found: re.Match[str]) -> str:
    """Return a doctest under its heading."""
    return "Examples:\n" + "\n".join(f"    {line}" for line in found.group().rstrip("\n").splitlines()) + "\n"
