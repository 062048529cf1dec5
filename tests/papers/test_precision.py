"""Precision laws: Sun 2025 (2501.02423), Kumar 2024 (2411.04330), Quartet (2505.14669), QAT (2505.14302, 2509.22935).

Sections are those of the reference sheet precision_and_cost.md.
"""

from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize, minimize_scalar
from tests.papers.support import assert_prints_as

from isoflop import laws
from isoflop.errors import InputError, RangeWarning
from isoflop.fit import fit_law
from isoflop.methods.bit_budget import (
    CHANNEL_BLOCK,
    FLOPS_PER_BIT,
    PUBLISHED,
    Layout,
    best_bits,
    best_layout,
    critical_tokens,
    effective_params,
)
from isoflop.methods.low_precision import (
    FP4_SPEEDS,
    KUMAR,
    FormatSpeed,
    allocation_shift,
    best_training_bits,
    critical_tokens_post,
    effective_share,
    loss_at_equal_time,
)
from isoflop.methods.qat import SPLIT_FACTOR, split_tokens
from isoflop.methods.qat import effective_share as qat_share
from isoflop.runs.table import RunTable

# ---- section 1: floating-point quantization training


def test_the_printed_ladder_of_layouts() -> None:
    printed = "E1M1 E2M1 E2M2 E3M2 E3M3 E4M3 E4M4 E5M4 E5M5 E6M5 E6M6 E7M6 E7M7 E8M7"
    assert " ".join(str(best_layout(bits)) for bits in range(3, 17)) == printed


@pytest.mark.parametrize(
    ("layout", "printed", "exact"),
    [(Layout(8, 7), "1730", "1729.5"), (Layout(4, 3), "27", "27.33"), (Layout(2, 1), ".4", ".393")],
)
def test_critical_data_of_a_billion_parameters(layout: Layout, printed: str, exact: str) -> None:
    trillions = float(critical_tokens(1e9, layout, block_elements=128)) / 1e12
    # 1730 stands for 1729.5, rounded to ten.
    assert_prints_as(round(trillions, -1) if printed == "1730" else trillions, printed)
    assert_prints_as(trillions, exact)


def test_critical_data_is_where_the_law_turns() -> None:
    law, layout = laws.get("fp-training"), Layout(4, 3)
    turn = float(critical_tokens(1e9, layout, block_elements=128))
    at = np.array([0.98, 1.0, 1.02]) * turn
    loss = law.predict(PUBLISHED, params=1e9, tokens=at, exponent_bits=4, mantissa_bits=3, block_elements=128)
    assert loss[1] < loss[0]
    assert loss[1] < loss[2]


@pytest.mark.parametrize(("tokens", "bits"), [(1e11, "4.27"), (1e12, "5.18"), (1e13, "6.28"), (1e14, "7.62")])
def test_best_bits_at_fixed_data(tokens: float, bits: str) -> None:
    assert_prints_as(best_bits(tokens=tokens, block_elements=128), bits)


@pytest.mark.parametrize(
    ("flops", "bits"), [(1e21, "4.19"), (1e24, "5.01"), (1e27, "5.98"), (1e30, "7.14"), (1e31, "7.58")]
)
def test_best_bits_of_a_budget(flops: float, bits: str) -> None:
    assert_prints_as(best_bits(flops=flops, block_elements=128), bits)


def loss_of_bits(params: float, tokens: float, bits: float) -> float:
    """The law at the best layout, fractions of a bit allowed."""
    delta, nu = PUBLISHED["delta"], PUBLISHED["nu"]
    exponent, mantissa = (share * bits / (delta + nu) - 0.5 for share in (delta, nu))
    law = laws.get("fp-training")
    columns = {"exponent_bits": exponent, "mantissa_bits": mantissa, "block_elements": 128.0}
    theta = [PUBLISHED[name] for name in law.parameter_names]
    return float(law.evaluate(theta, {"params": params, "tokens": tokens, **columns})[0])


