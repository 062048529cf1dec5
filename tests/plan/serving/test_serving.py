"""Serving by roofline, equivalent FLOPs, idealized times, speculative decoding."""

import numpy as np
import pytest

from isoflop.errors import InputError
from isoflop.plan.costs.hardware import device
from isoflop.plan.costs.shapes import Experts, ModelShape
from isoflop.plan.serving.eflops import eflops
from isoflop.plan.serving.idealized import fit_inference_time, inference_times
from isoflop.plan.serving.multi_draft import best_acceptance, sequential_acceptance
from isoflop.plan.serving.roofline import FULL, Workload, serve, weights_read
from isoflop.plan.serving.speculative import (
    StepTime,
    best_draft,
    best_goodput,
    goodput,
    speed_up,
    stop_drafting,
    tokens_per_round,
)
from isoflop.plan.serving.token_cost import Load, cheapest_token, token_cost

LLAMA = ModelShape(4096, 32, 32, 8, 128, 14336, 128256, 8192)
H100 = device("H100")


def test_one_request_waits_for_the_weights():
    one = serve(LLAMA, H100, Workload(1, 1, batch=1), devices=1)
    read = LLAMA.params - 128256 * 4096
    assert one.decode_seconds == pytest.approx((2 * read + 131072) / 3.35e12)
    assert (one.decode_bound, one.devices) == ("memory", 1)


def test_a_long_prompt_waits_for_the_products():
    one = serve(LLAMA, H100, Workload(8000, 1, batch=1), devices=1)
    flops = 8000 * (2 * LLAMA.linear_params + 4 * 32 * 4096 * 4000)
    assert one.prefill_seconds == pytest.approx(flops / 989e12)
    assert one.prefill_bound == "compute"


def test_decoding_is_averaged_over_the_answer():
    one = serve(LLAMA, H100, Workload(1000, 4001, batch=16), devices=1)
    read = LLAMA.params - 128256 * 4096
    cache = 16 * 131072 * (1000 + 2000)
    assert one.decode_seconds == pytest.approx((2 * read + cache) / 3.35e12)


