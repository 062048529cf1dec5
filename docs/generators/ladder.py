"""The page of the embedded table: what was trained, on what, where, and what its columns count."""

import json
from collections.abc import Mapping
from typing import Any

from docs.generators.laws import table
from docs.generators.tree import SOURCE

from isoflop.runs import RunTable, embedded, embedded_path
from isoflop.units import format_quantity


def pages() -> dict[str, str]:
    """Return the page by its path below docs/."""
    facts, runs = about(), embedded("ladder")
    corpus = facts["corpus"]
    packages = ", ".join(f"{p['name']} {p['version']}" for p in corpus["packages"])
    toml = (SOURCE / "ladder/data/ladder.toml").read_text("utf-8")
    parts = [
        "# The embedded ladder",
        summary(),
        f"**Text.** {corpus['text']}: {packages}. Held out: {corpus['held_out']}. "
        f"SHA-256 of the corpus: `{corpus['sha256']}`.",
        f"**Machine.** {'; '.join(facts['machine'])}; PyTorch {', '.join(facts['torch'])}. "
        f"{facts['run_seconds'] / 3600:.1f} hours of runs, the last ended on {facts['last_run_ended'][:10]}.",
        "## What the columns count",
        table(("Column", "What is counted"), [(f"`{name}`", text) for name, text in facts["counted"].items()]),
        "## The runs",
        table(("params", "tokens", "tokens per parameter", "flops", "seeds", "loss"), _rows(runs)),
        "## The recipe and the grid",
        "`isoflop ladder run` takes this file, with the extra `isoflop[ladder]`, and makes the same runs on a machine "
        "of yours; a run that is there already is neither lost nor repeated when the command is started again.",
        f"```toml\n{toml.strip()}\n```",
    ]
    return {"ladder.md": "\n\n".join(parts) + "\n"}


def about() -> Mapping[str, Any]:
    """Return what was recorded beside the table."""
    facts: Mapping[str, Any] = json.loads(embedded_path("ladder").with_suffix(".json").read_text("utf-8"))
    return facts


def summary() -> str:
    """Return what the table is, in a paragraph with its numbers."""
    facts, runs = about(), embedded("ladder")
    params, tokens, flops = (runs.column(word) for word in ("params", "tokens", "flops"))
    ratio = tokens / params
    sentences = (
        f"The table that comes with isoflop was measured for it: {len(runs)} small decoder-only transformers of "
        f"{len(set(params))} sizes ({format_quantity(params.min())} to {format_quantity(params.max())} parameters), "
        f"trained from scratch on {format_quantity(tokens.min())} to {format_quantity(tokens.max())} bytes of Python",
        f"source code ({ratio.min():.0f} to {ratio.max():.0f} bytes per parameter, "
        f"{flops.min():.1e} to {flops.max():.1e} FLOPs).",
        f"A token is a byte, and the loss is in nats per byte on held-out files. On {'; '.join(facts['machine'])}",
        f"the runs took {facts['run_seconds'] / 3600:.1f} hours.",
        "These are tiny models of one narrow kind of text: the table shows the method on real runs, and its "
        "coefficients say nothing about yours.",
    )
    return " ".join(sentences)


def _rows(runs: RunTable) -> list[tuple[str, ...]]:
    """Return a row for every size and length of training, seeds together."""
    groups: dict[tuple[float, float], list[float]] = {}
    for n, d, loss in zip(runs.column("params"), runs.column("tokens"), runs.column("loss"), strict=True):
        groups.setdefault((float(n), float(d)), []).append(float(loss))
    return [
        (format_quantity(n), format_quantity(d), f"{d / n:.0f}", f"{6 * n * d:.2e}", str(len(losses)), _losses(losses))
        for (n, d), losses in sorted(groups.items())
    ]


def _losses(losses: list[float]) -> str:
    """Return one loss, or the smallest and largest of several seeds."""
    return f"{losses[0]:.4f}" if len(losses) == 1 else f"{min(losses):.4f} to {max(losses):.4f}"
