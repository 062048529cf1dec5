"""Laws as MathML, which browsers show without any script."""

import re
from html import escape

from isoflop.laws.law import Law
from isoflop.report.blocks import Formula

_NAMED = {"&ExponentialE;": "e", "&InvisibleTimes;": "\u2062"}
"""Names of characters that only HTML knows, and what they stand for."""
_WORD = re.compile(r"<mi>([^<]*)</mi>")


def formula_of(law: Law, response: str) -> Formula:
    """Give a law's equation.

    Args:
        law: the law.
        response: column on the left side.

    Returns:
        MathML of `response = expression`, with A_recipe for a parameter that has one value per recipe.
    """
    from sympy.printing.mathml import mathml

    left = escape({"loss": "L"}.get(response, response))
    right = mathml(law.parsed.expression, printer="presentation")
    for name, character in _NAMED.items():
        right = right.replace(name, character)
    for name, column in law.parsed.indexed.items():
        whole = f"<mi>{name}</mi>"
        right = right.replace(whole, f"<msub>{whole}<mi>{escape(column)}</mi></msub>")
    text = f"<mrow><mi>{left}</mi><mo>=</mo>{right}</mrow>"
    return Formula(f'<math displaystyle="true">{_upright(text)}</math>', law.formula)


def _upright(text: str) -> str:
    """Set names of several letters upright, as words and not as products."""
    return _WORD.sub(lambda m: m.group(0) if len(_plain(m.group(1))) == 1 else f"<mtext>{m.group(1)}</mtext>", text)


def _plain(name: str) -> str:
    """A name with its character references as the characters that they stand for."""
    return re.sub(r"&[#\w]+;", "x", name)
