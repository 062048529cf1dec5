"""Laws that no formula can say keep the same promises."""

import numpy as np
import pytest
from tests.fit.synthetic import TRUTH, chinchilla_runs

import isoflop as iso
from isoflop.errors import FileError, LawError
from isoflop.fit import Fit, fit_law
from isoflop.fit.evaluate import Evaluator
from isoflop.fit.prepare import bind_checked
from isoflop.laws import get
from isoflop.laws.law import Law, Parameter


def chinchilla(p, c):
    return p["E"] + p["A"] * c["params"] ** -p["alpha"] + p["B"] * c["tokens"] ** -p["beta"]


def annealing(p, c):
    """Loss after a schedule: a sum over steps of a linear decay from `peak`, which no formula here can write."""
    total = 0.0
    for k in range(1, 51):
        total = total + c["peak"] * (1 - k / 51) * k ** -p["gamma"]
    return p["L0"] + p["A"] * total ** -p["alpha"]


LAW = Law(
    "by-hand",
    "the Chinchilla form, as a function",
    function=chinchilla,
    variables=("params", "tokens"),
    parameters={
        "E": Parameter(start=(0.5, 3.0)), "A": Parameter(start=(50.0, 5000.0)), "alpha": Parameter(start=(0.1, 0.8)),
        "B": Parameter(start=(50.0, 5000.0)), "beta": Parameter(start=(0.1, 0.8)),
    },
)  # fmt: skip


def test_slopes_come_from_the_complex_step():
    theta = [TRUTH[n] for n in LAW.parameter_names]
    columns = {"params": [1e8, 1e9], "tokens": [1e9, 1e11]}
    order = [get("chinchilla").parameter_names.index(n) for n in LAW.parameter_names]
    exact = get("chinchilla").gradient([TRUTH[n] for n in get("chinchilla").parameter_names], columns)
    np.testing.assert_allclose(LAW.gradient(theta, columns), exact[:, order], rtol=1e-12)
    np.testing.assert_allclose(LAW.evaluate(theta, columns), get("chinchilla").predict(TRUTH, **columns))


def test_a_function_is_fitted_like_the_formula_that_says_the_same():
    runs = chinchilla_runs(noise=0.004)
    formula = iso.fit("chinchilla", runs, objective="log-ls", bootstrap=100)
    function = iso.fit(LAW, runs, objective="log-ls", bootstrap=100)
    assert function.value == pytest.approx(formula.value, rel=1e-9)
    for name in TRUTH:
        assert function.parameters[name] == pytest.approx(formula.parameters[name], rel=1e-4)
        assert function.interval(name) == pytest.approx(formula.interval(name), rel=1e-2)
    assert function.predict(params=1e11, tokens=1e12).value == pytest.approx(
        formula.predict(params=1e11, tokens=1e12).value, rel=1e-6
    )


def test_a_sum_over_a_schedule_recovers_its_parameters():
    law = Law(
        "annealing", "loss after a linear decay", function=annealing, variables=("peak",),
        parameters={"L0": Parameter(), "A": Parameter(), "alpha": Parameter(), "gamma": Parameter("real")},
    )  # fmt: skip
    truth = {"L0": 2.5, "A": 0.6, "alpha": 0.5, "gamma": 0.3}
    peak = np.geomspace(1e-3, 1.0, 12)
    loss = law.predict(truth, peak=peak)
    fit = iso.fit(law, {"peak": peak, "loss": loss}, fix={"gamma": 0.3}, objective="log-ls", bootstrap=0)
    for name, value in truth.items():
        assert fit.parameters[name] == pytest.approx(value, rel=1e-5)


def test_json_asks_for_the_function():
    fit = iso.fit(LAW, chinchilla_runs(noise=0.004), objective="log-ls", bootstrap=20)
    with pytest.raises(FileError, match="law="):
        Fit.from_json(fit.to_json())
    assert Fit.from_json(fit.to_json(), law=LAW).to_json() == fit.to_json()


def test_a_function_without_names_is_refused():
    with pytest.raises(LawError, match="name its columns"):
        Law("f", "nothing", function=chinchilla).parsed  # noqa: B018


def test_a_plan_from_a_function_says_what_it_needs():
    fit = iso.fit(LAW, chinchilla_runs(noise=0.004), objective="log-ls", bootstrap=20)
    with pytest.raises(LawError, match="formula"):
        iso.plan(fit, flops=1e24)


