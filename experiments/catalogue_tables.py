"""Published tables cut in two, the costlier runs held out: what the back-tests of the catalogue fit and predict."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tests.methods import test_observational, test_sloth
from tests.papers import test_bnsl_2022, test_routing, test_schedule
from tests.papers.tables import (
    FIVE_RUNS,
    LADDER_TARGETS,
    bigcode_runs,
    epoch_points,
    farseer_runs,
    gadre_runs,
    ladder_checkpoints,
    ladder_target,
)
from tests.papers.test_regmix_2024 import DOMAINS
from tests.papers.test_regmix_2024 import runs_of as mixtures

from isoflop.methods.ladder_steps import final_rows, smoothed_rows
from isoflop.methods.observational import capabilities
from isoflop.methods.steplaw import bowl_columns, step_law_optima
from isoflop.runs.read import read_runs
from isoflop.runs.table import RunTable
from isoflop.testtime.estimators.coverage import pass_at_k

Pair = tuple[RunTable, RunTable]
"""Runs to fit, and runs to predict."""
Pairs = list[Pair]
Loader = Callable[[Path], Pairs]

TASKS = (
    "mmlu", "hellaswag_val", "arc_challenge_test", "arc_easy_test", "piqa_val", "csqa_val", "socialiqa_val",
    "openbookqa_test",
)  # fmt: skip
FALL_AT = 8000
"""Step at which the two-stage schedules of `mpl_lr_curves` fall."""


def cut(runs: RunTable, large: NDArray[np.bool_]) -> Pairs:
    """Hold out the runs that are marked."""
    return [(runs.select(~large, "held out"), runs.select(large, "fitted"))]


def epoch(directory: Path) -> Pairs:
    """Hold out budgets of 3e20 FLOPs and more."""
    runs = epoch_points(directory)
    return cut(runs, runs.column("flops") >= 3e20)


def bigcode(directory: Path) -> Pairs:
    """Hold out the largest budget."""
    runs = bigcode_runs(directory)
    return cut(runs, runs.column("flops") >= 0.9 * runs.column("flops").max())


def farseer(directory: Path) -> Pairs:
    """The table's own split: the seven costliest runs."""
    return [(farseer_runs(directory, "train"), farseer_runs(directory, "test"))]


def repeated(directory: Path) -> Pairs:
    """Hold out the costliest tenth."""
    runs = read_runs(directory / "datablations.csv")
    return cut(runs, runs.column("flops") >= 1.18e21)


def overtrained(directory: Path) -> Pairs:
    """The authors' five runs on RedPajama; hold out their two headline runs."""
    large = "(model = 'open_lm_1b' AND tokens_per_param = 640) OR (model = 'open_lm_7b' AND tokens_per_param = 20)"
    return [(gadre_runs(directory, "RedPajama", FIVE_RUNS), gadre_runs(directory, "RedPajama", large))]


def optima(directory: Path) -> Pairs:
    """Optima of the cells of the Step Law sweep; hold out the costliest fifth."""
    cells = step_law_optima(read_runs(directory / "steplaw_scalebench.csv"), sequence_length=2048)
    return cut(cells, _costliest_fifth(cells))


def bowls(directory: Path) -> Pairs:
    """Runs of the Step Law sweep near the optimum of their cell; hold out the costliest fifth of the cells."""
    runs = bowl_columns(read_runs(directory / "steplaw_scalebench.csv"), sequence_length=2048)
    return cut(runs, _costliest_fifth(runs))


def _costliest_fifth(runs: RunTable) -> NDArray[np.bool_]:
    """Runs whose cell is among the costliest fifth of the distinct ones."""
    cost = np.round(np.log(runs.column("params") * runs.column("tokens")), 6)
    return np.asarray(cost >= np.quantile(np.unique(cost), 0.8))


def regmix(directory: Path) -> Pairs:
    """512 mixtures at 1M parameters; hold out the unseen mixtures."""
    return [tuple(_with_share(mixtures(directory, "1m", split)) for split in ("train", "test"))]  # type: ignore[list-item]


def _with_share(runs: RunTable) -> RunTable:
    """The share of the domain whose loss is explained, under the name of the two-domain law."""
    return RunTable.from_columns(
        {word: runs.column(word) for word in DOMAINS}
        | {"share": runs.column("w_pile_cc"), "loss": runs.column("loss_pile_cc")}
    )


def curves(directory: Path) -> Pairs:
    """Three schedules of each model; hold out its six others."""
    tables = [test_schedule.curves(directory, size) for size in test_schedule.SIZES]
    return [
        (test_schedule.only(t, *test_schedule.TRAINING), test_schedule.only(t, *test_schedule.HELD_OUT)) for t in tables
    ]


def curves_of_all_sizes(directory: Path) -> Pairs:
    """The same for all three models together."""
    halves: list[list[dict[str, NDArray[np.float64]]]] = [[], []]
    for size, pair in zip(test_schedule.SIZES, curves(directory), strict=True):
        for half, table in zip(halves, pair, strict=True):
            columns = {word: table.column(word) for word in ("S1", "S2", "loss")}
            half.append(columns | {"params": np.full(len(table), 1e6 * float(size))})
    return [tuple(_joined(half) for half in halves)]  # type: ignore[list-item]


def falls(directory: Path) -> Pairs:
    """Two-stage schedules of each model after their fall: to 9e-5 and 1.8e-4; hold out the fall to 3e-5."""
    found = []
    for size in test_schedule.SIZES:
        table = test_schedule.curves(directory, size)
        train = _joined([_after_fall(table, name) for name in ("wsdcon_9", "wsdcon_18")])
        found.append((train, _joined([_after_fall(table, "wsdcon_3")])))
    return found


