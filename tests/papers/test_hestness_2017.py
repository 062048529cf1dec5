"""Hestness et al. 2017, arXiv:1712.00409: learning curves of machine translation."""

from tests.papers.support import assert_prints_as

from isoflop import laws


def test_halving_the_error_of_the_translation_envelope_needs_207_times_the_data() -> None:
    law = laws.get("power-tokens")
    values = law.published_set("hestness-translation-envelope").values
    assert_prints_as(2.0 ** (1 / values["beta"]), "207")
    before, after = law.predict(values, tokens=[1e7, 1e7 * 2.0 ** (1 / values["beta"])])
    assert abs(after / before - 0.5) < 1e-12


def test_one_model_has_a_floor_and_the_larger_model_the_lower_one() -> None:
    law = laws.get("power-tokens-floor")
    small = law.predict(law.published_set("hestness-translation-208").values, tokens=1e30)
    large = law.predict(law.published_set("hestness-translation-512").values, tokens=1e30)
    assert_prints_as(small, "0.39")
    assert_prints_as(large, "0.32")