def test_weights_and_caches_fill_the_memory_and_no_more():
    one = serve(LLAMA, H100, Workload(1000, 1000), devices=1)
    each = 2000 * 131072
    assert one.batch == one.most == int((FULL * 80e9 - 2 * LLAMA.params) // each)
    with pytest.raises(InputError, match=f"so {one.most} requests fit"):
        serve(LLAMA, H100, Workload(1000, 1000, batch=one.most + 1), devices=1)


def test_fewer_bits_are_faster_and_hold_more():
    full = serve(LLAMA, H100, Workload(1000, 1000), devices=1)
    quarter = serve(LLAMA, H100, Workload(1000, 1000, weight_bits=4, kv_bits=4), devices=1)
    assert quarter.weights == full.weights / 4
    assert quarter.kv_per_token == full.kv_per_token / 4
    assert quarter.most > 4 * full.most
    assert quarter.device_seconds < full.device_seconds
    assert quarter.price_per_million(3.0) == pytest.approx(3 * quarter.device_seconds / 3600 / 1000 * 1e6)


def test_a_limit_on_the_time_of_a_token_shrinks_the_batch():
    free = serve(LLAMA, H100, Workload(1000, 1000), devices=1)
    quick = serve(LLAMA, H100, Workload(1000, 1000, token_seconds=0.01), devices=1)
    assert quick.batch < free.batch
    assert quick.decode_seconds <= 0.01 < free.decode_seconds
    bigger = serve(LLAMA, H100, Workload(1000, 1000, batch=quick.batch + 1), devices=1)
    assert bigger.decode_seconds > 0.01
    with pytest.raises(InputError, match="longer than the 1 ms asked for"):
        serve(LLAMA, H100, Workload(1000, 1000, token_seconds=0.001), devices=1)


def test_the_group_is_the_cheapest_up_to_a_node():
    chosen = serve(LLAMA, H100, Workload(1000, 1000))
    each = [serve(LLAMA, H100, Workload(1000, 1000), devices=n).device_seconds for n in (1, 2, 4, 8)]
    assert chosen.device_seconds == min(each)


def test_a_cached_prompt_is_not_read_again():
    fresh = serve(LLAMA, H100, Workload(4000, 100, batch=1), devices=1)
    half = serve(LLAMA, H100, Workload(4000, 100, batch=1, cached=0.5), devices=1)
    assert half.prefill_seconds < 0.6 * fresh.prefill_seconds
    assert half.decode_seconds == fresh.decode_seconds


def test_experts_are_read_as_the_batch_touches_them():
    shape = ModelShape(4096, 32, 32, 8, 128, 14336, 32000, 4096, experts=Experts(8, 2, 14336))
    reads = [weights_read(shape, b) for b in (1, 2, 8, 1000)]
    assert reads == sorted(reads)
    assert reads[0] == pytest.approx(shape.active_params - 32000 * 4096)
    assert reads[-1] == pytest.approx(shape.params - 32000 * 4096)


@pytest.mark.parametrize(
    ("work", "said"),
    [
        ({"output": 0}, "cannot be served"), ({"batch": 0}, "serves nobody"), ({"kv_bits": 0}, "are no format"),
        ({"decode_share": 1.5}, "decode_share is 1.5"), ({"cached": 1.0}, "cached = 1.0"),
    ],
)  # fmt: skip
def test_impossible_work_is_refused(work, said):
    with pytest.raises(InputError, match=said):
        Workload(**{"prompt": 100, "output": 100} | work)


@pytest.mark.parametrize(("prompt", "budget"), [(100, 50), (100, 400), (100, 100), (100, 5000)])
def test_a_budget_of_attention_reads_what_step_by_step_counting_gives(prompt, budget):
    length = 1000
    steps = sum(min(budget, prompt + t + 0.5) for t in range(length))
    found = eflops(LLAMA, prompt, length, params=0, budget=budget, trials=3, intensity=1)
    assert float(found.compute) == pytest.approx(3 * 4 * steps * 32 * 4096, rel=1e-3)
    assert float(found.memory) == pytest.approx(3 * 4 * steps * 32 * 1024, rel=1e-3)


def test_trials_share_the_prompt_s_cache():
    one, four = (eflops(LLAMA, 1000, 10, trials=n, params=0) for n in (1, 4))
    assert four.compute == 4 * one.compute
    assert one.memory < four.memory < 1.1 * one.memory
    with pytest.raises(InputError, match="needs a budget"):
        eflops(LLAMA, 1000, 10, block=64)


def test_blocks_add_their_search():
    plain, block = (eflops(LLAMA, 640, [1280], budget=256, block=b, intensity=1) for b in (None, 64))
    h, k = 32 * 4096, 32 * 1024
    assert block.compute - plain.compute == pytest.approx((2 * 640 + 1280) // 64 * 1280 * h)
    assert block.memory - plain.memory == pytest.approx((2 * 640 + 1280) // 64 * 1280 * k)


def test_the_token_s_cost_takes_the_slower_of_products_and_cache():
    cheap = token_cost(Load(0.0, 1e12, 0.0, 0.0), H100)
    assert cheap.attention == pytest.approx(1e12 * 2.95 / 3600 / 1979e12)
    dear = token_cost(Load(1e12, 1e12, 0.0, 0.0), H100)
    assert dear.attention == pytest.approx(1e12 * 2.95 / 3600 / 3.35e12)
    with pytest.raises(InputError, match="has no price"):
        token_cost(Load(1.0, 1.0, 1.0, 1.0), device("B200"))
    with pytest.raises(InputError, match="no device to choose from"):
        cheapest_token(Load(1.0, 1.0, 1.0, 1.0), [])


def test_an_inference_time_is_found_again_from_its_requests():
    truth = inference_times()["J1-jumbo"]
    prompt, output = (x.ravel() for x in np.meshgrid(truth.prompts, [1, 16, 64, 256]))
    exact = truth.seconds(prompt, output)
    found = fit_inference_time(prompt, output, exact)
    assert (found.each, found.first) == (pytest.approx(truth.each), pytest.approx(truth.first))
    noise = np.random.default_rng(0).exponential(0.5, (50, len(exact)))
    noise[7] = 0.0
    many = [np.tile(x, 50) for x in (prompt, output)]
    denoised = fit_inference_time(*many, (exact + noise).ravel(), remove_noise=True)
    assert denoised.each == pytest.approx(truth.each)


@pytest.mark.parametrize(
    ("prompt", "output", "said"),
    [([1, 1], [2, 3], "have no answer of one token"), ([1, 2], [1, 1], "no answer is longer")],
)
def test_requests_that_tell_no_time_per_token_are_refused(prompt, output, said):
    with pytest.raises(InputError, match=said):
        fit_inference_time(prompt, output, [1.0, 2.0])


def test_prompts_outside_the_measured_ones_are_refused():
    with pytest.raises(InputError, match="1 to 1536 were"):
        inference_times()["davinci"].seconds(4000, 1)


def test_drafting_pays_only_when_tokens_are_accepted_more_often_than_they_cost():
    assert best_draft(0.3, 0.35) == (0, 1.0)
    assert best_draft(0.4, 0.35)[0] > 0
    assert float(tokens_per_round(1.0, 4)) == 5
    assert float(speed_up(0.0, 3, 0.1)) == pytest.approx(1 / 1.3)


def test_speculative_rounds_by_simulation():
    rng = np.random.default_rng(0)
    accepted = rng.random((200_000, 5)) < 0.8
    tokens = 1 + np.cumprod(accepted, axis=1).sum(axis=1)
    assert tokens.mean() == pytest.approx(float(tokens_per_round(0.8, 5)), abs=4 * tokens.std() / np.sqrt(200_000))


def test_under_load_the_best_draft_shrinks_though_acceptance_stays():
    target, draft = StepTime(2e-8, 2e-4, 0.02), StepTime(2e-9, 2e-5, 0.001)
    best = [best_goodput([0.6] * batch, [1000] * batch, target, draft)[0] for batch in (1, 8, 64, 512)]
    assert best == sorted(best, reverse=True)
    assert best[0] > 0 == best[-1]
    plain = goodput([0.6] * 8, 0, 1000, target, draft)
    assert plain == pytest.approx(8 / float(target.seconds(8000, 8)))


def test_drafting_stops_at_the_threshold():
    assert stop_drafting([0.9] * 20, discard=1.0, call=1.0) == 7
    assert stop_drafting([1.0] * 20, discard=1.0, call=1.0) == 20
    with pytest.raises(InputError, match="Chances must lie between 0 and 1"):
        stop_drafting([1.2], discard=1.0, call=1.0)


@pytest.mark.parametrize("drafts", [1, 2, 3])
def test_the_best_acceptance_is_the_transport_s(drafts):
    from scipy.optimize import linprog

    rng = np.random.default_rng(drafts)
    p, q = rng.dirichlet(np.ones(4)), rng.dirichlet(np.ones(4))
    tuples = np.stack(np.meshgrid(*[np.arange(4)] * drafts, indexing="ij"), -1).reshape(-1, drafts)
    chance = np.prod(q[tuples], axis=1)
    pairs = [(t, x) for t in range(len(tuples)) for x in set(tuples[t].tolist())]
    rows = np.zeros((len(tuples) + 4, len(pairs)))
    for column, (t, x) in enumerate(pairs):
        rows[t, column] = rows[len(tuples) + x, column] = 1
    solved = linprog(-np.ones(len(pairs)), A_ub=rows, b_ub=[*chance, *p])
    best = best_acceptance(p, q, drafts)
    assert best == pytest.approx(-solved.fun, abs=1e-9)
    assert (1 - 1 / np.e) * best <= sequential_acceptance(p, q, drafts)[0] <= best + 1e-9


@pytest.mark.parametrize(
    ("p", "q", "k", "said"),
    [
        ([0.5, 0.6], [0.5, 0.5], 1, "add up to 1.1"),
        ([1.0], [0.5, 0.5], 1, "same tokens"),
        ([1.0], [1.0], 0, "0 drafts"),
    ],
)
def test_what_is_no_distribution_is_refused(p, q, k, said):
    with pytest.raises(InputError, match=said):
        best_acceptance(p, q, k)


def test_goodput_divides_by_drafting_and_checking():
    """Four requests, three drafts each: (1 - .6^4)/.4 tokens a request in 3 (.001 + 4e-5) + .02 + .0032 seconds."""
    target, draft = StepTime(0.0, 2e-4, 0.02), StepTime(0.0, 1e-5, 0.001)
    tokens = 4 * (1 - 0.6**4) / 0.4
    seconds = 3 * (0.001 + 4 * 1e-5) + 0.02 + 16 * 2e-4
    assert goodput([0.6] * 4, 3, 1000, target, draft) == pytest.approx(tokens / seconds)
