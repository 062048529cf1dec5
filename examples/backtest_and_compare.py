"""How wrong would the law have been on my largest runs, and is another law better?"""

import isoflop as iso

runs = iso.embedded("ladder")

found = iso.backtest("chinchilla", runs, by="flops", hold_out=3, seed=0)
for split in found.splits:
    print(
        f"{len(split.train_rows)} runs predict {len(split.test_rows)}, {split.distance_decades:.2f} decades on: "
        f"|error| {split.mean_abs_rel_error:.2%}, error {split.mean_signed_rel_error:+.2%}"
    )
print(
    f"{found.coverage:.0%} of them inside their 90 % intervals: forecasts need {found.inflation:.2f} times wider ones"
)

laws = iso.compare(["chinchilla", "skaling", "kaplan-tokens"], runs, seed=0)
for entry in laws.entries:
    print(f"{entry.label:<14} {entry.parameters} parameters, |error| {entry.backtest.mean_abs_rel_error:.2%}")
print(f"verdict: {laws.verdict}; {laws.reason}")
