"""The keys of `isoflop curves --json`."""

from typing import Final

from isoflop.cli.keys_runs import VERDICT

CURVES: Final = (
    ("law", "name of the law"),
    ("parameters.NAME.value", "a parameter"),
    ("parameters.NAME.interval", "[low, high], or null without draws"),
    ("fixed.NAME", "value of a parameter that was kept"),
    ("curves", "how many curves were fitted"),
    ("rows", "how many checkpoints were fitted"),
    ("steps", "last step of the schedules that are compared"),
    ("peak", "their highest learning rate"),
    ("end", "their learning rate at the last step"),
    ("schedules[].name", "name of a schedule, best first; `best` is the one that the law prefers to all"),
    ("schedules[].loss.value", "its loss at the last step, in the unit of the table"),
    ("schedules[].loss.interval", "[low, high]"),
    ("schedules[].behind.value", "how much more that is than the best of the list"),
    ("schedules[].behind.interval", "[low, high], compared draw by draw"),
    ("level", "confidence level of the intervals"),
    *VERDICT,
)