@pytest.mark.parametrize("flops", [1e21, 1e25, 1e30])
def test_the_closed_forms_are_the_numeric_optimum(flops: float) -> None:
    def loss(x: np.ndarray) -> float:
        params, bits = np.exp(x)
        return loss_of_bits(params, flops / (FLOPS_PER_BIT * params * bits), bits)

    start = np.log([np.sqrt(flops / 100), 6.0])
    found = minimize(loss, start, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-14, "maxiter": 4000})
    params, bits = np.exp(found.x)
    assert float(best_bits(flops=flops, block_elements=128)) == pytest.approx(bits, abs=1e-3)
    assert float(best_bits(flops=flops, params=params, block_elements=128)) == pytest.approx(bits, abs=1e-3)
    tokens = flops / (FLOPS_PER_BIT * params * bits)
    assert float(best_bits(tokens=tokens, block_elements=128)) == pytest.approx(bits, abs=1e-3)


def test_the_effective_size_gives_the_same_loss() -> None:
    params, tokens, bits = 1e9, 1e12, 6.0
    smaller = float(effective_params(params, tokens, bits, block_elements=128))
    v = PUBLISHED
    plain = v["n"] / smaller ** v["alpha"] + v["d"] / tokens ** v["beta"] + v["epsilon"]
    assert loss_of_bits(params, tokens, bits) == pytest.approx(plain, rel=1e-12)


def test_draws_of_the_constants_give_draws_of_the_answer() -> None:
    draws = {name: value * np.array([0.99, 1.0, 1.01]) for name, value in PUBLISHED.items()}
    bits = best_bits(flops=1e24, block_elements=128, values=draws)
    assert bits.shape == (3,)
    assert_prints_as(bits[1], "5.01")


def test_a_scale_per_channel_counts_as_the_printed_logarithm() -> None:
    assert_prints_as(np.log2(CHANNEL_BLOCK), "13.1567")


def test_bad_questions_about_bits() -> None:
    with pytest.raises(InputError, match="Give one of these"):
        best_bits(params=1e9)
    with pytest.raises(InputError, match="more than 1"):
        best_bits(tokens=1e12, block_elements=1)
    with pytest.raises(InputError, match="at least 2 bits"):
        best_layout(1)
    with pytest.raises(InputError, match="no number E-1M3"):
        Layout(-1, 3)
    with pytest.raises(InputError, match=r"params of -1000000000\.0 has no answer"):
        critical_tokens(-1e9, Layout(2, 1))
    with pytest.raises(InputError, match=r"bits of 0\.0 has no answer"):
        effective_params(1e9, 1e11, 0)
    for given in ({"tokens": -1.0}, {"flops": 0.0}, {"flops": 1e21, "params": 0.0}):
        with pytest.raises(InputError, match="plain counts"):
            best_bits(**given)
    with pytest.raises(InputError, match="cannot be quantized"):
        critical_tokens_post(0.0, 4)
    with pytest.raises(InputError, match="factors above 0"):
        FormatSpeed(0.0, 2.0)


# ---- section 2: scaling laws for precision


def test_shares_of_the_parameters() -> None:
    for bits, share in ((4, ".191"), (8, ".828"), (16, ".994")):
        assert_prints_as(effective_share(bits, bits, bits), share)


def test_the_best_precision_is_seven_bits_with_the_offsets_and_half_of_it_without() -> None:
    assert_prints_as(best_training_bits(), "7.00")
    without = {**KUMAR, "n_w": 0.0, "n_a": 0.0, "n_kv": 0.0}
    assert_prints_as(best_training_bits(values=without), "3.47")


