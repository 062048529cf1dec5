"""Plans under limits as tables, and their runs as files."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from isoflop.cli import output
from isoflop.errors import InputError

if TYPE_CHECKING:
    from isoflop.plan.within_result import LimitUse, PlanWithin


def choices(items: Sequence[str]) -> dict[str, str]:
    """Read `--choose COLUMN` and `--choose COLUMN=RANGE`.

    Raises:
        InputError: a column comes twice.
    """
    found: dict[str, str] = {}
    for item in items:
        name, _, asked = (part.strip() for part in item.partition("="))
        if name in found:
            raise InputError(f"--choose names {name!r} twice. Keep one of them.")
        found[name] = asked
    return found


def print_within(found: "PlanWithin", *, steps: bool) -> None:
    """Print the best values, the limits with their prices, what is as good, and what speaks against it."""
    from isoflop.plan.within_result import show

    output.say(found.question, style="bold")
    rows = [
        (word, show(word, item), f"{away:.2f} decades" if (away := found.distance_decades.get(word, 0.0)) else "")
        for word, item in {**found.variables, **found.quantities}.items()
    ]
    if found.objective not in {**found.variables, **found.quantities}:
        rows.append((found.objective, show("", found.best), ""))
    output.grid(("", f"value and {found.level:.0%} interval", "beyond the runs"), rows)
    if found.limits:
        output.say("")
        head = ("limit", "used", "binds", "share of draws", f"1 % more changes {found.objective} by")
        output.grid(head, [_limit(use) for use in found.limits], numbers=(1, 3, 4))
    output.say("", *_flat(found), *_chosen(found), *_sensitive(found))
    if steps:
        output.say("", *(f"{number}. {step}" for number, step in enumerate(found.steps, 1)))
    output.say("", *(f"warning: {text}" for text in found.warnings), style="yellow")
    output.say(*(f"not in the intervals: {text}" for text in found.leaves_out))


def write(path: Path, found: "PlanWithin", ladder: Path | None, seeds: Sequence[int]) -> None:
    """Write the plan's runs, as a ladder file where another one is given."""
    from isoflop.plan.emit import runs_of, sizes_of, write_ladder_file, write_run_file

    if ladder is None:
        write_run_file(path, runs_of(found, seeds=seeds))
        return
    from isoflop.ladder.shape import shape_of

    one = sizes_of(found)
    runs = [(one["params"], one["tokens"], seed) for seed in seeds]
    write_ladder_file(path, ladder, runs, lambda width: shape_of(width).params)


def _limit(use: "LimitUse") -> tuple[str, str, str, str, str]:
    """One limit."""
    from isoflop.plan.limits import read_limits

    shown = read_limits([use.text])[0].show(float(use.used.value))
    low, high = (float(end) for end in use.per_percent.interval)
    ends = f" [{low:+.2%}, {high:+.2%}]" if math.isfinite(low) and low != high else ""
    price = f"{use.per_percent.value:+.3%}{ends}" if use.active else ""
    return use.text, shown, "yes" if use.active else "no", f"{use.active_share:.0%}", price


def _flat(found: "PlanWithin") -> list[str]:
    """Values that are as good."""
    from isoflop.plan.limits import show_value

    return [
        f"within {item.within:.0%} of the best: {item.word} {show_value(item.word, item.low)} to "
        f"{show_value(item.word, item.high)}"
        for item in found.flat
    ]


def _chosen(found: "PlanWithin") -> list[str]:
    """Listed values and how many draws choose them."""
    listed = {word: ", ".join(f"{v:g} {share:.0%}" for v, share in some.items()) for word, some in found.chosen.items()}
    return [f"draws choose {word}: {text}" for word, text in listed.items()]


def _sensitive(found: "PlanWithin") -> list[str]:
    """What a tenth more of every input changes."""
    texts = []
    for item in found.sensitivity:
        if not math.isfinite(item.objective):
            texts.append(f"{item.rise:.0%} more of {item.word}: no plan keeps all limits")
            continue
        moved = ", ".join(f"{word} {share:+.1%}" for word, share in item.variables.items())
        texts.append(f"{item.rise:.0%} more of {item.word}: {found.objective} {item.objective:+.2%}, {moved}")
    return texts
