"""Compiled laws: value, gradient and Hessian against complex step and differences."""

import numpy as np
import pytest

from isoflop.errors import ColumnError, LawError
from isoflop.laws import get
from isoflop.laws.compile import compile_formula
from isoflop.laws.formula import parse_formula
from isoflop.laws.law import Law, Parameter
from isoflop.laws.rescale import rescaling

TEXTS = [
    "E + A/N^alpha + B/D^beta",
    "(A/N^alpha + B/D^beta)^k + E",
    "((N_c/N)^(aN/aD) + D_c/D)^aD",
    "eps - k*exp(-gamma*N)",
    "max(A/N^a, B/D^b) + sigmoid(d*log(D))*tanh(g)",
    "a + b*N^(-c)*exp(-c1*f*softplus(log(N/d)/f))",
    "A*sqrt(N) + min(B, D^b)",
    "exp(a3*N^g + b3)/(1 + D)",
]


@pytest.mark.parametrize("text", TEXTS)
def test_gradient_agrees_with_complex_step(text):
    law = Law("t", text)
    rng = np.random.default_rng(0)
    columns = {word: np.exp(rng.uniform(0.1, 1.5, 9)) for word in law.columns}
    theta = rng.uniform(0.2, 1.4, (4, len(law.parameter_names)))
    slopes = law.gradient(theta, columns)
    for k in range(theta.shape[1]):
        moved = theta.astype(complex)
        moved[:, k] += 1e-30j
        step = law.evaluate(moved, columns).imag / 1e-30
        np.testing.assert_allclose(slopes[..., k], step, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("text", TEXTS)
def test_hessian_agrees_with_differences_of_the_gradient(text):
    program = compile_formula(parse_formula(text))
    rng = np.random.default_rng(1)
    columns = [rng.uniform(0.1, 1.5, 5) for _ in program.columns]
    v = rng.uniform(0.2, 1.2, len(program.logarithmic))
    fixed = program.hessian.column_part(columns)

    def run(at):
        return [np.broadcast_to(o, (1, 5)) for o in program.hessian.run([np.full((1, 1), x) for x in at], fixed)]

    outputs = run(v)
    seconds = dict(zip(program.pairs, outputs[1 + len(v) :], strict=True))
    for i in range(len(v)):
        step = np.zeros(len(v))
        step[i] = 1e-6
        up, down = run(v + step), run(v - step)
        for j in range(len(v)):
            difference = (up[1 + j] - down[1 + j]) / 2e-6
            exact = seconds.get((min(i, j), max(i, j)), 0.0)
            np.testing.assert_allclose(np.broadcast_to(exact, (1, 5)), difference, rtol=2e-6, atol=2e-7)


def test_columns_with_zeros_are_used_as_they_are():
    law = Law("t", "A + B*x", variables=("x",))
    np.testing.assert_allclose(law.evaluate([1.0, 2.0], {"x": [0.0, -1.0, 3.0]}), [1.0, -1.0, 7.0])


def test_equal_terms_are_computed_once():
    tape = compile_formula(parse_formula("A/N^a + A/N^a*D")).value
    assert sum(node.operation == "exp" for node in tape.nodes) <= 2


@pytest.mark.parametrize(
    ("text", "column", "expected"),
    [
        ("E + A/N^alpha", "params", {"A": "alpha"}),
        ("((N_c/N)^(aN/aD) + D_c/D)^aD", "params", {"N_c": "1"}),
        ("(A/N^alpha + B/D^beta)^k + E", "tokens", {"B": "beta"}),
        ("E + (a*(D/N)^eta + b*(D/N)^-eta)*(6*N*D)^-eta", "params", {"a": "2*eta"}),
    ],
)
def test_units_are_absorbed_by_the_right_parameter(text, column, expected):
    found = rescaling(parse_formula(text), column)
    assert {name: str(exponent) for name, exponent in found.exponents} == expected


def test_a_law_that_is_not_closed_under_units_says_so():
    assert rescaling(parse_formula("exp(-N^a) + E"), "params") is None
    assert rescaling(parse_formula("A*log(N)"), "params") is None
    # A number of the size of the column keeps its unit, however small what it adds is at large exponents.
    rises = "b*{0}^(-c)*exp(-g*f*softplus(log({0}/d)/f))"
    assert rescaling(parse_formula(f"E + {rises.format('C')}"), "flops") is not None
    assert rescaling(parse_formula(f"E + {rises.format('C')} - {rises.format('1e25')}"), "flops") is None


def test_a_missing_column_is_named():
    with pytest.raises(ColumnError, match="tokens"):
        get("chinchilla").predict(get("chinchilla").published[0].values, params=1e9)


def test_a_missing_parameter_is_named():
    with pytest.raises(LawError, match="beta"):
        get("chinchilla").predict({"E": 1.0, "A": 1.0, "B": 1.0, "alpha": 0.3}, params=1e9, tokens=1e9)


def test_a_law_that_describes_an_unknown_parameter_is_refused():
    with pytest.raises(LawError, match="gamma"):
        Law("t", "E + A/N^a", parameters={"gamma": Parameter("real")})


@pytest.mark.parametrize(
    "domain", [(0.0, float("inf")), (-1.0, float("inf")), (float("-inf"), 0.0), (float("nan"), 1.0)]
)
def test_an_interval_without_an_end_is_refused(domain):
    with pytest.raises(LawError, match="'positive' or 'real'"):
        Parameter(domain)


def test_an_empty_interval_is_refused():
    with pytest.raises(LawError, match="empty"):
        Parameter((1.0, 1.0))
