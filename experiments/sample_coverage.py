"""How often intervals from samples hold the truth: forecasts of coverage, and areas under risk–coverage curves.

Forecasts: problems with rates from a known distribution, some samples of each, forecast to 100 times as many; the
truth is the coverage of these very problems. Where rates are no scaled beta, `distribution` and `power law` assume
what is not so; `given counts` has families for two of these designs and none for the last three. Areas: confidences
that know something of the chance to be right. Nominal 95 %.
Run: python -m experiments.sample_coverage [simulations [words of the names of some parts]]
It writes docs/results/sample_coverage.json, each part as it ends; parts that are not run stay as they were.
"""

import json
import os
import platform
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

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


def mixed(rng: np.random.Generator, count: int) -> np.ndarray:
    """Half of the problems easy, half hard."""
    return np.where(rng.random(count) < 0.5, rng.beta(8, 2, count), rng.beta(0.5, 20, count))


def levels(rng: np.random.Generator, count: int) -> np.ndarray:
    """Five rates and no other, one of them 0."""
    return rng.choice([0.0, 0.003, 0.03, 0.3, 0.9], count)


def kumaraswamy(a: float, b: float) -> Rates:
    """Rates like beta ones, with another upper end."""
    return lambda rng, count: (1 - rng.random(count) ** (1 / b)) ** (1 / a)


DESIGNS: dict[str, tuple[Rates, int, int]] = {
    "Beta(.3, 1.5), 60 problems x 50": (beta(0.3, 1.5), 60, 50),
    "Beta(.3, 2), 120 problems x 64": (beta(0.3, 2), 120, 64),
    "Beta(.6, .4), 120 problems x 64": (beta(0.6, 0.4), 120, 64),
    ".23 Beta(.25, 1.8), 128 problems x 100": (beta(0.25, 1.8, 0.23), 128, 100),
}
BROKEN: dict[str, tuple[Rates, int, int]] = {
    "a fifth impossible, Beta(.4, 1.5), 120 x 64": (with_impossible(0.2, 0.4, 1.5), 120, 64),
    "normal log-odds (-3, 2), 120 x 64": (log_odds(-3, 2), 120, 64),
    "Kumaraswamy (.5, 3), 120 x 64": (kumaraswamy(0.5, 3), 120, 64),
    "half Beta(8, 2), half Beta(.5, 20), 120 x 64": (mixed, 120, 64),
    "rates 0, .003, .03, .3, .9, 120 x 64": (levels, 120, 64),
}


@dataclass(frozen=True)
class Forecast:
    """Forecasts of a design, by method and times the samples at hand.

    Attributes:
        held: share of intervals that hold the problems' own coverage.
        error: root mean square of forecast minus truth.
        width: mean width of the intervals.
        families: mean shares of the families of difficulty.
    """

    held: dict[str, list[float]]
    error: dict[str, list[float]]
    width: dict[str, list[float]]
    families: dict[str, float]


def forecasts_made(design: str, seeds: range, *, draws: int = 100) -> Forecast:
    """Forecast one design again and again."""
    rates, problems, n = (DESIGNS | BROKEN)[design]
    made: dict[str, list[np.ndarray]] = {name: [] for name in METHODS}
    families: Counter[str] = Counter()
    for seed in seeds:
        rng = np.random.default_rng([seed, 5])
        p = rates(rng, problems)
        found = forecast(np.full(problems, n), rng.binomial(n, p), n * TIMES, rng=rng, draws=draws, level=LEVEL)
        truth = (1 - (1 - p[:, None]) ** (n * TIMES)).mean(axis=0)
        families.update(found.families)
        for name, one in found.by.items():
            low, high = one.interval
            made[name].append(
                np.array([(low - NIL <= truth) & (truth <= high + NIL), (one.value - truth) ** 2, high - low])
            )
    held, error, width = ({name: np.mean(one, axis=0)[k] for name, one in made.items()} for k in range(3))
    return Forecast(
        {name: one.tolist() for name, one in held.items()},
        {name: np.sqrt(one).tolist() for name, one in error.items()},
        {name: one.tolist() for name, one in width.items()},
        {name: share / len(seeds) for name, share in families.items()},
    )


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


