"""What every law of the catalogue declares: texts, published sets, derivatives, LaTeX."""

import math
import re

import numpy as np
import pytest
import sympy
from tests.contracts.designs import DESIGNS

from isoflop import laws
from isoflop.laws import Law, Published
from isoflop.laws.compile import Program
from isoflop.laws.formula import column_symbol

EVERY_LAW = [pytest.param(laws.get(name), id=name) for name in laws.names()]
EVERY_SET = [
    pytest.param(law, published, id=f"{law.name}-{published.name}")
    for law in laws.catalogue().values()
    for published in law.published
]
DESIGN_OF = {design.law: design for design in DESIGNS}

# All macros that SymPy prints for these laws; every TeX-like renderer knows them.
MACROS = {
    "left",
    "right",
    "frac",
    "sqrt",
    "log",
    "sum",
    "operatorname",
    "mathrm",
    "cdot",
    "max",
    "min",
    "tanh",
    "limits",
}
GREEK = {
    "alpha",
    "beta",
    "chi",
    "delta",
    "epsilon",
    "eta",
    "gamma",
    "kappa",
    "lambda",
    "mu",
    "nu",
    "omega",
    "phi",
    "psi",
    "rho",
    "sigma",
    "tau",
    "theta",
    "xi",
    "zeta",
}

every_law = pytest.mark.parametrize("law", EVERY_LAW)
# A law that is a Python function has neither a formula to read nor second derivatives.
every_formula = pytest.mark.parametrize(
    "law", [pytest.param(law, id=name) for name, law in laws.catalogue().items() if law.function is None]
)


def test_every_law_has_one_design() -> None:
    assert sorted(DESIGN_OF) == sorted(laws.names())
    assert len(DESIGNS) == len(DESIGN_OF)


@every_law
def test_says_what_it_is(law: Law) -> None:
    assert law.source is not None
    assert law.source.authors
    assert law.source.title
    assert "arXiv:" in law.source.where
    assert 2017 <= law.source.year <= 2026
    for text in (law.title, law.counted, law.valid, law.advice, law.unit):
        assert text.strip()
        assert "  " not in text
    assert law.family


@every_law
def test_every_parameter_has_a_meaning(law: Law) -> None:
    assert set(law.parameters) == set(law.parameter_names)
    assert all(law.parameters[name].meaning for name in law.parameter_names)


@pytest.mark.parametrize(("law", "published"), EVERY_SET)
def test_published_sets_are_complete(law: Law, published: Published) -> None:
    assert set(published.values) == set(law.parameter_names)
    assert published.where
    assert published.note
    assert published.evidence in {"V", "R", "S"}
    assert set(published.errors) <= set(law.parameter_names)
    assert law.published_set(published.name) is published
    for name, value in published.values.items():
        domain = law.domain(name)
        low, high = {"positive": (0.0, math.inf), "real": (-math.inf, math.inf)}.get(domain, domain)  # type: ignore[arg-type]
        assert low < value < high


@pytest.mark.parametrize(("law", "published"), EVERY_SET)
def test_published_sets_give_finite_positive_losses(law: Law, published: Published) -> None:
    loss = law.predict(published.values, **DESIGN_OF[law.name].columns())
    assert np.all(np.isfinite(loss))
    assert np.all(loss > 0) or DESIGN_OF[law.name].objective == "ls"


@every_law
def test_gradient_is_the_complex_step(law: Law) -> None:
    design = DESIGN_OF[law.name]
    columns = design.columns(points=7)
    theta = np.array([design.values[name] for name in law.parameter_names])
    gradient = law.gradient(theta, columns)
    assert gradient.shape == (len(next(iter(columns.values()))), len(theta))
    for k, value in enumerate(theta):
        step = 1e-30 * max(abs(value), 1.0)
        moved = theta.astype(complex)
        moved[k] += 1j * step
        reference = law.evaluate(moved, columns).imag / step
        np.testing.assert_allclose(gradient[:, k], reference, rtol=1e-9, atol=1e-12 * np.abs(reference).max())


