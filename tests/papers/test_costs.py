"""Costs against print: Hoffmann 2022 A4, ZeRO, ZeRO-Infinity, Kinetics, Step-3, Sardana, speculative decoding."""

import pytest
from tests.papers.support import assert_prints_as

from isoflop.plan.costs.flops import convention
from isoflop.plan.costs.hardware import device
from isoflop.plan.costs.lifetime import lifetime_flops
from isoflop.plan.costs.memory import offload_efficiency, zero_states
from isoflop.plan.costs.shapes import Experts, LatentAttention, ModelShape
from isoflop.plan.serving.eflops import eflops
from isoflop.plan.serving.idealized import inference_times
from isoflop.plan.serving.multi_draft import best_acceptance, sequential_acceptance
from isoflop.plan.serving.roofline import kv_bytes
from isoflop.plan.serving.speculative import best_draft, speed_up, tokens_per_round
from isoflop.plan.serving.token_cost import Load, cheapest_token, decode_load, least_density, token_cost

QWEN3 = {
    "0.752": ModelShape(1024, 28, 16, 8, 128, 3072, 151936, 40960),
    "2.03": ModelShape(2048, 28, 16, 8, 128, 6144, 151936, 40960),
    "4.02": ModelShape(2560, 36, 32, 8, 128, 9728, 151936, 40960, tied=True),
    "8.19": ModelShape(4096, 36, 32, 8, 128, 12288, 151936, 40960),
    "14.77": ModelShape(5120, 40, 40, 8, 128, 17408, 151936, 40960),
    "32.76": ModelShape(5120, 64, 64, 8, 128, 25600, 151936, 40960),
}
DEEPSEEK = ModelShape(
    7168, 61, 128, 128, 128, 18432, 129280, 4096,
    experts=Experts(256, 8, 2048, shared=2048, dense_layers=3), latent=LatentAttention(512, 64, 1536, 128, 128),
)  # fmt: skip
QWEN3_MOE = ModelShape(4096, 94, 64, 4, 128, 12288, 151936, 40960, experts=Experts(128, 8, 1536))
KIMI = ModelShape(
    7168, 61, 64, 64, 128, 18432, 163840, 4096,
    experts=Experts(384, 8, 2048, shared=2048, dense_layers=1), latent=LatentAttention(512, 64, 1536, 128, 128),
)  # fmt: skip
# StepFun 2025, table 6: what a token asks for at 8K.
LOADS = {
    "DeepSeek-V3": Load(2.88e8, 1.47e11, 2.28e10, 4.84e10),
    "Kimi K2": Load(2.88e8, 7.37e10, 1.23e10, 4.84e10),
    "Qwen3-MoE": Load(7.89e8, 2.52e10, 1.34e10, 2.84e10),
    "Qwen3-32B": Load(1.07e9, 1.72e10, 1.21e10, 5.03e10),
    "Step-3": Load(2.56e8, 3.27e10, 2.07e10, 5.33e10),
}
STEP3_DEVICES = ("H800", "H20", "A800", "Ascend 910B")


@pytest.mark.parametrize(
    ("printed", "width", "layers", "ffn", "heads", "head_dim", "size"),
    [
        (1.03, 640, 10, 2560, 10, 64, 73.7e6), (1.10, 1024, 20, 4096, 16, 64, 305.4e6),
        (1.08, 1280, 24, 5120, 10, 128, 552.1e6), (1.04, 1792, 26, 7168, 14, 128, 1.143e9),
        (1.03, 2048, 28, 8192, 16, 128, 1.592e9), (0.99, 3584, 40, 14336, 28, 128, 6.794e9),
    ],
)  # fmt: skip
def test_chinchilla_table_a4_is_the_layer_body(printed, width, layers, ffn, heads, head_dim, size):
    """Table A4 leaves embedding and logits out, which appendix F counts; N = 13 L d² + 32000 d (sheet E31)."""
    params = 13 * layers * width**2 + 32000 * width
    assert params == pytest.approx(size, rel=6e-4)
    shape = ModelShape(width, layers, heads, heads, head_dim, ffn, 32000, 2048, gated=False, tied=True)
    assert convention("chinchilla-body").per_token(shape) / (6 * params) == pytest.approx(printed, abs=0.0055)


