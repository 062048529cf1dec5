"""How often intervals from samples hold the truth: forecasts of coverage, and areas under risk–coverage curves.

Forecasts: problems with rates from a known distribution, some samples of each, forecast to 100 times as many; the truth
is the coverage of these very problems. Two designs break the distribution that is fitted. Areas: confidences that
know something of the chance to be right. Nominal 95 %.
Run: python -m experiments.sample_coverage [simulations]
It writes docs/results/sample_coverage.json.
"""

import json
import os
import platform
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from pathlib import Path

import numpy as np

from isoflop.testtime.forecasts.forecast import METHODS, forecast
from isoflop.testtime.selection.risk import risk_coverage

LEVEL = 0.95
TIMES = np.array([1.0, 10.0, 100.0])
NIL = 5e-4
"""A twentieth of a point of percent is no miss."""
RESULT = Path(__file__).parent.parent / "docs" / "results" / "sample_coverage.json"

Rates = Callable[[np.random.Generator, int], np.ndarray]


def beta(a: float, b: float, scale: float = 1.0) -> Rates:
    """Rates up to a scale."""
    return lambda rng, count: scale * rng.beta(a, b, count)


def with_impossible(share: float, a: float, b: float) -> Rates:
    """Some problems that no number of samples solves."""
    return lambda rng, count: np.where(rng.random(count) < share, 0.0, rng.beta(a, b, count))


def log_odds(mean: float, spread: float) -> Rates:
    """Normal log-odds: no mass of nearly impossible problems."""
    return lambda rng, count: 1 / (1 + np.exp(-(mean + spread * rng.standard_normal(count))))


DESIGNS: dict[str, tuple[Rates, int, int]] = {
    "Beta(.3, 1.5), 60 problems x 50": (beta(0.3, 1.5), 60, 50),
    "Beta(.3, 2), 120 problems x 64": (beta(0.3, 2), 120, 64),
    "Beta(.6, .4), 120 problems x 64": (beta(0.6, 0.4), 120, 64),
    ".23 Beta(.25, 1.8), 128 problems x 100": (beta(0.25, 1.8, 0.23), 128, 100),
}
BROKEN: dict[str, tuple[Rates, int, int]] = {
    "a fifth impossible, Beta(.4, 1.5), 120 x 64": (with_impossible(0.2, 0.4, 1.5), 120, 64),
    "normal log-odds (-3, 2), 120 x 64": (log_odds(-3, 2), 120, 64),
}


def forecasts_hold(design: str, seeds: range, *, draws: int = 100) -> dict[str, list[float]]:
    """Share of forecasts that hold the problems' own coverage, by method and times the samples at hand."""
    rates, problems, n = (DESIGNS | BROKEN)[design]
    held: dict[str, list[np.ndarray]] = {name: [] for name in METHODS}
    for seed in seeds:
        rng = np.random.default_rng([seed, 5])
        p = rates(rng, problems)
        made = forecast(np.full(problems, n), rng.binomial(n, p), n * TIMES, rng=rng, draws=draws, level=LEVEL)
        truth = (1 - (1 - p[:, None]) ** (n * TIMES)).mean(axis=0)
        for name, one in made.by.items():
            held[name].append((one.interval[0] - NIL <= truth) & (truth <= one.interval[1] + NIL))
    return {name: np.mean(inside, axis=0).tolist() for name, inside in held.items()}


def answered(rng: np.random.Generator, problems: int, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Confidences and what came out: scores, shares of eight votes, or scores where nine answers of ten are right."""
    shape = {"scores": (2, 1), "votes": (1, 1), "rare errors": (9, 1)}[kind]
    chance = rng.beta(*shape, problems)
    noise = 0.05 if kind == "rare errors" else 0.15
    score = rng.binomial(8, chance) / 8 if kind == "votes" else chance + noise * rng.standard_normal(problems)
    return score, rng.random(problems) < chance


def areas_hold(kind: str, problems: int, seeds: range, *, draws: int = 400) -> tuple[float, float]:
    """Share of intervals of AURC and of its excess that hold the values of a million problems."""
    whole = risk_coverage(*answered(np.random.default_rng(0), 1_000_000, kind), rng=np.random.default_rng(1), draws=1)
    held = []
    for seed in seeds:
        rng = np.random.default_rng([seed, problems])
        found = risk_coverage(*answered(rng, problems, kind), rng=rng, draws=draws, level=LEVEL)
        pairs = ((found.area, whole.area.value), (found.excess, whole.excess.value))
        held.append([one.interval[0] <= truth <= one.interval[1] for one, truth in pairs])
    area, excess = np.mean(held, axis=0).tolist()
    return area, excess


def main(count: int) -> None:
    """Run the simulations and write their result."""
    seeds = range(count)
    kinds = [(kind, problems) for kind in ("scores", "votes", "rare errors") for problems in (60, 150, 500)]
    with ProcessPoolExecutor(max_workers=2) as pool:
        made = {name: pool.submit(forecasts_hold, name, seeds) for name in DESIGNS | BROKEN}
        held = {pair: pool.submit(areas_hold, *pair, seeds) for pair in kinds}
        forecasts = {name: one.result() for name, one in made.items()}
        areas = {f"{kind}, {problems} problems": one.result() for (kind, problems), one in held.items()}
    rows = [
        [f"{name}: {method}", *(f"{share:.1%}" for share in shares)]
        for name, by in forecasts.items()
        for method, shares in by.items()
    ]
    rows += [[f"AURC and its excess: {name}", f"{one:.1%}", f"{other:.1%}", ""] for name, (one, other) in areas.items()]
    result = {
        "title": "Intervals from samples",
        "text": f"{count} simulations of each design, nominal {LEVEL:.0%}. Forecasts of coverage of these very "
        "problems, by the samples at hand, 10 and 100 times as many; in the designs of impossible problems and of "
        "normal log-odds no fitted distribution is right, which no interval of it contains. The last rows are areas "
        "under risk–coverage curves: AURC in the first column of numbers, its excess over a perfect ranking in the "
        "second.",
        "command": "python -m experiments.sample_coverage",
        "machine": f"{os.cpu_count()} cores, {sum(os.times()[:4]):.0f} CPU-s in all",
        "columns": ["what", "at hand", "10 times", "100 times"],
        "rows": rows,
        "simulations": count,
        "forecasts": forecasts,
        "areas": areas,
        "broken": list(BROKEN),
        "versions": {"isoflop": version("isoflop"), "numpy": version("numpy"), "python": platform.python_version()},
    }
    RESULT.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps(rows))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