def test_the_shift_of_size_and_data_is_the_optimum_of_the_law() -> None:
    law, flops = laws.get("kumar-precision"), 1e20

    def best(bits: float) -> tuple[float, float]:
        product = flops / (FLOPS_PER_BIT * bits)
        names = ("weight_bits", "activation_bits", "kv_bits")
        theta = [KUMAR[name] for name in law.parameter_names]

        def loss(log_n: float) -> float:
            columns = {"params": np.exp(log_n), "tokens": product / np.exp(log_n), **dict.fromkeys(names, bits)}
            return float(law.evaluate(theta, columns)[0])

        found = minimize_scalar(loss, bounds=(np.log(1e6), np.log(1e12)), method="bounded", options={"xatol": 1e-10})
        return float(np.exp(found.x)), product / float(np.exp(found.x))

    (n_16, d_16), (n_8, d_8) = best(16), best(8)
    np.testing.assert_allclose(allocation_shift(8), [n_8 / n_16, d_8 / d_16], rtol=1e-4)


def test_weights_in_floating_point_have_their_own_constants() -> None:
    """Reference sheet, precision_and_cost.md 2: 140 runs, the same A, B, E and alpha."""
    law = laws.get("kumar-precision")
    found = law.published_set("kumar-2024-float-weights").values
    assert {name: found[name] for name in found if found[name] != KUMAR[name]} == {"gamma_w": 2.8111, "n_w": 0.124}
    bits = {"params": 1e8, "tokens": 1e10, "weight_bits": 4, "activation_bits": 16, "kv_bits": 16}
    assert law.predict(found, **bits) < law.predict(KUMAR, **bits)


def test_three_bits_for_activations_have_no_value() -> None:
    assert np.isnan(effective_share(8, 3, 8))
    assert effective_share(3, 4, 4) > 0


def test_two_shares_below_zero_do_not_make_one_above_it() -> None:
    # At 3 bits for activations and 2 for keys and values both factors are negative, and their product is not.
    law = laws.get("kumar-precision")
    theta = [KUMAR[name] for name in law.parameter_names]
    few = {"params": 1e8, "tokens": 1e10, "weight_bits": 8, "activation_bits": 3, "kv_bits": 2}
    assert np.isnan(law.evaluate(theta, few)).all()
    with pytest.warns(RangeWarning, match="kv_bits by 0.18 decades"):
        law.predict(KUMAR, **few)


def test_critical_data_after_training() -> None:
    assert_prints_as(critical_tokens_post(220e6, 4) / 1e11, "1.75")
    assert_prints_as(critical_tokens_post(8e9, 4) / 1e11, "6.0")


def test_critical_data_after_training_is_where_the_sum_of_both_laws_turns() -> None:
    damage, turn = laws.get("kumar-ptq"), float(critical_tokens_post(220e6, 4))
    at = np.array([0.95, 1.0, 1.05]) * turn
    loss = KUMAR["B"] / at ** KUMAR["alpha"] + damage.predict(
        damage.published_set().values, params=220e6, tokens=at, post_bits=4
    )
    assert loss[1] < loss[0]
    assert loss[1] < loss[2]


# ---- section 5: Quartet


@pytest.mark.parametrize(
    ("ratio", "computed", "printed"),
    [(25, "3.478", 3.49), (50, "3.379", 3.38), (100, "3.303", 3.29), (200, "3.245", 3.24), (400, "3.203", 3.20)],
)
def test_quartet_at_30_million_parameters(ratio: float, computed: str, printed: float) -> None:
    law = laws.get("quartet")
    values = law.published_set("quartet").values
    loss = law.predict(values, params=3e7, tokens=3e7 * ratio, low_forward=1, low_backward=1)
    assert_prints_as(loss, computed)
    assert abs(float(loss) - printed) < 0.0135


def test_two_efficiencies_say_little_about_a_weak_format() -> None:
    law = laws.get("quartet")
    loss = law.predict(law.published_set("luq-int4").values, params=3e7, tokens=7.5e8, low_forward=1, low_backward=1)
    assert_prints_as(loss, "3.913")  # the paper trained to 3.73


