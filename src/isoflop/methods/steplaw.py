"""Step Law: optimal learning rate and batch size for N and D, and the optima of cells of a sweep."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import LawError, TableError
from isoflop.laws.hyperparameters import STEPLAW_BATCH, STEPLAW_LR
from isoflop.methods.schedules import with_numbers
from isoflop.runs.table import RunTable

Array = NDArray[Any]


@dataclass(frozen=True)
class Setting:
    """Hyper-parameters for a run.

    Args:
        lr: peak learning rate of AdamW.
        batch_tokens: tokens per step.
        notes: how far the run lies from those behind the law.
    """

    lr: float
    batch_tokens: float
    notes: tuple[str, ...] = ()

    def sequences(self, sequence_length: int) -> float:
        """Batch in sequences of a given length."""
        return self.batch_tokens / sequence_length


def step_law(params: float, tokens: float, published: str = "li-2025") -> Setting:
    """Optimal learning rate and batch: lr = 1.79 N^-0.713 D^0.307, B = 0.58 D^0.571 tokens.

    Reference: Li et al. 2025, arXiv:2503.04715, equation 1.

    Args:
        params: parameters N without embeddings.
        tokens: training tokens D.
        published: which set of constants.

    Returns:
        The setting, with a note where N or D lie outside the runs of the source.

    Raises:
        LawError: N or D is not a positive number.

    Warns:
        RangeWarning: N or D lies outside the range of the source, with the distance.

    >>> found = step_law(1e9, 1e11)
    >>> round(found.lr, 7), round(found.batch_tokens), round(found.sequences(2048), 1)
    (0.0016325, 1107715, 540.9)
    """
    if not (0 < params < np.inf and 0 < tokens < np.inf):
        raise LawError(f"Step Law needs positive params and tokens, not {params:g} and {tokens:g}. Correct them.")
    given = {"params": params, "tokens": tokens}
    STEPLAW_LR.warn_outside(given)
    lr, batch = (
        float(law.evaluate([law.published_set(published).values[name] for name in law.parameter_names], given)[0])
        for law in (STEPLAW_LR, STEPLAW_BATCH)
    )
    notes = tuple(
        f"{word} {given[word]:.3g} lies {beyond:.2g} decades outside the runs of the source"
        for word, beyond in STEPLAW_LR.distance(given).items()
        if beyond > 0
    )
    return Setting(lr, batch, notes)


def batch_in_tokens(table: RunTable, sequence_length: int | None = None) -> Array:
    """Batch size of each run in tokens, from `batch_tokens` or from sequences and their length.

    Raises:
        TableError: the table has neither, or no length of sequences.
    """
    if "batch_tokens" in table.names:
        return table.column("batch_tokens")
    if "batch_sequences" in table.names and sequence_length is None and "sequence_length" in table.names:
        return np.asarray(table.column("batch_sequences") * table.column("sequence_length"))
    if "batch_sequences" not in table.names or sequence_length is None:
        raise TableError(
            f"The batch in tokens follows from none of {', '.join(table.names)}. Give batch_tokens, or batch_sequences "
            "with sequence_length."
        )
    return table.column("batch_sequences") * sequence_length


def cells_of(table: RunTable) -> tuple[Array, NDArray[np.intp]]:
    """Pairs of params and tokens of a sweep, shape (cells, 2), and the cell of each run."""
    pairs = np.stack([table.column("params"), table.column("tokens")], axis=1)
    found, cell = np.unique(pairs, axis=0, return_inverse=True)
    return found, cell.ravel().astype(np.intp)


def with_loss(table: RunTable) -> RunTable:
    """The runs of a sweep that have a loss: runs at too high a rate diverge, and have none.

    Raises:
        TableError: none has.
    """
    there = np.isfinite(table.column("loss"))
    if not there.any():
        raise TableError("No run of the sweep has a finite loss. Give runs that trained.")
    return table.select(there, "it has no finite loss")


def bowl_columns(
    table: RunTable, *, within: float = 0.02, fewest: int = 1, sequence_length: int | None = None
) -> RunTable:
    """Add to a sweep what the law `steplaw-bowl` needs, and leave out the runs far above the best of their cell.

    Adds `batch_tokens`, `cell` (a number per pair of params and tokens) and `loss_ratio` (loss over
    the least loss of the cell). Runs of a cell share that least loss: resample by `cluster:cell`.
    Runs without a finite loss, which diverged, are left out and stand in `excluded`.

    Args:
        table: one row per run, with params, tokens, lr, batch and loss.
        within: how far above the least loss of its cell a run counts, as a share of it.
        fewest: runs that a cell must have.
        sequence_length: tokens per sequence, where the batch counts sequences.

    Returns:
        A new table.

    Raises:
        TableError: the share is not positive, no cell has enough runs, or the batch cannot be told.
    """
    if not within > 0:
        raise TableError(f"within = {within:g} leaves no runs. Give a positive share of the loss, as 0.0025.")
    table = with_loss(table)
    batch = batch_in_tokens(table, sequence_length)
    cells, cell = cells_of(table)
    loss = table.column("loss")
    count = np.bincount(cell, minlength=len(cells))
    least = np.array([loss[cell == k].min() for k in range(len(cells))])
    ratio = loss / least[cell]
    whole = with_numbers(table, {"batch_tokens": batch, "cell": cell, "loss_ratio": ratio})
    if count.max() < fewest:
        raise TableError(f"The largest cell has {count.max()} runs, fewer than {fewest}. Ask for fewer runs per cell.")
    enough = whole.select(count[cell] >= fewest, f"its cell has fewer than {fewest} runs")
    return enough.select(
        enough.column("loss_ratio") <= 1 + within, f"more than {within:.2%} above the least loss of its cell"
    )


def step_law_optima(
    table: RunTable, *, within: float = 0.0025, fewest: int = 1, sequence_length: int | None = None
) -> RunTable:
    """Optimum of each cell of a sweep: the log-mean of learning rate and batch of its near-best runs.

    Fit `steplaw-lr` and `steplaw-batch` to the result by `log-ls`, which is the source's OLS in
    logarithms. Its `loss` is the least of each cell: a law of the loss fitted to it does not
    determine the irreducible loss (see its certificate).

    Reference: Li et al. 2025, arXiv:2503.04715, which takes the runs within .25 % of the least loss.

    Args:
        table: one row per run, with params, tokens, lr, batch and loss.
        within: how far above the least loss of its cell a run counts, as a share of it.
        fewest: runs that a cell must have.
        sequence_length: tokens per sequence, where the batch counts sequences.

    Returns:
        One row per cell: params, tokens, lr, batch_tokens, loss, near (runs that counted).

    Raises:
        TableError: the share is not positive, no cell has enough runs, or the batch cannot be told.
    """
    near = bowl_columns(table, within=within, fewest=fewest, sequence_length=sequence_length)
    cells, cell = cells_of(near)
    rows = []
    for k, (params, tokens) in enumerate(cells):
        own = cell == k
        centre = [float(np.exp(np.mean(np.log(near.column(word)[own])))) for word in ("lr", "batch_tokens")]
        rows.append((params, tokens, *centre, float(near.column("loss")[own].min()), float(own.sum())))
    names = ("params", "tokens", "lr", "batch_tokens", "loss", "near")
    return RunTable.from_columns(dict(zip(names, map(np.array, zip(*rows, strict=True)), strict=True)))
