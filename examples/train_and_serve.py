"""Which size is cheapest to train and then to serve 1e13 tokens, at the quality of an optimal 13B model?"""

from isoflop import laws
from isoflop.plan.cost import cost
from isoflop.plan.hardware import device
from isoflop.plan.serving import Workload
from isoflop.plan.staffing import Site

law = laws.get("chinchilla")
c = law.published_set("epoch-2024").values
wanted = float(law.predict(c, params=13e9, tokens=2.6e11))

# Every request reads 1000 tokens and gets 500 back, each within 30 ms, from weights and caches in 8 bits.
work = Workload(1000, 500, token_seconds=0.03, weight_bits=8, kv_bits=8, prefill_share=0.5, decode_share=0.6)
site = Site(device("H100"), mfu=0.4)

print(f"loss {wanted:.3f}; training, serving, and both in millions of dollars")
totals, ratios = {}, {}
for params in (3e9, 4e9, 5e9, 7e9, 9e9, 13e9, 20e9):
    # The tokens at which this size reaches the loss: L = E + A/N^alpha + B/D^beta solved for D.
    tokens = (c["B"] / (wanted - c["E"] - c["A"] / params ** c["alpha"])) ** (1 / c["beta"])
    found = cost(params, tokens, site=site, by="6nd", serve_tokens="1e13 tokens", work=work)
    parts = (found.training.money, found.serving_bill.money, found.money)
    totals[params], ratios[params] = found.money.value, tokens / params
    row = "  ".join(f"{part.value / 1e6:6.3f}" for part in parts)
    print(f"{params / 1e9:4.0f}B on {tokens / 1e12:5.2f}T tokens  {row}")

best = min(totals, key=totals.get)
saved = 1 - totals[best] / totals[13e9]
print(f"cheapest of these: {best / 1e9:.0f}B, {saved:.0%} below 13B")
# Sardana et al. 2024: laws fitted at usual ratios promise too much of further tokens.
print(f"it sees {ratios[best]:.0f} tokens per parameter; check that the runs behind your own law do too")