@every_formula
def test_hessian_is_the_slope_of_the_gradient(law: Law) -> None:
    # Against central differences of the gradient in the tape's own coordinates, at the true parameters.
    design = DESIGN_OF[law.name]
    columns = design.columns(points=5)
    raw = law.raw_columns(columns)
    program = law.program(raw)
    inputs = [columns[word] if word in raw else np.log(columns[word]) for word in law.columns]
    truth = [design.values[name] for name in law.parameter_names]
    start = np.array([math.log(v) if log else v for v, log in zip(truth, program.logarithmic, strict=True)])
    hessian = dense_hessian(program, start, inputs)
    for k in range(len(start)):
        step = 1e-5 * max(abs(start[k]), 1e-2)
        above, below = start.copy(), start.copy()
        above[k] += step
        below[k] -= step
        rise = tape_gradient(program, above, inputs) - tape_gradient(program, below, inputs)
        slope = rise / (above[k] - below[k])
        # A row in which a term vanishes may have no curvature at all.
        scale = np.maximum(np.abs(hessian).max(axis=(1, 2)), 1e-12)[:, None]
        np.testing.assert_allclose(hessian[:, k, :] / scale, slope / scale, atol=2e-5)


def tape_gradient(program: Program, coordinates: np.ndarray, inputs: list[np.ndarray]) -> np.ndarray:
    """Slopes in the tape's coordinates, shape (n, p)."""
    tape = program.gradient
    with np.errstate(over="ignore"):  # a logistic function far from its step, as the solver has it
        outputs = tape.run([np.array([v]) for v in coordinates], tape.column_part(inputs))
    return np.stack([np.broadcast_to(o, inputs[0].shape) for o in outputs[1:]], axis=-1)


def dense_hessian(program: Program, coordinates: np.ndarray, inputs: list[np.ndarray]) -> np.ndarray:
    """Second derivatives in the tape's coordinates, shape (n, p, p)."""
    with np.errstate(over="ignore"):
        outputs = program.hessian.run([np.array([v]) for v in coordinates], program.hessian.column_part(inputs))
    size = len(coordinates)
    full = np.zeros((*inputs[0].shape, size, size))
    for (i, j), second in zip(program.pairs, outputs[1 + size :], strict=True):
        full[:, i, j] = full[:, j, i] = second
    return full


@every_law
def test_linear_parameters_are_linear(law: Law) -> None:
    design = DESIGN_OF[law.name]
    columns = design.columns(points=4)
    values = dict(design.values)
    none = law.predict(values | dict.fromkeys(law.linear, 1e-300), **columns)
    for name in law.linear:
        one = law.predict(values | dict.fromkeys(law.linear, 1e-300) | {name: 1.0}, **columns)
        three = law.predict(values | dict.fromkeys(law.linear, 1e-300) | {name: 3.0}, **columns)
        np.testing.assert_allclose(three - none, 3 * (one - none), rtol=1e-9)


@every_law
def test_a_batch_of_parameters_gives_the_rows_of_single_ones(law: Law) -> None:
    design = DESIGN_OF[law.name]
    columns = design.columns(points=3)
    theta = np.array([design.values[name] for name in law.parameter_names])
    batch = theta * np.array([1.0, 1.01, 0.99])[:, None]
    together = law.evaluate(batch, columns)
    for row, single in zip(together, batch, strict=True):
        np.testing.assert_array_equal(row, law.evaluate(single, columns))


@every_law
def test_latex_is_whole(law: Law) -> None:
    text = law.latex
    assert balanced(text)
    assert text.count(r"\left") == text.count(r"\right")
    macros = set(re.findall(r"\\([a-zA-Z]+)", text))
    assert macros <= MACROS | GREEK
    for name in (*law.parameter_names, *law.columns):
        symbol = law.parsed.symbols[name]
        assert sympy.latex(symbol) in text, f"{name} is not in {text}"
    assert text.startswith(f"{sympy.latex(column_symbol(law.response))} = ")


def balanced(text: str) -> bool:
    """Whether every brace that opens also closes, in order."""
    depth = 0
    for character in re.sub(r"\\[{}]", "", text):
        depth += {"{": 1, "}": -1}.get(character, 0)
        if depth < 0:
            return False
    return depth == 0


@every_formula
def test_formula_is_read_again_from_its_own_text(law: Law) -> None:
    again = laws.from_text(law.formula, columns=law.variables)
    assert again.parameter_names == law.parameter_names
    assert again.columns == law.columns
    assert again.response == law.response
