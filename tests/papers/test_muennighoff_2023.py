"""Muennighoff et al. 2023, arXiv:2305.16264: the base law on C4."""

from tests.papers.support import assert_prints_as

from isoflop import laws
from isoflop.laws.optimum import compute_optimum


def test_the_logarithms_of_the_repository_are_the_constants() -> None:
    law = laws.get("chinchilla")
    values = law.published_set("muennighoff-2023-c4").values
    assert_prints_as(values["A"], "520.825")
    assert_prints_as(values["B"], "1487.716")
    assert_prints_as(values["E"], "1.86914")
    assert values["alpha"] == values["beta"]
    ratio = (values["alpha"] * values["A"] / (values["beta"] * values["B"])) ** (1 / (2 * values["alpha"]))
    assert_prints_as(ratio, ".225802")


def test_the_unconstrained_optimum_at_chinchilla_s_compute() -> None:
    law = laws.get("chinchilla")
    values = law.published_set("muennighoff-2023-c4").values
    best = compute_optimum(law, [values[name] for name in law.parameter_names], 5.76e23)
    assert_prints_as(best.params, "6.996e10")
    assert_prints_as(best.tokens, "1.3722e12")
    assert_prints_as(best.tokens / best.params, "19.613")
