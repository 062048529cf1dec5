"""Whatever is typed as a formula gives a law or one clear error, and nothing runs."""

import string

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from isoflop.errors import FormulaError, LawError
from isoflop.laws.formula import parse_formula
from isoflop.laws.law import Law

NAMES = st.sampled_from(
    ["N", "D", "C", "L", "S", "E", "A", "alpha", "recipe", "lambda", "N.real", "_", "É", "exp", "I"]
)
ATOMS = st.one_of(NAMES, st.floats(-1e3, 1e3, allow_nan=False).map(str), st.integers(-99, 10**20).map(str))
CALLS = st.sampled_from(["exp", "log", "tanh", "sigmoid", "softplus", "sqrt", "min", "max", "eval", "print"])


def _grow(children):
    pair = st.tuples(children, st.sampled_from(["+", "-", "*", "/", "^", "**", "%", "==", ","]), children)
    return st.one_of(
        pair.map(lambda t: f"({t[0]}{t[1]}{t[2]})"),
        st.tuples(CALLS, children).map(lambda t: f"{t[0]}({t[1]})"),
        st.tuples(children, NAMES).map(lambda t: f"{t[0]}[{t[1]}]"),
        children.map(lambda t: f"-{t}"),
    )


FORMULAS = st.recursive(ATOMS, _grow, max_leaves=12)


def _read(text):
    """A formula and no message, or no formula and the message."""
    try:
        return parse_formula(text), ""
    except FormulaError as error:
        return None, str(error)


@settings(max_examples=1500)
@given(FORMULAS)
@example("L = ")
@example("E + A/N^alpha ; import os")
def test_any_expression_gives_a_formula_or_a_clear_error(text):
    formula, message = _read(text)
    assert (formula is None) == bool(message)
    assert formula is not None or message.rstrip().endswith((".", "…"))
    assert formula is None or (formula.parameters and formula.latex)


@settings(max_examples=1500)
@given(st.text(string.printable + "αβ∑√≤", max_size=60))
def test_any_text_gives_a_formula_or_a_clear_error(text):
    formula, message = _read(text)
    assert (formula is None) == (len(message) > 10)


@settings(max_examples=150)
@given(FORMULAS, st.integers(0, 2**32 - 1))
def test_a_formula_that_parses_also_compiles_and_evaluates(text, seed):
    try:
        law = Law("any", text)
    except (FormulaError, LawError):
        return
    if law.parsed.indexed:
        return
    rng = np.random.default_rng(seed)
    columns = {word: rng.uniform(0.5, 2.0, 3) for word in law.columns}
    theta = rng.uniform(0.5, 2.0, len(law.parameter_names))
    value, slopes = law.evaluate(theta, columns), law.gradient(theta, columns)
    assert value.shape == slopes.shape[:1]
    finite = np.isfinite(value) & np.isfinite(slopes).all(axis=1) & (np.abs(value) < 1e6)
    if not columns or not finite.all() or (np.abs(slopes) > 1e6).any() or "m" in text:
        return
    step = 1e-6 * theta
    for k in range(len(theta)):
        up, down = theta.copy(), theta.copy()
        up[k], down[k] = up[k] + step[k], down[k] - step[k]
        with np.errstate(all="ignore"):
            rate = (law.evaluate(up, columns) - law.evaluate(down, columns)) / (2 * step[k])
        scale = np.abs(rate) + np.abs(value) + 1
        if np.isfinite(rate).all():
            assert np.all(np.abs(rate - slopes[:, k]) < 1e-2 * scale)
