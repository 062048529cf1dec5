"""The compute-optimal size against brute force, for laws with and without a closed form."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from isoflop import laws
from isoflop.errors import ColumnError, LawError
from isoflop.laws import Law
from isoflop.laws.frontier import band_on, reach_on
from isoflop.laws.isocurve import bind_curve, compile_curve
from isoflop.laws.optimum import Status, compute_optimum, optimum_on

CHINCHILLA = {"E": 1.69, "A": 406.4, "alpha": 0.34, "B": 410.7, "beta": 0.28}
FORMS = {
    "other letters": ("u + v/N^w + x/D^z", (1.69, 406.4, 0.34, 410.7, 0.28)),
    "scaled sizes": ("(n/N)^a + E + (d/D)^b", (4.7e7, 0.34, 1.69, 2.2e9, 0.28)),
    "outer power": ("(A/N^alpha + B/D^beta)^k + E", (3909.0, 0.4526, 33524.0, 0.4866, 0.737, 1.79)),
    "logarithm": ("log(e + A/N^a + B/D^b)", (5.4, 406.4, 0.34, 410.7, 0.28)),
    "compute and size": ("E + A/N^a + K*N^b/C^b", (1.69, 406.4, 0.34, 410.7 * 6**0.28, 0.28)),
    "interaction": ("E + A/N^a + B/D^b + G/(N*D)^g", (1.69, 406.4, 0.34, 410.7, 0.28, 30.0, 0.15)),
    "size in the data exponent": ("E + A/N^a + B/D^(b + s*log(N))", (1.69, 406.4, 0.34, 410.7, 0.25, 0.001)),
}
CLOSED = {"other letters", "scaled sizes", "outer power", "logarithm", "compute and size"}


def brute_force(law: Law, theta: tuple[float, ...], flops: float) -> float:
    """Size with the least loss, by bounded scalar minimisation of the law itself."""

    def loss(x: float) -> float:
        params = np.exp([x])
        columns = {"params": params, "tokens": flops / (6 * params), "flops": [flops]}
        return float(law.evaluate(theta, {w: columns[w] for w in law.columns})[0])

    middle = 0.5 * np.log(flops / 6)
    found = minimize_scalar(loss, bounds=(middle - 7, middle + 4), method="bounded", options={"xatol": 1e-10})
    return float(np.exp(found.x))


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("flops", [1e19, 1e22, 1e25])
def test_is_where_the_loss_is_least(name: str, flops: float) -> None:
    formula, theta = FORMS[name]
    law = laws.from_text(formula)
    best = compute_optimum(law, theta, flops)
    assert best.closed_form == (name in CLOSED)
    assert best.status == Status.INTERIOR
    # A minimum is flat: its place is known to the root of the precision of the loss.
    assert float(best.params) == pytest.approx(brute_force(law, theta, flops), rel=1e-5)
    assert float(6 * best.params * best.tokens) == pytest.approx(flops, rel=1e-12)


def test_closed_form_and_search_agree() -> None:
    closed = laws.from_text("E + A/N^a + B/D^b")
    # The third term is absent, but the formula does not know.
    searched = laws.from_text("E + A/N^a + B/D^b + G/(N*D)^g")
    theta = [1.69, 406.4, 0.34, 410.7, 0.28]
    budgets = np.geomspace(1e17, 1e27, 11)
    one = compute_optimum(closed, theta, budgets)
    two = compute_optimum(searched, [*theta, 0.0, 0.1], budgets)
    assert (one.closed_form, two.closed_form) == (True, False)
    for name in ("params", "tokens", "loss", "exponent"):
        np.testing.assert_allclose(getattr(two, name), getattr(one, name), rtol=1e-9)


def test_batch_is_the_sum_of_its_draws() -> None:
    law = laws.get("farseer")
    truth = np.array([law.published_set("scalebench-2026").values[n] for n in law.parameter_names])
    draws = truth * np.random.default_rng(3).normal(1, 0.003, (300, len(truth)))
    together = compute_optimum(law, draws, [1e20, 1e22])
    assert together.params.shape == (300, 2)
    for k in (0, 137, 299):
        alone = compute_optimum(law, draws[k], [1e20, 1e22])
        np.testing.assert_array_equal(alone.status, together.status[k])
        np.testing.assert_allclose(alone.params, together.params[k], rtol=1e-9)


def test_says_which_end_is_best_when_there_is_no_interior_optimum() -> None:
    # Loss that only falls, or only rises, with size at equal compute.
    large = compute_optimum(laws.from_text("E + A/N^a + B/C^b"), [1.7, 400.0, 0.3, 400.0, 0.3], 1e21)
    small = compute_optimum(laws.from_text("E + A*N^a + B/C^b"), [1.7, 0.1, 0.1, 400.0, 0.3], 1e21)
    assert large.status == Status.AT_LARGEST
    assert small.status == Status.AT_SMALLEST
    assert np.isnan(large.params)
    assert np.isnan(large.loss)
    assert "largest" in large.words()


def test_a_maximum_is_no_optimum() -> None:
    # Loss that grows with both: the stationary point of the closed form is the worst size.
    best = compute_optimum(laws.from_text("E - A/N^a - B/D^b"), [5.0, 400.0, 0.34, 400.0, 0.28], 1e21)
    assert best.status == Status.UNDEFINED
    assert np.isnan(best.params)


def test_draws_without_a_value_stay_without() -> None:
    theta = np.array([list(CHINCHILLA.values()), [np.nan] * 5])
    best = compute_optimum(laws.get("chinchilla"), theta, 1e21)
    assert best.status.tolist() == [Status.INTERIOR, Status.UNDEFINED]
    assert np.isfinite(best.params).tolist() == [True, False]


def test_kinks_are_found() -> None:
    best = compute_optimum(laws.from_text("max(A/N^a, B/D^b)"), [406.4, 0.3, 406.4, 0.3], 6e20)
    assert float(best.params) == pytest.approx(1e10, rel=1e-9)


def test_other_columns_need_a_value() -> None:
    law = laws.from_text("E + A*lr^s/N^a + B/D^b")
    theta = [1.69, 406.4, 0.1, 0.34, 410.7, 0.28]
    with pytest.raises(ColumnError, match="lr"):
        compute_optimum(law, theta, 1e21)
    one, two = (float(compute_optimum(law, theta, 1e21, columns={"lr": lr}).params) for lr in (1.0, 2.0))
    # N* scales with A^(1/(alpha+beta)).
    assert two / one == pytest.approx(2 ** (0.1 / 0.62), rel=1e-12)


def test_laws_of_one_variable_are_refused() -> None:
    with pytest.raises(LawError, match="params and tokens"):
        compute_optimum(laws.get("power-flops"), [100.0, 0.1], 1e21)


@pytest.mark.parametrize("flops", [0.0, -1e20, np.inf, np.nan])
def test_compute_must_be_positive(flops: float) -> None:
    with pytest.raises(LawError, match="positive"):
        compute_optimum(laws.get("chinchilla"), list(CHINCHILLA.values()), flops)


def test_the_condition_is_in_the_law_s_letters() -> None:
    condition = compile_curve(laws.get("chinchilla").parsed).condition
    assert condition is not None
    assert condition.text == "A*D^beta*alpha/(B*N^alpha*beta)"


@pytest.mark.parametrize("name", FORMS)
def test_derivatives_are_those_of_the_law(name: str) -> None:
    formula, theta = FORMS[name]
    curve = bind_curve(laws.from_text(formula), np.array([theta]))
    x, c, h = np.array([[21.0, 24.0]]), np.array([[47.0, 50.0]]), 1e-4
    local = curve.at(x, c)
    right, left, above, below = (curve.at(x + i, c + j) for i, j in ((h, 0), (-h, 0), (0, h), (0, -h)))
    np.testing.assert_allclose(local.slope, (right.loss - left.loss) / (2 * h), rtol=1e-5)
    np.testing.assert_allclose(local.rise, (above.loss - below.loss) / (2 * h), rtol=1e-5)
    np.testing.assert_allclose(local.bend, (right.slope - left.slope) / (2 * h), rtol=1e-5)
    np.testing.assert_allclose(local.cross, (above.slope - below.slope) / (2 * h), rtol=1e-5, atol=1e-12)


@pytest.mark.parametrize("name", FORMS)
def test_the_compute_for_a_loss_inverts_the_loss_at_a_compute(name: str) -> None:
    formula, theta = FORMS[name]
    law = laws.from_text(formula)
    curve = bind_curve(law, np.array([theta]))
    for flops in (1e19, 1e23):
        target = compute_optimum(law, [theta], flops).loss[:, None]
        near = np.log([[1e21 / 6]])
        start = optimum_on(curve, near)
        found = reach_on(curve, target, np.log(start.params), near)
        assert found.reached.all()
        np.testing.assert_allclose(6 * np.exp(found.c), flops, rtol=1e-8)


def test_a_loss_below_the_floor_is_not_reached() -> None:
    curve = bind_curve(laws.get("chinchilla"), np.array([list(CHINCHILLA.values())]))
    near = np.log([[1e21 / 6]])
    start = optimum_on(curve, near)
    found = reach_on(curve, np.array([[1.68]]), np.log(start.params), near)
    assert not found.reached.any()
    assert np.isnan(found.c).all()


def test_the_band_has_the_asked_loss_on_both_sides() -> None:
    curve = bind_curve(laws.get("chinchilla"), np.array([list(CHINCHILLA.values())]))
    c = np.log([[1e21 / 6]])
    best = optimum_on(curve, c)
    x = np.log(best.params)
    for rise in (1e-6, 1e-3, 0.1):
        ends = [band_on(curve, best.loss * (1 + rise), x, c, side=side) for side in (-1, 1)]
        assert ends[0] < x < ends[1]
        for end in ends:
            np.testing.assert_allclose(curve.at(end, c).loss, best.loss * (1 + rise), rtol=1e-9)