def test_efficiencies_of_two_formats_from_one_table() -> None:
    # The paper's second stage: the baseline's constants are kept, each format has its own efficiencies.
    law = laws.get("quartet").with_formula(
        "L = (A/(N*eff_N[format]^low_forward)^alpha + B/(D*eff_D[format]^low_backward)^beta)^gamma + E"
    )
    n, ratio = (x.ravel() for x in np.meshgrid([3e7, 5e7, 1e8, 2e8], [25.0, 50.0, 100.0, 200.0, 400.0]))
    plain = laws.get("quartet")
    rows: dict[str, list] = {
        "params": [],
        "tokens": [],
        "low_forward": [],
        "low_backward": [],
        "loss": [],
        "format": [],
    }
    for name in ("quartet", "rtn-absmax"):
        loss = plain.predict(
            plain.published_set(name).values, params=n, tokens=n * ratio, low_forward=1.0, low_backward=1.0
        )
        for key, column in (("params", n), ("tokens", n * ratio), ("loss", loss)):
            rows[key] += list(column)
        for key in ("low_forward", "low_backward"):
            rows[key] += [1.0] * len(n)
        rows["format"] += [name] * len(n)
    base = {k: v for k, v in plain.published_set("quartet").values.items() if not k.startswith("eff")}
    fit = fit_law(law, RunTable.from_columns(rows), objective="log-ls", fix=base)
    found = fit.parameters
    assert found["eff_N[format=quartet]"] == pytest.approx(0.65, rel=1e-6)
    assert found["eff_D[format=quartet]"] == pytest.approx(0.95, rel=1e-6)
    assert found["eff_N[format=rtn-absmax]"] == pytest.approx(0.59, rel=1e-6)
    assert found["eff_D[format=rtn-absmax]"] == pytest.approx(0.93, rel=1e-6)


def test_training_speeds_are_the_weighted_harmonic_means() -> None:
    assert FP4_SPEEDS["fp4-fp8"].training == pytest.approx(1.2)
    assert FP4_SPEEDS["fp8-fp4"].training == pytest.approx(1.5)
    assert FP4_SPEEDS["fp4-fp4"].training == pytest.approx(2.0)
    values = laws.get("quartet").published_set("quartet").values
    plain = laws.get("quartet").predict(values, params=6e7, tokens=3e9, low_forward=1, low_backward=1)
    assert loss_at_equal_time(3e7, 3e9, FP4_SPEEDS["fp4-fp4"], values) == pytest.approx(plain)


# ---- section 3: quantization-aware training


def qat_error(bits: str, **columns: float) -> np.ndarray:
    law = laws.get("qat-error")
    return law.predict(law.published_set(f"chen-2025-{bits}").values, **columns)


def test_eight_bits_for_the_second_feed_forward_input() -> None:
    # The paper observed cuts of 20.5 % and 42.9 %; the law itself gives these, at 595M and 100B tokens.
    for group, cut in ((32, "22.9"), (256, "37.3")):
        at = {"params": 595e6, "tokens": 1e11, "group_size": group}
        assert_prints_as(100 * (1 - qat_error("w4a4-fc2-8bit", **at) / qat_error("w4a4", **at)), cut)


def test_doubtful_cells_of_the_table_are_noted() -> None:
    # Section 3: two cells of gamma_G were placed by position, and the text disagrees with two others.
    notes = {p.name.removeprefix("chen-2025-"): p.note for p in laws.get("qat-error").published}
    assert {bits for bits, note in notes.items() if "placed by position" in note} == {"w4a4-fc2-8bit", "w16a4-fc2-8bit"}
    assert {bits for bits, note in notes.items() if "last digits" in note} == {"w16a4", "w16a4-fc2-8bit"}


def test_the_joint_error_is_about_nine_tenths_of_the_sum() -> None:
    grid = np.meshgrid([74e6, 145e6, 297e6, 595e6], [1e10, 2e10, 5e10, 1e11], [32, 64, 128, 256])
    at = dict(zip(("params", "tokens", "group_size"), (x.ravel() for x in grid), strict=True))
    joint, apart = qat_error("w4a4", **at), qat_error("w4a16", **at) + qat_error("w16a4", **at)
    assert_prints_as((joint @ apart) / (apart @ apart), str(SPLIT_FACTOR))


