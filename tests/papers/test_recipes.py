"""Recipes on published runs and formulas.

Corpora of Gadre et al. 2024 (arXiv:2403.08540; sheet on evaluation and statistics, A2, recomputed) as recipes; the
speed-up of Wen et al. 2025 (arXiv:2509.02046; sheet on training, B4, read); the bias of a winner (the first sheet,
D16); medians and scores of AlgoPerf (arXiv:2306.07179; C1, read in the authors' code).
"""

from pathlib import Path

import numpy as np
import pytest
from tests.papers.support import assert_prints_as
from tests.papers.tables import FIVE_RUNS
from tests.recipes.support import compared

from isoflop import laws
from isoflop.recipes.paired import paired_trend
from isoflop.recipes.selection import expected_maximum
from isoflop.recipes.timing import LARGEST_RATIO, Times, score_times, time_to_result
from isoflop.runs.read import read_runs
from isoflop.runs.table import RunTable

LARGE = {"params": 6_889_410_560, "tokens": 20 * 6_889_410_560}
CORPORA = "train_set IN ('C4', 'RedPajama', 'RefinedWeb')"


def corpora(directory: Path, where: str) -> RunTable:
    """Return runs with the corpus as recipe and the loss on C4 validation."""
    mapping = {"loss": "loss_c4_val", "recipe": "train_set"}
    return read_runs(directory / "gadre_overtraining.csv", where=f"{CORPORA} AND ({where})", mapping=mapping)


def measured(directory: Path) -> dict[str, float]:
    """Return the loss of each corpus's run of 6.9B."""
    table = corpora(directory, "model = 'open_lm_7b'")
    names, codes = table.labels("recipe")
    return {names[code]: float(loss) for code, loss in zip(codes, table.column("loss"), strict=True)}


def test_separate_fits_are_the_published_ones(data_directory: Path) -> None:
    found = compared("gadre", corpora(data_directory, FIVE_RUNS), **LARGE, way="separate", objective="ls", draws=5)
    for name, floor in {"RedPajama": "1.83665", "C4": "1.50826", "RefinedWeb": "1.73446"}.items():
        assert_prints_as(found.fits[name].parameters["E"], floor)
    truth = measured(data_directory)
    assert_prints_as(found["RedPajama"].response.value, "2.4427")
    assert_prints_as(100 * abs(found["RedPajama"].response.value / truth["RedPajama"] - 1), ".73")
    assert_prints_as(100 * abs(found["C4"].response.value / truth["C4"] - 1), "4.30")


def test_common_exponents_foretell_the_order_and_the_gaps_of_larger_models(data_directory: Path) -> None:
    """From five runs a corpus of at most 412M to 6.9B, 1.6 decades of compute further on."""
    found = compared("gadre", corpora(data_directory, FIVE_RUNS), **LARGE, draws=300)
    truth = measured(data_directory)
    assert [entry.name for entry in found.entries] == sorted(truth, key=lambda name: truth[name])
    assert found.winner.name == "C4"
    for name in ("RedPajama", "RefinedWeb"):
        low, high = found[name].difference.interval
        assert low < truth[name] - truth["C4"] < high
        assert found[name].distance_decades > 1.5
    # 15 runs do not speak against one exponent.
    assert found.pooling is not None
    assert found.pooling.p_value > 0.5


def test_runs_of_two_corpora_form_pairs(data_directory: Path) -> None:
    """All corpora share sizes and data; the gap of pairs is no line up to 6.9B (measured 1.8 %, the line says 5 %)."""
    table = corpora(data_directory, "N < 5e8")
    names, codes = table.labels("recipe")
    settings = [
        set(zip(table.column("params")[own].tolist(), table.column("tokens")[own].tolist(), strict=True))
        for own in (codes == names.index("C4"), codes == names.index("RedPajama"))
    ]
    found = paired_trend(table, "RedPajama", "C4", at=1e21)
    assert found.pairs == len(settings[0] & settings[1]) == 31
    assert found.keys == ("params", "tokens")
    assert found.gap_top.interval[0] > 0.02
    assert found.p_top < 1e-6


@pytest.mark.parametrize("tokens", [1e10, 1e11])
def test_the_speed_up_of_an_optimiser_is_the_published_formula(tokens: float) -> None:
    """`D_AdamW = (alpha_N/(l - beta_N))^(1/B_N)`, speed-up = D_AdamW/D_opt, at one size."""
    curves = {"adamw": (300.0, 0.25, 2.4), "muon": (290.0, 0.25, 2.4)}
    grid = np.geomspace(1e9, 1e11, 12)
    rows = {
        "recipe": np.repeat(list(curves), len(grid)),
        "tokens": np.tile(grid, 2),
        "loss": np.concatenate([a * grid**-b + floor for a, b, floor in curves.values()]),
    }
    found = compared("F + K/D^b", RunTable.from_columns(rows), tokens=tokens, way="separate", draws=5)
    loss = 290.0 * tokens**-0.25 + 2.4
    speed_up = (300.0 / (loss - 2.4)) ** (1 / 0.25) / tokens
    assert found["muon"].multiplier.value == pytest.approx(speed_up, rel=1e-4)
    assert found.column == "tokens"


@pytest.mark.parametrize(("count", "bias"), [(5, "1.16"), (10, "1.54"), (25, "1.97")])
def test_the_bias_of_the_best_of_several(count: int, bias: str) -> None:
    assert_prints_as(expected_maximum(count), bias)


def test_algoperf_scores_by_median_and_largest_ratio() -> None:
    assert LARGEST_RATIO == 4.0
    assert time_to_result([1.0, np.inf, np.inf]) == np.inf
    # Exactly 4 times as slow is still a solved workload, with nothing left of the integral.
    times = Times(("a", "b"), ("x", "y"), np.array([[1.0, 1.0], [2.5, 4.5]]))
    assert score_times(times).scores == {"a": 1.0, "b": 0.25}


def test_published_laws_of_two_procedures_cross_once() -> None:
    """CLIP and MaMMUT by their published constants (C2: MaMMUT ahead at large scale)."""
    from isoflop.methods.crossing import crossing

    law = laws.get("clip-flops")
    clip, mammut = (law.published_set(f"laion-2025-{name}").values for name in ("clip", "mammut"))
    column = law.columns[0]
    places = crossing(law, clip, mammut, column=column, span=(1e12, 1e24))
    assert len(places) == 1
    # 8.1e10 GFLOP; the sheet remembers 1e10 to 1e11, which is no golden number.
    assert 1e19 < places[0] < 1e21
    above = {column: np.array([places[0] * 100])}
    theta = [[values[name] for name in law.parameter_names] for values in (clip, mammut)]
    first, second = law.evaluate(theta, above)[:, 0]
    assert second < first
