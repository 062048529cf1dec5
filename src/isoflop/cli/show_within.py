"""Plans under limits as tables, and their runs as files."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from isoflop.cli import output
from isoflop.cli.inputs import pairs
from isoflop.errors import InputError

if TYPE_CHECKING:
    from isoflop.api.deciding import Within
    from isoflop.plan.within.result import PlanWithin


def asked(
    choose: Sequence[str] | None,
    limits: Sequence[str] | None,
    settings: Sequence[str] | None,
    *,
    minimise: str | None,
    maximise: str | None,
) -> "Within":
    """Read the options that say what a plan under limits is to be.

    Args:
        choose: `COLUMN` or `COLUMN=RANGE` each.
        limits: `WHAT<=MUCH` each.
        settings: `WORD=VALUE` each.
        minimise: what is made small.
        maximise: what is made large.

    Returns:
        Arguments of the library.

    Raises:
        InputError: a column or word comes twice.
    """
    return {
        "choose": _choices(choose or ()), "limits": limits or (), "minimise": minimise, "maximise": maximise,
        "given": dict(pairs(settings, "--set", "price=$2/h")),
    }  # fmt: skip


def _choices(items: Sequence[str]) -> dict[str, str]:
    """Columns with their ranges; empty for a range around the runs."""
    found: dict[str, str] = {}
    for item in items:
        name, _, text = (part.strip() for part in item.partition("="))
        if name in found:
            raise InputError(f"--choose names {name!r} twice. Keep one of them.")
        found[name] = text
    return found


def print_within(found: "PlanWithin", *, steps: bool) -> None:
    """Print the best values, the limits with their prices, what is as good, and what speaks against it."""
    from isoflop.plan.within import words

    output.say(found.question, style="bold")
    output.grid(("", f"value and {found.level:.0%} interval", "beyond the runs"), words.value_rows(found))
    if found.limits:
        output.say("")
        head = ("limit", "used", "binds", "share of draws", f"1 % more changes {found.objective} by")
        output.grid(head, [words.limit_row(use) for use in found.limits], numbers=(1, 3, 4))
    near = words.nearby_text(found)
    output.say("", *_flat(found), *_chosen(found), *([near] if near else []), *_sensitive(found))
    if steps:
        output.say("", *(f"{number}. {step}" for number, step in enumerate(found.steps, 1)))
    output.say("", *(f"warning: {text}" for text in found.warnings), style="yellow")
    output.say(*(f"not in the intervals: {text}" for text in found.leaves_out))


def write(path: Path, found: "PlanWithin", ladder: Path | None, seeds: Sequence[int]) -> None:
    """Write the plan's runs, as a ladder file where another one is given."""
    from isoflop.plan.emit.files import ladder_width, write_ladder_file, write_run_file
    from isoflop.plan.emit.plans import runs_of, sizes_of

    if ladder is None:
        write_run_file(path, runs_of(found, seeds=seeds))
        return
    from isoflop.ladder.shape import shape_of

    def size_of(width: int) -> float:
        return float(shape_of(width).params)

    one = sizes_of(found)
    size = size_of(ladder_width(one["params"], size_of))
    tokens = one["tokens"] * one["params"] / size if "tokens" in found.variables else one["tokens"]
    write_ladder_file(path, ladder, [(size, tokens, seed) for seed in seeds], size_of, notes=found.warnings)


def _flat(found: "PlanWithin") -> list[str]:
    """Values that are as good."""
    from isoflop.plan.within.words import flat_ends

    return [f"within {item.within:.0%} of the best: {item.word} {' to '.join(flat_ends(item))}" for item in found.flat]


def _chosen(found: "PlanWithin") -> list[str]:
    """Listed values and how many draws choose them."""
    from isoflop.plan.within.words import draws_text

    return [f"draws choose {word}: {draws_text(some)}" for word, some in found.chosen.items()]


def _sensitive(found: "PlanWithin") -> list[str]:
    """What a tenth more of every input changes."""
    from isoflop.plan.within.words import moved

    texts = []
    for item in found.sensitivity:
        change = moved(item)
        if change is None:
            texts.append(f"{item.rise:.0%} more of {item.word}: no plan keeps all limits")
            continue
        others = "".join(f", {word} {share:+.1%}" for word, share in item.variables.items())
        texts.append(f"{item.rise:.0%} more of {item.word}: {found.objective} {change}{others}")
    return texts
