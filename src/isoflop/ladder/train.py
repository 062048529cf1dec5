"""Train one model and measure it: the same job and seed give the same bits on the same machine."""

import math
import time
from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from isoflop.errors import InputError
from isoflop.ladder.corpus import Corpus
from isoflop.ladder.model import Decoder
from isoflop.ladder.outcome import CurvePoint, Outcome
from isoflop.ladder.schedule import multiplier
from isoflop.ladder.shape import VOCABULARY_SIZE, Derived, Recipe

CURVE_POINTS: Final = 48
EVALUATION_BATCH: Final = 16


def train(
    derived: Derived, recipe: Recipe, corpus: Corpus, *, seed: int, held_out_windows: int, alive: Callable[[], None]
) -> Outcome:
    """Train a fresh model for one horizon and test it on the held-out files.

    Args:
        derived: shape, batch, updates and learning rate.
        recipe: what all runs share.
        corpus: bytes; no part of them is read twice.
        seed: of the initial values and of the order of the text.
        held_out_windows: windows of `context` bytes to test on, evenly spread over the held-out files.
        alive: called before each update; raises to stop.

    Returns:
        Losses in nats per byte, times and the curve.

    Raises:
        InputError: the corpus is too short for the horizon.
    """
    torch.manual_seed(seed)
    model = Decoder(derived.shape, recipe.context)
    optimizer = _optimizer(model, recipe)
    marks = _marks(derived.updates)
    curve: list[CurvePoint] = []
    recent: list[float] = []
    start = time.perf_counter()
    batches = _batches(corpus.train, derived, recipe.context, np.random.default_rng(seed))
    for step, batch in enumerate(batches):
        alive()
        rate = derived.lr * multiplier(
            step, derived.updates, derived.warmup_updates, schedule=recipe.schedule, decay=recipe.decay
        )
        recent.append(_update(model, optimizer, batch, rate, recipe.clip))
        seen = (step + 1) * derived.sequences * recipe.context
        if not math.isfinite(recent[-1]):
            return Outcome(None, None, None, step + 1, seen, _since(start), None, tuple(curve))
        if step + 1 in marks:
            curve.append(CurvePoint(step + 1, seen, sum(recent) / len(recent), rate))
            recent = []
    seconds = _since(start)
    start = time.perf_counter()
    loss, error = evaluate(model, corpus.held_out, recipe.context, held_out_windows)
    final = curve[-1].train_loss
    return Outcome(loss, error, final, derived.updates, derived.tokens, seconds, _since(start), tuple(curve))


def _since(start: float) -> float:
    """Seconds since a reading of the clock."""
    return time.perf_counter() - start


def _optimizer(model: Decoder, recipe: Recipe) -> torch.optim.AdamW:
    """AdamW in one fused kernel; weight decay on matrices, not on gains."""
    groups = [
        {"params": [p for p in model.parameters() if p.ndim > 1], "weight_decay": recipe.weight_decay},
        {"params": [p for p in model.parameters() if p.ndim == 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=0.0, betas=(recipe.beta1, recipe.beta2), fused=True)


def _marks(updates: int) -> frozenset[int]:
    """Updates after which the curve gets a point: evenly spaced in the logarithm, the last included."""
    return frozenset(int(mark) for mark in np.geomspace(1, updates, CURVE_POINTS).round())


def _batches(text: NDArray[np.uint8], derived: Derived, context: int, rng: np.random.Generator) -> Iterator[Tensor]:
    """Windows of context + 1 bytes that overlap by the one byte, in random order, none twice."""
    windows = (text.size - 1) // context
    wanted = derived.updates * derived.sequences
    if wanted > windows:
        raise InputError(
            f"A run of {derived.tokens} tokens needs {wanted} windows of {context} bytes, the corpus has {windows}. "
            f"Ask for fewer tokens, or add packages to the corpus."
        )
    order = rng.permutation(windows)[:wanted]
    offsets = np.arange(context + 1)
    for first in range(0, wanted, derived.sequences):
        starts = order[first : first + derived.sequences] * context
        yield torch.from_numpy(text[starts[:, None] + offsets].astype(np.int64))


def _update(model: nn.Module, optimizer: torch.optim.AdamW, batch: Tensor, rate: float, clip: float) -> float:
    """One update; the mean loss of the batch before it."""
    for group in optimizer.param_groups:
        group["lr"] = rate
    logits = model(batch[:, :-1])
    loss = F.cross_entropy(logits.view(-1, VOCABULARY_SIZE), batch[:, 1:].reshape(-1))
    optimizer.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimizer.step()
    return float(loss.detach())


def evaluate(model: nn.Module, text: NDArray[np.uint8], context: int, windows: int) -> tuple[float, float]:
    """Mean loss on evenly spread windows of the held-out files, with its standard error.

    Args:
        model: maps byte values to logits.
        text: the held-out bytes.
        context: bytes of a window.
        windows: how many; all there are if there are fewer.

    Returns:
        Nats per byte, and the standard error over windows. All runs of a ladder share the windows,
        so that they differ from one another by less than it says.
    """
    available = (text.size - 1) // context
    chosen = np.linspace(0, available - 1, min(windows, available)).round().astype(np.int64)
    offsets = np.arange(context + 1)
    losses = []
    with torch.inference_mode():
        for first in range(0, chosen.size, EVALUATION_BATCH):
            starts = chosen[first : first + EVALUATION_BATCH] * context
            batch = torch.from_numpy(text[starts[:, None] + offsets].astype(np.int64))
            logits = model(batch[:, :-1])
            each = F.cross_entropy(logits.transpose(1, 2), batch[:, 1:], reduction="none")
            losses.append(each.mean(1).double().numpy())
    flat = np.concatenate(losses)
    return float(flat.mean()), float(flat.std(ddof=1) / math.sqrt(flat.size))
