"""plan-within decides whatever a law of the catalogue has: each variable from the command line, on made-up runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.cli.conftest import Isoflop, write_csv
from tests.contracts.designs import DESIGNS

from isoflop import laws
from isoflop.cli.boundary import run
from isoflop.fit.result import Fit

Array = NDArray[np.float64]
Columns = Mapping[str, Array]
Range = tuple[float, float]


@dataclass(frozen=True)
class Case:
    """A question.

    Args:
        law: name in the catalogue.
        choose: column → range, or listed values.
        limit: what must hold.
        holds: the same for samples.
        given: columns that are not decided.
        options: further options.
        columns: the law's columns from what is decided and given.
        cost: what is minimised, from what is decided and the response.
        close: how near the best sample comes, as a share.
        points: values per column of the made-up runs.
    """

    law: str
    choose: Mapping[str, Range | tuple[float, ...]]
    limit: str
    holds: Callable[[Columns], Array]
    given: Mapping[str, float] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    columns: Callable[[Columns], Columns] = lambda found: found
    cost: Callable[[Columns, Array], Array] = lambda _, response: response
    close: float = 0.01
    points: int = 4


CASES = {
    "size and data": Case(
        "chinchilla", {"params": (1e8, 1e12), "tokens": (1e9, 1e13)}, "flops <= 1e21",
        lambda v: 6 * v["params"] * v["tokens"] <= 1e21,
    ),
    "epochs": Case(
        "data-constrained", {"params": (1e8, 1e12), "epochs": (1, 100)}, "flops <= 1e21",
        lambda v: 6 * v["params"] * v["epochs"] * 5e9 <= 1e21, {"unique_tokens": 5e9},
        columns=lambda v: {**v, "tokens": v["epochs"] * v["unique_tokens"]}, points=3,
    ),
    "precision of weights": Case(
        "kumar-precision", {"params": (1e8, 1e11), "tokens": (1e9, 1e12), "weight_bits": (3, 16)},
        "6/16*N*D*weight_bits <= 1e21", lambda v: 6 / 16 * v["params"] * v["tokens"] * v["weight_bits"] <= 1e21,
        {"activation_bits": 16, "kv_bits": 16}, points=3,
    ),
    "floating-point formats": Case(
        "fp-training",
        {"params": (1e8, 1e11), "tokens": (1e9, 1e12), "exponent_bits": (2, 3, 4), "mantissa_bits": (1, 2, 3)},
        "6/16*N*D*(exponent_bits + mantissa_bits + 1) <= 1e21",
        lambda v: 6 / 16 * v["params"] * v["tokens"] * (v["exponent_bits"] + v["mantissa_bits"] + 1) <= 1e21,
        {"block_elements": 128}, points=3,
    ),
    "fraction of quantization-aware training": Case(
        "qat-split", {"tokens": (1e9, 1e13), "qat_fraction": (0.01, 0.99)}, "flops <= 1e21",
        lambda v: 6 * v["params"] * v["tokens"] <= 1e21, {"params": 1e9, "weight_bits": 4},
        columns=lambda v: v | {
            "fp_tokens": v["tokens"] * (1 - v["qat_fraction"]), "qat_tokens": v["tokens"] * v["qat_fraction"]
        },
    ),
    "vocabulary": Case(
        "vocabulary", {"vocab_params": (1e6, 1e10), "tokens": (1e9, 1e13)},
        "6*(nonvocab_params + vocab_params)*tokens <= 1e21",
        lambda v: 6 * (v["nonvocab_params"] + v["vocab_params"]) * v["tokens"] <= 1e21, {"nonvocab_params": 2e9},
    ),
    "parallel streams": Case(
        "parscale", {"params": (1e8, 1e11), "streams": (1, 2, 4, 8)}, "params*(0.8 + 0.2*streams) <= 4e9",
        lambda v: v["params"] * (0.8 + 0.2 * v["streams"]) <= 4e9,
    ),
    "sparsity of weights": Case(
        "sparse-pretraining", {"params": (1e7, 1e11), "tokens": (1e9, 1e13), "weight_sparsity": (0, 0.95)},
        "6*N*D*(1 + 0.5*weight_sparsity/(1 - weight_sparsity)) <= 1e21",
        lambda v: 6 * v["params"] * v["tokens"] * (1 + 0.5 * v["weight_sparsity"] / (1 - v["weight_sparsity"])) <= 1e21,
    ),
    "sparsity of experts": Case(
        "moe-sparsity", {"params": (1e8, 1e11), "total_over_active": (1, 64)}, "params*total_over_active^0.5 <= 1e10",
        lambda v: v["params"] * v["total_over_active"] ** 0.5 <= 1e10,
    ),
    "pool of data": Case(
        "qqt", {"samples": (3.2e7, 6.4e8), "pool_size": (1.28e7, 3.2e7, 6.4e7)}, "samples + 5*pool_size <= 5e8",
        lambda v: v["samples"] + 5 * v["pool_size"] <= 5e8,
    ),
    "share of a mixture": Case(
        "mixing-two", {"share": (0.25, 0.75)}, "loss <= 1.4", lambda v: v["loss"] <= 1.4,
        options=("--minimise", "share"), cost=lambda v, _: v["share"], points=12,
    ),
    "learning rate and batch": Case(
        "steplaw-bowl", {"lr": (1e-4, 1e-2), "batch_tokens": (1e4, 1e7)}, "batch_tokens <= 1e7",
        lambda v: v["batch_tokens"] <= 1e7, {"params": 1e9, "tokens": 2e10}, points=3,
    ),
    "batch against steps": Case(
        "batch-steps", {"batch_tokens": (1e4, 1e8)}, "steps*batch_tokens <= 1e10",
        lambda v: v["steps"] * v["batch_tokens"] <= 1e10, points=12,
    ),
    "schedule of two stages": Case(
        "multi-power-two-stage", {"lr_after": (3e-5, 2e-4), "late": (500, 20000)}, "late <= 20000",
        lambda v: v["late"] <= 20000,
        options=(
            "--define", "S1=3e-4*(30000 - late) + lr_after*late", "--define", "area_after=lr_after*late",
            "--define", "lr_fall=3e-4 - lr_after",
        ),
        columns=lambda v: v | {
            "S1": 3e-4 * (30000 - v["late"]) + v["lr_after"] * v["late"], "area_after": v["lr_after"] * v["late"],
            "lr_fall": 3e-4 - v["lr_after"],
        },
    ),
    "areas of a schedule": Case(
        "lr-annealing-params", {"S1": (0.5, 10), "S2": (0.01, 0.3)}, "S1 + 20*S2 <= 5",
        lambda v: v["S1"] + 20 * v["S2"] <= 5, {"params": 4e8},
    ),
}  # fmt: skip


def fitted(case: Case, folder: Path) -> Path:
    """Fit the law to made-up runs from the command line; the file."""
    design = next(one for one in DESIGNS if one.law == case.law)
    columns = design.columns(case.points)
    law = laws.get(case.law)
    rng = np.random.default_rng(0)
    response = law.predict(design.values, **columns)
    rows = write_csv(
        folder / "runs.csv", columns | {law.response: response * np.exp(1e-4 * rng.standard_normal(len(response)))}
    )
    out = folder / "fit.json"
    ended = run([
        "fit", str(rows), "--law", case.law, "--response", law.response, "--objective", design.objective,
        "--bootstrap", "10", "-o", str(out), "--json",
    ])  # fmt: skip
    assert ended == 0
    return out


def sampled(case: Case, fit: Fit, rng: np.random.Generator) -> Columns:
    """Twenty thousand plans within the ranges, and what the law says of them."""
    count = 20_000
    found: dict[str, Array] = {word: np.full(count, value, dtype=float) for word, value in case.given.items()}
    for word, values in case.choose.items():
        low, high = values[0], values[-1]
        if len(values) > 2:
            found[word] = rng.choice(np.array(values, dtype=float), count)
        elif low > 0:
            found[word] = low * (high / low) ** rng.random(count)
        else:
            found[word] = low + (high - low) * rng.random(count)
    columns = case.columns(found)
    return {**columns, fit.response: fit.evaluate(**{w: columns[w] for w in fit.law.columns})}


@pytest.mark.parametrize("name", CASES)
def test_a_variable_is_decided_from_the_command_line(
    name: str, isoflop: Isoflop, tmp_path: Path, capsys: pytest.CaptureFixture[str], rng: np.random.Generator
) -> None:
    """No sampled plan within the limit is better than the one that is found, and the best of them comes near."""
    case = CASES[name]
    path = fitted(case, tmp_path)
    capsys.readouterr()
    text = {
        word: "|".join(f"{v:g}" for v in values) if len(values) > 2 else f"{values[0]:g}..{values[1]:g}"
        for word, values in case.choose.items()
    }
    call: list[object] = ["plan-within", path]
    for word, values in text.items():
        call += ["--choose", f"{word}={values}"]
    for word, value in case.given.items():
        call += ["--set", f"{word}={value:g}"]
    ended = isoflop(*call, "--limit", case.limit, *case.options, "--json")
    assert ended.status == 0, ended.err
    found = ended.json
    assert set(case.choose) <= set(found["variables"])
    for word, values in case.choose.items():
        low, high = found["variables"][word]["interval"]
        assert values[0] * (1 - 1e-6) <= low <= high <= values[-1] * (1 + 1e-6)
    samples = sampled(case, Fit.from_json(path), rng)
    kept = case.holds(samples)
    assert kept.sum() > 100
    costs = case.cost(samples, samples[Fit.from_json(path).response])[kept]
    best = found["best"]["value"]
    assert best <= costs.min() + 1e-7 * abs(best)
    assert costs.min() <= best + case.close * abs(best)