def test_chinchilla_appendix_f_as_stated_disagrees_with_its_table():
    """The full formula gives 1.58 for the smallest and 1.03 for the largest model; the table has 1.03 and 0.99."""
    small = ModelShape(640, 10, 10, 10, 64, 2560, 32000, 2048, gated=False, tied=True)
    large = ModelShape(3584, 40, 28, 28, 128, 14336, 32000, 2048, gated=False, tied=True)
    ratios = [
        convention("chinchilla").per_token(shape) / 6 / (13 * shape.layers * shape.width**2 + 32000 * shape.width)
        for shape in (small, large)
    ]
    assert ratios == pytest.approx([1.58, 1.03], abs=0.005)


@pytest.mark.parametrize("billions", QWEN3)
def test_qwen3_sizes_follow_from_their_shapes(billions):
    """Kinetics counts the small tied models with both matrices (sheet of test-time compute, 6)."""
    assert_prints_as(QWEN3[billions].params / 1e9, billions)


@pytest.mark.parametrize(("stage", "gigabytes"), [(0, "120"), (1, "31.4"), (2, "16.6"), (3, "1.9")])
def test_zero_figure_1(stage, gigabytes):
    assert_prints_as(zero_states(7.5e9, stage=stage, data_parallel=64).total / 1e9, gigabytes)


@pytest.mark.parametrize(
    ("intensity", "bandwidth", "printed"),
    [(1024, 70e9, ".506"), (2048, 70e9, ".672"), (2048 / 4, 1.5e12, ".916")],
)
def test_zero_infinity_efficiency(intensity, bandwidth, printed):
    assert_prints_as(offload_efficiency(intensity, bandwidth), printed)


@pytest.mark.parametrize(
    ("prompt", "output", "trials", "compute", "total"),
    [
        (200, 8192, 1, "154.94", "3073.98"), (200, 32768, 1, "857.26", "45931.1"),
        (200, 8192, 32, "4958.16", "94154.5"), (128, 32768, 1, "856", None),
    ],
)  # fmt: skip
def test_kinetics_of_qwen3_8b(prompt, output, trials, compute, total):
    found = eflops(QWEN3["8.19"], prompt, output, trials=trials, params=8.19e9)
    assert_prints_as(float(found.compute) / 1e12, compute)
    if total is None:
        assert_prints_as(float(found.memory) / 1e12, "44878")
    else:
        assert_prints_as(float(found.total) / 1e12, total)


@pytest.mark.parametrize(
    ("shape", "row"),
    [(DEEPSEEK, "DeepSeek-V3"), (KIMI, "Kimi K2"), (QWEN3_MOE, "Qwen3-MoE"), (QWEN3["32.76"], "Qwen3-32B")],
    ids=lambda item: item if isinstance(item, str) else "",
)
def test_step_3_loads_follow_from_shapes(shape, row):
    found, printed = decode_load(shape, 8192), LOADS[row]
    for name in ("kv_bytes", "attention", "linear", "ffn"):
        assert getattr(found, name) == pytest.approx(getattr(printed, name), rel=0.005), name


@pytest.mark.parametrize(
    ("model", "short", "long"),
    [("Step-3", ".055", ".129"), ("DeepSeek-V3", ".068", ".211"), ("Qwen3-MoE", ".062", ".193")],
)
def test_step_3_cheapest_dollars_per_million_tokens(model, short, long):
    devices, load = [device(name) for name in STEP3_DEVICES], LOADS[model]
    longer = Load(4 * load.kv_bytes, 4 * load.attention, load.linear, load.ffn)
    assert_prints_as(1e6 * cheapest_token(load, devices).total, short)
    assert_prints_as(1e6 * cheapest_token(longer, devices).total, long)


def test_deepseek_v3_costs_step_3_s_headline_on_one_kind_of_device():
    assert_prints_as(1e6 * token_cost(LOADS["DeepSeek-V3"], device("H800")).total, ".068")