def test_the_loss_law_is_the_base_and_the_error() -> None:
    law = laws.get("qat-loss")
    values = law.published_set("chen-2025-w4a4").values
    at = {"params": 595e6, "tokens": 1e11, "group_size": 128}
    base = 1.9279 + 237.7042 / 595e6**0.3022 + 596.2490 / 1e11**0.3022
    assert law.predict(values, **at) == pytest.approx(base + qat_error("w4a4", **at), rel=1e-12)
    share = float(qat_share(595e6, 1e11, 128, values))
    assert 0.5 < share < 1
    same = 1.9279 + 237.7042 / (share * 595e6) ** 0.3022 + 596.2490 / 1e11**0.3022
    assert law.predict(values, **at) == pytest.approx(same, rel=1e-12)


# ---- section 4: compute-optimal quantization-aware training


@pytest.mark.parametrize(
    ("params", "tokens", "bits", "share"),
    [(396e6, 1e11, 2, ".378"), (396e6, 1e11, 4, ".339"), (396e6, 1e11, 6, ".315"), (8e9, 1.5e13, 4, ".441")],
)
def test_the_best_share_of_quantized_tokens(params: float, tokens: float, bits: float, share: str) -> None:
    split = split_tokens(params, tokens, bits)
    assert_prints_as(split.fraction, share)
    assert split.full_precision + split.quantized == pytest.approx(tokens)
    law = laws.get("qat-fraction")
    predicted = law.predict(law.published_set().values, params=params, tokens=tokens, weight_bits=bits)
    assert split.fraction == pytest.approx(float(predicted))


def test_tokens_per_byte() -> None:
    assert_prints_as(split_tokens(396e6, 1e11, 2).tokens_per_byte, "1010")
    with pytest.raises(InputError, match="only known above 1"):
        split_tokens(1e9, 1e8, 4)


@pytest.mark.parametrize(("params", "tokens", "bits"), [(-1e9, -1e12, 4), (1e9, 1e12, 0), (0.0, 1e12, 4)])
def test_a_split_of_what_cannot_be_is_refused(params: float, tokens: float, bits: float) -> None:
    with pytest.raises(InputError, match="Give positive numbers"):
        split_tokens(params, tokens, bits)


def test_quantizing_to_as_many_bits_or_more_does_no_damage() -> None:
    # Section 2: the damage is 0 at equal bits; without the kink it would be a gain beyond them.
    law, damage = laws.get("kumar-unified"), laws.get("kumar-ptq").published_set().values
    values = {**{name: KUMAR[name] for name in ("A", "alpha", "B", "E", "n_w", "gamma_w")}, **damage, "C_w": 0.5}
    at = {"params": 1e8, "tokens": 1e10, "weight_bits": 4.0}
    fewer, equal, more = (float(law.predict(values, post_bits=bits, **at)) for bits in (3.0, 4.0, 8.0))
    assert fewer > equal == more


# ---- the ranges that the sheet's sections state


@pytest.mark.parametrize(
    ("name", "inside", "word", "decades"),
    [
        ("fp-training", {"exponent_bits": 0, "mantissa_bits": 7, "block_elements": CHANNEL_BLOCK}, "", 0.0),
        ("fp-training", {"exponent_bits": 8, "mantissa_bits": 7}, "exponent_bits", np.log10(8 / 6)),
        ("kumar-ptq", {"params": 1.7e9}, "params", np.log10(1.7e9 / 2.2e8)),
        ("kumar-unified", {"weight_bits": 16, "post_bits": 2}, "post_bits", np.log10(1.5)),
        ("quartet", {"low_forward": [0, 1], "low_backward": 1}, "", 0.0),
        ("qat-error", {"group_size": 4096}, "", 0.0),
        ("qat-loss", {"group_size": 16}, "group_size", np.log10(2)),
    ],
)
def test_ranges_of_bits_and_blocks(name: str, inside: dict[str, Any], word: str, decades: float) -> None:
    far = {w: d for w, d in laws.get(name).distance(inside).items() if d > 0}
    assert far == ({word: pytest.approx(decades)} if word else {})