class WithSlopes:
    """The Chinchilla form with its own slopes, and what it is linear in."""

    linear = ("E", "A", "B")

    def __call__(self, p, c):
        return chinchilla(p, c)

    def value_and_slopes(self, p, c):
        size, data = c["params"] ** -p["alpha"], c["tokens"] ** -p["beta"]
        in_alpha, in_beta = -p["A"] * size * np.log(c["params"]), -p["B"] * data * np.log(c["tokens"])
        value = p["E"] + p["A"] * size + p["B"] * data
        return [value, np.ones_like(value), size, in_alpha, data, in_beta]


OWN = Law(
    "with-slopes",
    "the Chinchilla form, with its slopes",
    function=WithSlopes(),
    variables=("params", "tokens"),
    parameters={name: Parameter(start=(0.1, 0.8)) for name in ("E", "A", "alpha", "B", "beta")},
)


def test_a_function_may_give_its_own_slopes():
    theta = [TRUTH[n] for n in OWN.parameter_names]
    columns = {"params": [1e8, 1e9], "tokens": [1e9, 1e11]}
    np.testing.assert_allclose(OWN.gradient(theta, columns), LAW.gradient(theta, columns), rtol=1e-12)


def test_what_a_function_calls_linear_is_solved_for():
    runs = chinchilla_runs(noise=0.004)
    fit = iso.fit(OWN, runs, objective="log-ls", bootstrap=0)
    assert fit.value == pytest.approx(iso.fit("chinchilla", runs, objective="log-ls", bootstrap=0).value, rel=1e-9)
    assert fit.certificate.ok


class WithBends(WithSlopes):
    """The same with its second derivatives."""

    bends = (("A", "alpha"), ("alpha", "alpha"), ("B", "beta"), ("beta", "beta"))

    def value_slopes_and_bends(self, p, c):
        value, *slopes = self.value_and_slopes(p, c)
        log_n, log_d = np.log(c["params"]), np.log(c["tokens"])
        bends = [slopes[2] / p["A"], -slopes[2] * log_n, slopes[4] / p["B"], -slopes[4] * log_d]
        return value, slopes, bends


def test_second_derivatives_make_the_curvature_that_of_the_formula():
    bent = Law("bent", "the same", function=WithBends(), variables=OWN.variables, parameters=OWN.parameters)
    runs = chinchilla_runs(noise=0.004)
    fit = fit_law(bent, runs, objective="log-ls", fix={"alpha": 0.34})
    problem = bind_checked(bent, runs, "loss", fit.objective, fix={}, prior={}, weights=None, noise=None)
    at = np.array([[0.5, 6.0, -1.1, 6.1, -1.2]])
    found = Evaluator(problem, fit.objective).local(at).curvature[0]
    for k in range(5):
        ends = [Evaluator(problem, fit.objective).local(at + s * 1e-6 * np.eye(5)[k]).slope[0] for s in (1, -1)]
        np.testing.assert_allclose(found[k], (ends[0] - ends[1]) / 2e-6, rtol=1e-5, atol=1e-6)


def test_bends_in_an_unknown_parameter_are_named():
    wrong = WithBends()
    wrong.bends = (("A", "K"),)
    law = Law("w", "wrong", function=wrong, variables=OWN.variables, parameters=OWN.parameters)
    with pytest.raises(LawError, match="bends in K"):
        law.program()


def test_an_unknown_linear_parameter_is_named():
    wrong = WithSlopes()
    wrong.linear = ("K",)
    law = Law("w", "wrong", function=wrong, variables=("params",), parameters={"A": Parameter()})
    with pytest.raises(LawError, match="calls K linear"):
        law.program()


def test_a_code_column_needs_no_number_of_values():
    # Two schedules are two codes: they say nothing of how many values a formula would need.
    law = Law(
        "coded", "one exponent under two codes",
        function=lambda p, c: p["E"] + p["A"] * (c["tokens"] / c["code"]) ** -p["b"],
        variables=("code", "tokens"), parameters={n: Parameter(start=(0.1, 2.0)) for n in ("E", "A", "b")},
    )  # fmt: skip
    tokens = np.tile(np.geomspace(1.0, 50.0, 10), 2)
    code = np.repeat([1.0, 2.0], 10)
    loss = law.predict({"E": 1.0, "A": 0.5, "b": 0.4}, code=code, tokens=tokens)
    fit = iso.fit(law, {"code": code, "tokens": tokens, "loss": loss}, objective="log-ls", bootstrap=0)
    assert fit.certificate.ok, fit.certificate.reasons
