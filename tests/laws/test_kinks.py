"""Formulas with min, max and expm1: quick to compile, exact where repeats hardly count, closed under units."""

import numpy as np
import pytest
import sympy

from isoflop.laws.compile import compile_formula
from isoflop.laws.formula import parse_formula
from isoflop.laws.law import Law
from isoflop.laws.rescale import rescaling

# Muennighoff's law of repeated data, whole: the size limit depends on all four constants.
LIMIT = "(a*A/(b*B)*U^b)^(1/a)"
REPEATED = (
    f"E + A/(min(N, {LIMIT})*(1 - R*expm1((1 - max(N/{LIMIT}, 1))/R)))^a"
    " + B/(min(D, U)*(1 - S*expm1((1 - max(D/U, 1))/S)))^b"
)


def test_nested_minima_compile() -> None:
    # Multiplied out by SymPy the same formula took half a minute.
    program = compile_formula(parse_formula(REPEATED))
    assert program.scale_like == (0,)


@pytest.mark.parametrize(
    ("text", "scale_like", "linear"),
    [
        ("E + A/N^a + B/D^b", (0, 1, 3), ()),
        ("min(A/N^a, B/D^b) + E", (0, 2, 4), ()),
        ("(A/N^a + B/D^b)^k + E", (5,), ()),
        ("A*log(N) + B", (0, 1), ()),
        ("E + A*N^-a*D^b + G*N^-c", (0, 1, 4), ()),
        ("sqrt(A*N) + B/D^b", (1,), ()),
        ("log(A)*N", (), (0,)),
        ("A*B/N + B", (0,), ()),
    ],
)
def test_what_least_squares_can_solve_is_found(text: str, scale_like: tuple[int, ...], linear: tuple[int, ...]) -> None:
    program = compile_formula(parse_formula(text))
    assert program.scale_like == scale_like
    assert program.linear == linear


def test_expm1_keeps_the_digits_of_a_small_argument() -> None:
    law = Law("t", "-K*expm1(-N/K)")
    assert float(law.predict({"K": 1e17}, params=3.0)) == pytest.approx(3.0, rel=1e-15)
    naive = Law("naive", "K*(1 - exp(-N/K))")
    assert float(naive.predict({"K": 1e17}, params=3.0)) == 0.0


def test_expm1_has_its_derivatives() -> None:
    law = Law("t", "A*expm1(-g*N)")
    n = np.array([0.3, 1.0, 2.0])
    theta = np.array([1.3, 0.7])
    slopes = law.gradient(theta, {"params": n})
    np.testing.assert_allclose(slopes[:, 0], np.expm1(-0.7 * n), rtol=1e-14)
    np.testing.assert_allclose(slopes[:, 1], -1.3 * n * np.exp(-0.7 * n), rtol=1e-14)
    program = law.program()
    outputs = program.hessian.run([np.array([0.2]), np.array([0.4])], program.hessian.column_part([np.log(n)]))
    seconds = dict(zip(program.pairs, outputs[3:], strict=True))
    # A enters by its logarithm, g as it is: it stands in the exponent only.
    np.testing.assert_allclose(seconds[1, 1], np.exp(0.2) * n**2 * np.exp(-0.4 * n), rtol=1e-13)


def test_expm1_prints_as_readers_know_it() -> None:
    assert sympy.latex(parse_formula("A*expm1(N)").expression) == r"A \left(e^{N} - 1\right)"
    assert parse_formula("A*expm1(N)^2").latex == r"L = A \left(e^{N} - 1\right)^{2}"


def test_a_scale_inside_an_exponential_is_searched_by_its_logarithm() -> None:
    formula = parse_formula("E - R*expm1(-N/R) + A/N^a")
    program = compile_formula(formula)
    assert dict(zip(formula.parameters, program.logarithmic, strict=True)) == {
        "E": True,
        "R": True,
        "A": True,
        "a": False,
    }


@pytest.mark.parametrize(
    ("text", "column", "exponents"),
    [
        (REPEATED, "params", {"A": "a"}),
        ("E + A/min(N, K)^a", "params", {"A": "a", "K": "1"}),
        ("E + A/(1 + (N/K)^b)", "params", {"K": "1"}),
        ("E + A/(N*(1 + U/K))^a", "params", {"A": "a"}),
    ],
)
def test_a_unit_within_a_minimum_is_absorbed(text: str, column: str, exponents: dict[str, str]) -> None:
    found = rescaling(parse_formula(text), column)
    assert found is not None
    if "K" in exponents and "A" in exponents:
        return check_scales_together(text, column)
    assert {name: str(e) for name, e in found.exponents} == exponents
    return None


def check_scales_together(text: str, column: str) -> None:
    """Fail unless a change of unit, absorbed as found, leaves the law's values."""
    law = Law("t", text)
    values = {"E": 1.2, "A": 3.0, "K": 2.5, "a": 0.4}
    found = rescaling(law.parsed, column)
    assert found is not None
    theta = np.array([values[n] for n in law.parameter_names])
    moved = dict(values)
    for name, function in found.exponent_functions(law.parsed).items():
        moved[name] *= 7.0 ** float(function(theta))
    n = np.array([0.5, 2.0, 9.0])
    np.testing.assert_allclose(law.predict(moved, params=7.0 * n), law.predict(values, params=n), rtol=1e-13)


@pytest.mark.parametrize("column", ["tokens", "unique_tokens"])
def test_no_parameter_absorbs_the_unit_of_tokens_alone(column: str) -> None:
    # Only both counts together may change their unit.
    assert rescaling(parse_formula(REPEATED), column) is None


@pytest.mark.parametrize("column", ["params", "tokens"])
def test_a_shift_that_differs_from_run_to_run_is_none(column: str) -> None:
    assert rescaling(parse_formula("E + A/N^(a + b*log(D))"), column) is None
