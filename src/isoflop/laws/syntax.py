"""From the text of a formula to Python's syntax tree, within limits that keep all later work small."""

import ast
from typing import Final

from isoflop.errors import FormulaError
from isoflop.laws.functions import FUNCTIONS

MAX_CHARACTERS: Final = 4000
MAX_NODES: Final = 600
MAX_DEPTH: Final = 6
"""How deep functions and powers may stand inside each other."""


def split_sides(text: str) -> tuple[str | None, str]:
    """Split `L = …` at its single equals sign."""
    if len(text) > MAX_CHARACTERS:
        raise FormulaError(f"The formula has {len(text)} characters; at most {MAX_CHARACTERS} are read. Shorten it.")
    sides = text.split("=")
    if len(sides) > 2:
        raise FormulaError(f"{text!r} has {len(sides) - 1} equals signs; at most one is allowed: L = E + A/N^alpha.")
    return (sides[0].strip(), sides[1]) if len(sides) == 2 else (None, sides[0])


def syntax_tree(right: str, text: str) -> ast.expr:
    """Parse the right side with Python's own grammar, which is never executed."""
    source = right.replace("^", "**").strip()
    try:
        tree = ast.parse(source, mode="eval").body
    except SyntaxError as error:
        token = (error.text or source)[max((error.offset or 1) - 1, 0) :][:12].strip().replace("**", "^")
        # Python names no place when the text ends too early.
        place = f"near {token!r}" if error.offset else "at its end"
        raise FormulaError(
            f"{text!r} is not a formula: it breaks off {place}. Use names, numbers, + - * / ^, "
            f"brackets and {', '.join(FUNCTIONS)}."
        ) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise FormulaError(f"The formula cannot be parsed ({error}). Write it on one line, less nested.") from None
    count = sum(1 for _ in ast.walk(tree))
    if count > MAX_NODES:
        raise FormulaError(f"The formula has {count} parts; at most {MAX_NODES} are read. Shorten it.")
    depth = _nesting(tree)
    if depth > MAX_DEPTH:
        raise FormulaError(f"Functions and powers are nested {depth} deep; at most {MAX_DEPTH} are read. Flatten it.")
    return tree


def _nesting(node: ast.AST) -> int:
    """How deep functions and powers stand inside each other."""
    own = isinstance(node, ast.Call) or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow))
    return own + max((_nesting(child) for child in ast.iter_child_nodes(node)), default=0)
