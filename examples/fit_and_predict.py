"""What will a model lose that is larger than any I have trained, and may I believe it?"""

import isoflop as iso

runs = iso.embedded("ladder")
fit = iso.fit("chinchilla", runs, seed=0)
print(fit.certificate)

# Twice the largest model, four times the longest training.
params, tokens = 2 * runs.column("params").max(), 4 * runs.column("tokens").max()
forecast = fit.predict(params=params, tokens=tokens)
low, high = forecast.interval
print(f"{params:.3g} parameters, {tokens:.3g} tokens: {forecast.value:.3f}, 90 % between {low:.3f} and {high:.3f}")
print(f"{forecast.distance_decades['flops']:.1f} decades of compute beyond the runs")
for sentence in forecast.leaves_out:
    print("not in the interval:", sentence)
