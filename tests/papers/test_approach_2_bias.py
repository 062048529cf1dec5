"""Czech et al. 2026, arXiv:2603.22339: how far parabolas through noise-free isoFLOP curves miss."""

from collections.abc import Callable

import numpy as np
import pytest
from tests.papers.support import assert_prints_as

from isoflop import laws
from isoflop.laws.optimum import compute_optimum
from isoflop.plan import Isoflops, isoflop_profiles
from isoflop.runs.table import RunTable

BUDGETS = 10.0 ** np.arange(17, 22)
TARGET = 1e24
SURFACES = {
    "chinchilla": {"E": 1.69, "A": 406.4, "alpha": 0.34, "B": 410.7, "beta": 0.28},
    "symmetric": {"E": 1.69, "A": 400.0, "alpha": 0.31, "B": 400.0, "beta": 0.31},
    "asymmetric": {"E": 1.69, "A": 406.4, "alpha": 0.465, "B": 410.7, "beta": 0.155},
}
Centre = Callable[[int], float]


def centred(_: int) -> float:
    """Middle of the sizes over the best size."""
    return 1.0


def a_third(_: int) -> float:
    """All budgets sampled around a third of the best size."""
    return 1 / 3


def drifting(k: int) -> float:
    """From the best size at the smallest budget to a third of it at the largest."""
    return 3.0 ** (-k / (len(BUDGETS) - 1))


def best_params(surface: str, flops: float) -> float:
    """True N*."""
    law = laws.get("chinchilla")
    return float(compute_optimum(law, [SURFACES[surface][name] for name in law.parameter_names], flops).params)


def profiles(surface: str, width: float, centre: Centre = centred, degree: int = 2) -> Isoflops:
    """Approach 2 on 15 sizes per budget, even in ln N over a factor `width` either way."""
    steps = np.geomspace(1 / width, width, 15)
    params = np.concatenate([steps * best_params(surface, c) * centre(k) for k, c in enumerate(BUDGETS)])
    flops = np.repeat(BUDGETS, len(steps))
    loss = laws.get("chinchilla").predict(SURFACES[surface], params=params, tokens=flops / 6 / params)
    runs = RunTable.from_columns({"params": params, "flops": flops, "loss": loss})
    return isoflop_profiles(runs, degree=degree, draws=10)


def tokens_error(found: Isoflops, surface: str) -> float:
    """Relative error of D* at the target, in percent."""
    true = TARGET / 6 / best_params(surface, TARGET)
    return 100 * (found.at(TARGET).tokens.value / true - 1)


@pytest.mark.parametrize(
    ("surface", "errors"),
    [
        ("chinchilla", ("-0.327", "-1.301", "-2.903", "-5.100")),
        ("asymmetric", ("-1.675", "-6.498", "-13.91", "-23.12")),
    ],
)
def test_wider_sampling_is_worse(surface: str, errors: tuple[str, ...]) -> None:
    for width, error in zip((2, 4, 8, 16), errors, strict=True):
        assert_prints_as(tokens_error(profiles(surface, width), surface), error)


@pytest.mark.parametrize("width", [2, 4, 8, 16])
def test_equal_exponents_have_no_bias(width: float) -> None:
    assert abs(tokens_error(profiles("symmetric", width), "symmetric")) < 1e-9


@pytest.mark.parametrize(
    ("surface", "true_tokens", "exponent", "intercept"),
    [
        ("chinchilla", "4.036e12", ".548387", "-.578092"),
        ("symmetric", "4.082e11", ".5", "-.389076"),
        ("asymmetric", "4.510e16", ".75", "-1.459957"),
    ],
)
def test_the_exponent_is_right_and_the_intercept_is_not(
    surface: str, true_tokens: str, exponent: str, intercept: str
) -> None:
    assert_prints_as(TARGET / 6 / best_params(surface, TARGET), true_tokens)
    found = profiles(surface, 16)
    assert_prints_as(found.exponent_tokens.value, exponent)
    # log10 D* = b0 + b log10 C.
    b0 = np.log10(found.at(1e20).tokens.value) - 20 * found.exponent_tokens.value
    assert_prints_as(b0, intercept)


@pytest.mark.parametrize(
    ("width", "shift", "tokens"),
    [(2, ".00142", "4.02"), (4, ".00569", "3.98"), (8, ".01279", "3.92"), (16, ".02273", "3.83")],
)
def test_the_vertex_shift_in_decades(width: float, shift: str, tokens: str) -> None:
    found = profiles("chinchilla", width)
    assert_prints_as(np.log10(found.at(1e21).params.value / best_params("chinchilla", 1e21)), shift)
    assert_prints_as(found.at(TARGET).tokens.value / 1e12, tokens)


@pytest.mark.parametrize(
    ("surface", "centre", "errors"),
    [
        ("chinchilla", a_third, ("5.69", "3.38", "0.24")),
        ("symmetric", a_third, ("3.47", "2.65", "1.51")),
        ("asymmetric", a_third, ("14.41", "6.96", "-2.42")),
        ("chinchilla", drifting, ("9.83", "6.94", "3.05")),
        ("symmetric", drifting, ("5.17", "3.70", "1.69")),
        ("asymmetric", drifting, ("30.04", "22.97", "14.00")),
    ],
)
def test_sizes_off_the_centre(surface: str, centre: Centre, errors: tuple[str, ...]) -> None:
    for width, error in zip((4, 8, 16), errors, strict=True):
        assert_prints_as(tokens_error(profiles(surface, width, centre), surface), error)


@pytest.mark.parametrize("surface", SURFACES)
def test_a_minimum_that_no_size_brackets_is_refused(surface: str) -> None:
    # Sizes from N*/6 to 2 N*/3: the reference extrapolates the parabola; here no profile is used.
    found = profiles(surface, 2, a_third)
    assert not found.used
    assert np.isnan(found.exponent.value)


@pytest.mark.parametrize("surface", ["chinchilla", "asymmetric"])
@pytest.mark.parametrize("width", [2, 4, 8, 16])
def test_a_cubic_leaves_a_twentieth_of_the_bias(surface: str, width: float) -> None:
    parabola = tokens_error(profiles(surface, width, degree=2), surface)
    cubic = tokens_error(profiles(surface, width, degree=3), surface)
    assert abs(cubic) < abs(parabola) / 20
