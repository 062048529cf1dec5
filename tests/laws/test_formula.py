"""The parser reads what it should, and refuses the rest with the offending token."""

import numpy as np
import pytest

from isoflop.errors import FormulaError
from isoflop.laws.formula import parse_formula
from isoflop.laws.law import Law


def test_columns_and_parameters_come_in_order_of_appearance():
    formula = parse_formula("L = E + A/N^alpha + B/D^beta")
    assert formula.columns == ("params", "tokens")
    assert formula.parameters == ("E", "A", "alpha", "B", "beta")
    assert formula.response == "loss"


def test_caret_and_double_star_are_the_same_power():
    assert parse_formula("A*N^-a").expression == parse_formula("A*N**(-a)").expression


def test_vocabulary_words_and_extra_columns_are_columns():
    formula = parse_formula("A/params^a + B/width^b", columns=["width"])
    assert formula.columns == ("params", "width")
    assert formula.parameters == ("A", "a", "B", "b")


def test_an_indexed_parameter_names_its_column():
    formula = parse_formula("E[recipe] + A/N^alpha")
    assert dict(formula.indexed) == {"E": "recipe"}


@pytest.mark.parametrize(
    ("text", "token"),
    [
        ("__import__('os').system('true')", "__import__('os').system('true')"),
        ("E + open('x')", "open"),
        ("E + A/N.real", "N.real"),
        ("E + A/N^[1,2]", "[1, 2]"),
        ("E + (lambda: 1)()", "(lambda: 1)()"),
        ("E + A if N else B", "A if N else B"),
        ("E and A", "E and A"),
        ("E + 'text'", "'text'"),
        ("E + A % N", "A % N"),
        ("E + A // N", "A // N"),
        ("E + N @ A", "N @ A"),
        ("E + exp(N, base=2)", "exp(N, base=2)"),
        ("E + True", "True"),
        ("E < A", "E < A"),
        ("E + A[1]", "A[1]"),
        ("E + A[recipe, seed]", "A[recipe, seed]"),
        ("E + 1j*A", "1j"),
        ("E + (y := A)", "A"),
    ],
)
def test_anything_off_the_whitelist_is_refused_with_its_token(text, token):
    with pytest.raises(FormulaError) as caught:
        parse_formula(text)
    assert token in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("E + A/(N", "breaks off"),
        ("L = E = A", "equals signs"),
        ("2*N", "no parameter"),
        ("E + exp", "function"),
        ("E + exp(A, N)", "one argument"),
        ("E + min(A)", "at least two"),
        ("E + A/0", "divides by zero"),
        ("E + A/(N - N)", "divides by zero"),
        ("9^9^9^9 + A", "overflow"),
        ("(0-1)^0.5 + A", "not a real number"),
        ("E + exp(10^6)", "no finite real value"),
        ("E + N[recipe]", "not a parameter"),
        ("E[recipe] + E", "with and without"),
        ("E + E[recipe]", "two ways"),
        ("A*" * 3000 + "A", "characters"),
        ("+".join(["A"] * 700), "parts"),
        ("L + 1 = E", "not one name"),
    ],
)
def test_a_faulty_formula_says_what_is_wrong(text, words):
    with pytest.raises(FormulaError, match=words):
        parse_formula(text)


def test_deep_nesting_is_refused_and_does_not_crash():
    with pytest.raises(FormulaError):
        parse_formula("(" * 900 + "A" + ")" * 900)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A*log2(N)", 3.0),
        ("A*log10(N)", np.log10(8.0)),
        ("A*sqrt(N)", np.sqrt(8.0)),
        ("A*tanh(N)", np.tanh(8.0)),
        ("A*sigmoid(N)", 1 / (1 + np.exp(-8.0))),
        ("A*softplus(N)", np.log1p(np.exp(8.0))),
        ("A*min(N, 5)", 5.0),
        ("A*max(N, 5, 9)", 9.0),
        ("A*exp(-log(N))", 1 / 8),
        ("-A + 2*A*N^(1/3)", 3.0),
    ],
)
def test_functions_have_their_usual_values(text, expected):
    assert Law("f", text).evaluate([1.0], {"params": [8.0]})[0] == pytest.approx(expected, rel=1e-14)


def test_latex_is_the_whole_equation():
    assert parse_formula("E + A/N^alpha").latex == r"L = A N^{- \alpha} + E"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A*(N+a)^1000000", "exponent beyond"),
        ("A*(2*N)^999999", "exponent beyond"),
        ("tanh(" * 60 + "A*N" + ")" * 60, "nested 60 deep"),
        ("*".join(f"(N+a{k})" for k in range(60)), "at most 40"),
        ("*".join(f"(N+a{k})" for k in range(30)), "fewer factors"),
        ("max(" + ",".join(f"a{k}*N^b{k}" for k in range(18)) + ")", "fewer factors"),
    ],
)
def test_formulas_that_would_take_for_ever_are_refused(text, words):
    with pytest.raises(FormulaError, match=words):
        Law("long", text).program()
