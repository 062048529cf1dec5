"""The keys of `isoflop budget --json`."""

from typing import Final


def _estimate(path: str, meaning: str) -> tuple[tuple[str, str], tuple[str, str]]:
    """Value and interval of a number."""
    return (f"{path}.value", meaning), (f"{path}.interval", "[low, high]")


def _option(path: str) -> tuple[tuple[str, str], ...]:
    """One way to spend."""
    return (
        (f"{path}.model", "name of a model"),
        (f"{path}.rule", "how its k samples make an answer"),
        (f"{path}.k", "samples"),
        *_estimate(f"{path}.accuracy", "mean over problems"),
        *_estimate(f"{path}.cost", "mean cost of a problem, in the unit"),
        (f"{path}.share", "share of the draws that have it on the frontier, or choose it"),
        (f"{path}.forecast", "whether k is beyond the samples at hand"),
    )


BUDGET: Final = (
    ("unit", "of all costs: dollars or eFLOPs, of one problem"),
    ("level", "confidence level of the intervals"),
    ("problems", "problems that all models share"),
    ("routes[].model", "name of a model"),
    ("routes[].rule", "a rule that it is tried under"),
    ("routes[].ks", "numbers of samples"),
    ("routes[].seen", "largest that samples at hand estimate; those beyond are forecasts"),
    *_option("frontier[]"),
    ("budgets[].budget", "mean cost of a problem that was allowed"),
    *_option("budgets[].best"),
    *_estimate("budgets[].best.held_out", "accuracy of choices made on one half of the problems, on the other half"),
    *_estimate("budgets[].adaptive.accuracy", "accuracy on problems that had no part in the split by difficulty"),
    *_estimate("budgets[].adaptive.cost", "what they then cost, the probe included"),
    *_estimate("budgets[].adaptive.uniform", "accuracy of the same for all problems, chosen and counted alike"),
    *_estimate("budgets[].adaptive.uniform_cost", "what that costs"),
    *_estimate("budgets[].adaptive.gain", "accuracy by difficulty less that of the same for all"),
    ("budgets[].adaptive.gain_in_sample", "the same on the problems that were chosen on: too large"),
    ("budgets[].adaptive.price", "accuracy that one more unit of cost would buy"),
    ("budgets[].adaptive.groups[].problems", "problems of a bin, the easiest bin first"),
    ("budgets[].adaptive.groups[].options[].model", "model that they get"),
    ("budgets[].adaptive.groups[].options[].rule", "rule"),
    ("budgets[].adaptive.groups[].options[].k", "samples"),
    ("budgets[].adaptive.groups[].options[].share", "share of the bin's problems"),
    ("saturation[].route", "model and rule"),
    ("saturation[].within", "distance in accuracy that counts as saturated"),
    ("saturation[].rising", "whether the last doubling still gained more than that"),
    *_estimate("saturation[].k", "least samples within the distance of the best"),
    *_estimate("saturation[].cost", "cost there"),
    *_estimate("saturation[].accuracy", "accuracy there"),
    *_estimate("saturation[].ceiling", "best accuracy of the route"),
    *_estimate("saturation[].last_gain", "accuracy that the last doubling brought"),
    ("break_even[].model", "model that is sampled more"),
    *_option("break_even[].against"),
    *_estimate("break_even[].cost", "cost at which it is as accurate; null where it never is"),
    *_estimate("break_even[].ratio", "of the two costs; below 1 the samples are cheaper"),
    ("break_even[].reached", "share of the draws in which it gets there"),
    *_estimate("break_even[].crossing", "budget from which on the other is better; null where it never is"),
    ("break_even[].crosses", "share of the draws in which there is one"),
    *_estimate("break_even[].questions", "questions that repay the other's extra training; null without prices of it"),
    *_estimate(
        "break_even[].inference_share",
        "tokens of inference over tokens of pre-training below which samples are cheaper; null without sizes",
    ),
    ("warnings", "what speaks against taking the numbers as they are"),
    ("leaves_out", "what the intervals do not contain"),
)