def _after_fall(table: RunTable, name: str) -> dict[str, NDArray[np.float64]]:
    """Columns of the two-stage law for the checkpoints of one curve after its fall."""
    schedule = test_schedule.schedule(name)
    own = test_schedule.only(table, name)
    own = own.select(own.column("checkpoint_step") > FALL_AT + 1, "before the fall")
    step = own.column("checkpoint_step").astype(int)
    before, after = schedule.lr[FALL_AT - 1], schedule.lr[FALL_AT + 2]
    return {
        "S1": own.column("S1"), "S2": own.column("S2"), "loss": own.column("loss"),
        "lr_fall": np.full(len(own), before - after), "lr_after": np.full(len(own), after),
        "area_after": schedule.area[step] - schedule.area[FALL_AT],
    }  # fmt: skip


def _joined(parts: list[dict[str, NDArray[np.float64]]]) -> RunTable:
    """Tables with the same columns, one below the other."""
    return RunTable.from_columns({word: np.concatenate([p[word] for p in parts]) for word in parts[0]})


def ladder_losses(directory: Path) -> Pairs:
    """Ends of the 16 runs of the OLMo ladder, task by task; hold out the 7B and the 13B model."""
    return [(final_rows(ladder_checkpoints(directory, task)), _targets(directory, task)) for task in TASKS]


def ladder_accuracies(directory: Path) -> Pairs:
    """Checkpoints of the ladder, smoothed as the paper does; hold out the 7B and the 13B model."""
    return [(_errors(smoothed_rows(ladder_checkpoints(directory, t))), _errors(_targets(directory, t))) for t in TASKS]


def _targets(directory: Path, task: str) -> RunTable:
    """The two large models on a task."""
    rows = [ladder_target(directory, task, target) for target in LADDER_TARGETS]
    return RunTable.from_columns({word: np.array([row[word] for row in rows]) for word in rows[0]})


def _errors(runs: RunTable) -> RunTable:
    """Task loss and accuracy, also under the words of Gadre's error law."""
    return RunTable.from_columns(
        {
            "task_loss": runs.column("task_loss"),
            "accuracy": runs.column("accuracy"),
            "loss": runs.column("task_loss"),
            "error": 1 - runs.column("accuracy"),
        }
    )


def sparse(directory: Path) -> Pairs:
    """The table's own split, at each amount of data."""
    spans = ("1.1 AND 1.2", "2.3 AND 2.4", "4.6 AND 4.7")
    return [tuple(test_routing.moe_runs(directory, split, span) for split in ("train", "test")) for span in spans]  # type: ignore[misc]


def routed(directory: Path) -> Pairs:
    """Final losses of each router; hold out the models of 1.3B."""
    tables = [test_routing.routed_runs(directory, router) for router in test_routing.ROUTERS]
    return [pair for table in tables for pair in cut(table, table.column("params") > 1e9)]


def addition(directory: Path) -> Pairs:
    """Training-set sizes of 4-digit addition, figure 4 of the paper; hold out the last three."""
    tokens, loss = test_bnsl_2022.PROBLEMS, test_bnsl_2022.CROSS_ENTROPY
    return cut(RunTable.from_columns({"tokens": tokens, "loss": loss}), np.arange(len(tokens)) >= len(tokens) - 3)


def capability(directory: Path) -> Pairs:
    """Models with all scores: three components found on the weak ones; hold out those of 8.4e22 FLOPs and more."""
    models = read_runs(directory / "obs_base_llms.csv", response="MMLU")
    scores = test_observational.scores_of(models)
    columns = {"score": models.column("GSM8K"), "accuracy": models.column("GSM8K"), "flops": models.column("flops")}
    whole = np.isfinite(np.column_stack([scores, *columns.values()])).all(axis=1)
    weak = whole & (columns["flops"] < 8.4e22)
    found = capabilities(test_observational.SCORES, scores[weak]).components(scores[whole])
    table = {word: values[whole] for word, values in columns.items()}
    table |= {f"pc{k + 1}": found[:, k] for k in range(3)}
    return cut(RunTable.from_columns(table), ~weak[whole])


def families(directory: Path) -> Pairs:
    """MMLU of models in families; hold out the largest of each family of three or more."""
    models = read_runs(directory / "sloth_families.csv", response="mmlu")
    words = ("params", "tokens", "flops", "mmlu")
    whole = np.isfinite(np.column_stack([models.column(word) for word in words])).all(axis=1)
    models = models.take(np.flatnonzero(whole))
    held, names = test_sloth.largest_held_out(models)
    table = RunTable.from_columns(
        {word: models.column(word) for word in words[:3]}
        | {"family": names, "score": models.column("mmlu"), "accuracy": models.column("mmlu")}
        | {"chance": np.full(len(models), 0.25)}
    )
    return cut(table, held)


def sampled(directory: Path) -> Pairs:
    """EvalPerf, one curve for each model with 100 samples per task; fit up to 10 samples, hold out 20 to 100."""
    table = read_runs(directory / "evalperf_per_task.csv", where="n_samples = 100")
    ks = np.array([1, 2, 3, 4, 5, 7, 10, 20, 35, 60, 100])
    codes = np.stack([np.asarray(table.labels(column)[1]) for column in ("model", "prompt")])
    pairs: Pairs = []
    for one in np.unique(codes, axis=1).T:
        correct = table.column("n_correct")[np.all(codes == one[:, None], axis=0)]
        coverage = pass_at_k(np.full(len(correct), 100), correct, ks).mean(axis=0)
        pairs += cut(RunTable.from_columns({"k": ks, "n": ks, "coverage": coverage}), ks > 10)
    return pairs
