"""JSON keys of `isoflop recipes`: (path, meaning) of each."""

from typing import Final


def _estimate(path: str, meaning: str) -> tuple[tuple[str, str], ...]:
    """Keys of a quantity with its interval."""
    return (
        (f"{path}.value", f"{meaning}, or null where there is none"),
        (f"{path}.interval", f"{meaning}: [low, high], null where there is none"),
    )


def _p_value(path: str, meaning: str) -> tuple[tuple[str, str], ...]:
    """Keys of a quantity with its interval and its test against 0."""
    return (*_estimate(path, meaning), (f"{path}.p_value", f"{meaning}: how often chance makes one as large"))


RECIPES: Final = (
    ("law", "name of the law"),
    ("formula", "the formula that was fitted"),
    ("way", "`shared`, one fit with common parameters, `partial` with nearly common ones, or `separate`"),
    ("shared", "the common parameters; empty for separate fits"),
    ("response", "word of what is compared"),
    ("better", "`lower` or `higher`: which response is the better one"),
    ("column", "what grows, such as flops"),
    ("at", "its value at which recipes are compared"),
    ("held", "what is held while it grows, in words"),
    ("level", "confidence level of the intervals"),
    ("baseline", "recipe that the others are compared with"),
    ("inflation", "factor that a back-test found the intervals to lack, applied where above 1; null without one"),
    ("recipes[].recipe", "a recipe, best first"),
    ("recipes[].rows", "its runs"),
    *_estimate("recipes[].response", "what the law says there"),
    *_estimate("recipes[].difference", "its response minus the baseline's"),
    *_estimate("recipes[].relative", "the same as a share of the baseline's"),
    *_estimate("recipes[].multiplier", "how many times its compute the baseline needs for the same response"),
    ("recipes[].probability_better", "probability that it is better than the baseline; null for the baseline"),
    ("recipes[].probability_best", "probability that it is the best of all"),
    ("recipes[].largest", "largest scale among its runs"),
    ("recipes[].distance_decades", "how far the scale lies beyond its runs, in powers of ten"),
    ("recipes[].verdict", "verdict on the fit behind it"),
    ("recipes[].paired.pairs", "runs paired with the baseline's; `paired` is null where there are too few"),
    ("recipes[].paired.keys", "columns that the runs of a pair have in common"),
    ("recipes[].paired.top", "largest scale among the pairs"),
    ("recipes[].paired.at", "scale of the forecast"),
    *_p_value("recipes[].paired.gap_top", "gap of the logarithms at the top, below 0 where its response is lower"),
    *_p_value("recipes[].paired.trend", "change of the gap per e-fold of the scale"),
    *_estimate("recipes[].paired.gap_at", "mean gap forecast at the scale"),
    ("recipes[].paired.noise", "standard deviation of one pair's gap about the line"),
    ("recipes[].paired.crossing.value", "scale at which the line passes 0, or null"),
    (
        "recipes[].paired.crossing.region",
        "Fieller's set: [low, high] of each part, null for an end that is missing",
    ),
    ("recipes[].paired.crossing.kind", "`bounded`, `half-line`, `outside`, `everything` or `empty`"),
    ("recipes[].paired.decided", "whether the interval of the gap at the scale leaves 0 out"),
    ("recipes[].unpaired", "why there is no paired comparison; empty otherwise"),
    ("winner.recipe", "recipe with the best response"),
    *_estimate("winner.response", "its response, with an interval that holds whichever recipe had won"),
    ("winner.optimism", "how much better the best one looks than it is, by the draws"),
    ("winner.optimism_if_equal", "the same where all recipes were equal"),
    ("winner.corrected", "its response made worse by the optimism"),
    ("winner.probability_best", "probability that it is the best"),
    ("winner.second", "recipe with the next best response"),
    *_estimate("winner.lead", "how much better than that one, with an interval that holds together with the others'"),
    ("winner.tied", "recipes that cannot be told from the best one"),
    ("winner.resolved", "whether the differences of all others from it leave 0 out, all intervals together"),
    ("crossings[].first", "a recipe"),
    ("crossings[].second", "the baseline"),
    ("crossings[].values", "scales at which the fitted curves cross"),
    ("crossings[].region", "scales at which they may: [low, high] of each part, null for an end that does not exist"),
    ("crossings[].kind", "`bounded`, `half-line`, `outside`, `everything` (not resolved) or `empty` (none)"),
    ("crossings[].span", "scales between which was searched"),
    ("crossings[].below", "recipe ahead at the lower end"),
    ("crossings[].above", "recipe ahead at the upper end"),
    ("crossings[].words", "the same in a sentence"),
    ("pooling.f", "F ratio of common against separate parameters; `pooling` is null where it cannot be made"),
    ("pooling.freedom", "degrees of freedom of numerator and denominator"),
    ("pooling.p_value", "how often chance makes such a ratio where the parameters are common"),
    ("spreads[].exponent", "an exponent that is shared in part; `spreads` is empty otherwise"),
    ("spreads[].values", "its estimates from separate fits"),
    ("spreads[].errors", "their standard errors"),
    ("spreads[].sd", "its standard deviation between recipes"),
    ("times.baseline", "recipe of the speedups; `times` is null without --time"),
    ("times.largest_ratio", "times slower than the fastest from which on a workload does not count"),
    ("times.recipes[].recipe", "a recipe"),
    ("times.recipes[].score", "area under its performance profile, 0 to 1"),
    ("times.recipes[].speedup", "geometric mean of baseline time over its time, or null"),
    ("times.recipes[].solved", "workloads that it solves"),
    ("times.recipes[].times.WORKLOAD", "its time to the target, or null"),
    ("classes[].hours", "accelerator-hours of a class; `classes` is null without --hours"),
    ("classes[].responses.RECIPE", "its best response within them"),
    ("classes[].best", "recipe with the best of them, or null"),
    ("classes[].lead", "share by which the runner-up is worse than the best one, or null"),
    ("warnings", "what speaks against using it as it is"),
    ("leaves_out", "what the intervals do not contain"),
    ("notes", "conventions, and what the back-test said"),
)