@pytest.mark.parametrize(
    ("name", "roofline", "flop", "byte"),
    [
        ("H800", "591", "2.81e-19", "1.66e-16"), ("H20", "74", "7.51e-19", "5.56e-17"),
        ("A800", "156", "6.68e-19", "1.04e-16"), ("Ascend 910B", "175", "6.65e-19", "1.16e-16"),
    ],
)  # fmt: skip
def test_step_3_table_of_devices(name, roofline, flop, byte):
    """The sheet has 2.80e-19 for the H800: 2/3600/1.98e15 is 2.806e-19, cut off there, not rounded."""
    item = device(name)
    peak = item.dense.get("fp8", item.dense["bf16"])
    assert_prints_as(peak / item.bandwidth, roofline)
    assert_prints_as(item.price / 3600 / peak, flop)
    assert_prints_as(item.price / 3600 / item.bandwidth, byte)


@pytest.mark.parametrize(
    ("name", "network", "printed"),
    [("H800", 400e9, ".058"), ("H20", 400e9, ".007"), ("A800", 200e9, ".031"), ("Ascend 910B", 200e9, ".034")],
)
def test_step_3_sparsest_experts(name, network, printed):
    assert_prints_as(least_density(7168, 61, device(name), network), printed)


def test_cache_of_llama_3():
    assert kv_bytes(ModelShape(4096, 32, 32, 8, 128, 14336, 128256, 8192)) == 131_072
    assert kv_bytes(ModelShape(8192, 80, 64, 8, 128, 28672, 128256, 8192)) == 327_680
    assert kv_bytes(DEEPSEEK, 8) == 61 * 576


def test_sardana_s_13b_case():
    """Base cost, and what the optimum saves: 1.692e22 FLOPs, 17.45 % (training sheet, A11)."""
    base, best = lifetime_flops(13e9, 5.765e11, 2e12), lifetime_flops(6.969e9, 1.248e12, 2e12)
    assert_prints_as(base, "9.697e22")
    # N* and D* are printed with four digits, which the saving, a difference, does not keep.
    assert base - best == pytest.approx(1.692e22, rel=0.005)
    assert 1 - best / base == pytest.approx(0.1745, abs=0.0005)


@pytest.mark.parametrize(
    ("alpha", "drafted", "cost", "tokens", "faster"),
    [(0.8, 5, 0.05, "3.68928", "2.951424"), (0.6, 4, 0.1, "2.3056", "1.646857")],
)
def test_leviathan(alpha, drafted, cost, tokens, faster):
    assert_prints_as(tokens_per_round(alpha, drafted), tokens)
    assert_prints_as(speed_up(alpha, drafted, cost), faster)


def test_leviathan_s_best_draft():
    drafted, faster = best_draft(0.8, 0.05)
    assert drafted == 8
    assert_prints_as(faster, "3.092080")


@pytest.mark.parametrize(
    ("drafts", "best", "sequential", "rho"),
    [
        (1, ".7", ".7", None),
        (2, ".86", ".79136", "1.4568"),
        (3, ".988", ".85852", "1.7926"),
        (4, "1.0", ".90601", "2.0300"),
    ],
)
def test_multi_draft_acceptance(drafts, best, sequential, rho):
    p, q = [0.5, 0.3, 0.2], [0.2, 0.3, 0.5]
    assert_prints_as(best_acceptance(p, q, drafts), best)
    reached, at = sequential_acceptance(p, q, drafts)
    assert_prints_as(reached, sequential)
    if rho is not None:
        assert_prints_as(at, rho)


@pytest.mark.parametrize(
    ("model", "prompt", "output", "seconds"),
    [("davinci", 512, 1, 0.178), ("BLOOM", 1024, 101, 0.347 + 6.1), ("TNLG-530B", 768, 11, (0.490 + 0.951) / 2 + 1.23)],
)
def test_idealized_times(model, prompt, output, seconds):
    assert float(inference_times()[model].seconds(prompt, output)) == pytest.approx(seconds, rel=1e-12)