TEXT = (
    "Simulations of each design, as many as the last column says, nominal 95%. Forecasts of coverage of these very "
    "problems, by the samples at hand, 10 and 100 times as many, and the root mean square error of the last in "
    "points. Rates are a scaled beta in the first four designs; in the others `distribution` and `power law` assume "
    "what is not so, and no interval of theirs contains that. `given counts` does not know the family: impossible "
    "problems and normal log-odds are among those that it weighs, the last three designs are in none of them. Where "
    "rates are beta its intervals far beyond the samples are wider than those of a method that knows it, and hold "
    "more often: what problems that were never solved can become is not in the counts. The last rows are areas under "
    "risk–coverage curves: AURC in the first column of numbers, its excess over a perfect ranking in the second."
)
AREAS = [(kind, problems) for kind in ("scores", "votes", "rare errors") for problems in (60, 150, 500)]


def kept() -> dict[str, Any]:
    """What was found so far: forecasts and areas by name."""
    found = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {}
    return {"forecasts": found.get("forecasts", {}), "areas": found.get("areas", {})}


def written(found: dict[str, Any]) -> None:
    """Write what was found."""
    forecasts = {name: found["forecasts"][name] for name in DESIGNS | BROKEN if name in found["forecasts"]}
    areas = {name: found["areas"][name] for name in map(area_name, AREAS) if name in found["areas"]}
    rows = [
        [
            f"{name}: {method}",
            *(f"{share:.1%}" for share in shares),
            f"{100 * one['error'][method][-1]:.1f}",
            str(one["simulations"]),
        ]
        for name, one in forecasts.items()
        for method, shares in one["held"].items()
    ]
    rows += [
        [f"AURC and its excess: {name}", *(f"{share:.1%}" for share in one["held"]), "", "", str(one["simulations"])]
        for name, one in areas.items()
    ]
    result = {
        "title": "Intervals from samples",
        "text": TEXT,
        "command": "python -m experiments.sample_coverage",
        "machine": f"{os.cpu_count()} cores, {sum(os.times()[:4]):.0f} CPU-s for what was run last",
        "columns": ["what", "at hand", "10 times", "100 times", "error", "simulations"],
        "rows": rows,
        "forecasts": forecasts,
        "areas": areas,
        "broken": list(BROKEN),
        "versions": {"isoflop": version("isoflop"), "numpy": version("numpy"), "python": platform.python_version()},
    }
    RESULT.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def area_name(pair: tuple[str, int]) -> str:
    """Name a simulation of areas."""
    return f"{pair[0]}, {pair[1]} problems"


def main(count: int, what: list[str]) -> None:
    """Run simulations, of the parts whose names contain a word or of all, and put each into the result as it ends."""
    found, seeds = kept(), range(count)
    with ProcessPoolExecutor(max_workers=2) as pool:
        made: dict[Future[Any], tuple[str, str]] = {}
        for name in DESIGNS | BROKEN:
            if wanted(name, what):
                made[pool.submit(forecasts_made, name, seeds)] = ("forecasts", name)
        for pair in AREAS:
            if wanted("AURC " + area_name(pair), what):
                made[pool.submit(areas_hold, *pair, seeds)] = ("areas", area_name(pair))
        for one in as_completed(made):
            part, name = made[one]
            held = {"held": one.result()} if part == "areas" else asdict(one.result())
            found[part][name] = held | {"simulations": count}
            written(found)
            print(name, found[part][name], flush=True)


def wanted(name: str, what: list[str]) -> bool:
    """Whether a part is asked for."""
    return not what or any(word in name for word in what)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 400, sys.argv[2:])
