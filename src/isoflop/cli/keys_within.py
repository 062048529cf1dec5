"""The keys of `isoflop plan-within --json`."""

from typing import Final

from isoflop.cli.keys_runs import VERDICT


def _estimate(path: str, meaning: str) -> tuple[tuple[str, str], tuple[str, str]]:
    """Value and interval of a number."""
    return (f"{path}.value", meaning), (f"{path}.interval", "[low, high]")


WITHIN: Final = (
    ("question", "what was asked, in words"),
    ("objective", "what was minimised or maximised"),
    ("sense", "minimise or maximise"),
    ("level", "confidence level of the intervals"),
    ("laws.RESPONSE", "formula of the law of a response"),
    ("given.WORD", "what was given: prices, other columns, the device"),
    ("inputs.WORD", "every number that plays a part, in base units: seconds, bytes, dollars, tokens"),
    *_estimate("best", "the objective of the best plan"),
    *_estimate("variables.COLUMN", "best value of what was to be decided"),
    *_estimate("quantities.WORD", "a response, compute, money, time, memory, as far as they play a part"),
    ("chosen.COLUMN.VALUE", "share of the draws that choose a listed value"),
    ("limits[].text", "a limit as it was written"),
    *_estimate("limits[].used", "its left side in the best plan"),
    *_estimate("limits[].limit", "its right side"),
    ("limits[].active", "whether it binds"),
    ("limits[].active_share", "share of the draws in which it binds"),
    *_estimate("limits[].shadow_price", "change of the objective per unit of the right side"),
    *_estimate("limits[].per_percent", "change of the objective, as a share, per 1 % of the right side"),
    ("flat[].word", "a variable"),
    ("flat[].within", "share by which the objective may be worse than the best"),
    ("flat[].low", "least value with which it still is"),
    ("flat[].high", "largest such value"),
    ("sensitivity[].word", "an input or a limit"),
    ("sensitivity[].rise", "share by which it rises"),
    ("sensitivity[].objective", "share by which the best objective then changes; null where there is no plan"),
    ("sensitivity[].variables.COLUMN", "share by which the best value changes"),
    ("distance_decades.COLUMN", "distance beyond the runs, in powers of ten, where there is one"),
    ("source_decades.COLUMN", "the same from the range that the law's source supports"),
    ("inflation", "factor of a back-test in the intervals, or null"),
    ("settings.WORD", "all that makes the run: what was decided, the law's columns, labels such as a recipe"),
    ("nearby.values.WORD", "the nearest run whose model has a shape, all limits kept; `nearby` is null without one"),
    ("nearby.worse", "share by which its objective is worse than the best"),
    ("steps[].number", "number of a step of the derivation"),
    ("steps[].text", "what is done"),
    ("steps[].formula", "its formula, or empty"),
    ("steps[].value", "the number that comes out, or null"),
    ("steps[].source", "where the step comes from"),
    ("steps[].assumption", "whether the plan stands on it without having shown it"),
    ("warnings", "what speaks against using the plan as it is"),
    ("leaves_out", "what the intervals do not contain"),
    *VERDICT,
)
