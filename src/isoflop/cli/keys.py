"""The keys of every `--json` output, with their meaning; docs/json.md and a test stand on this table."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True)
class Key:
    """One key of a JSON output.

    Attributes:
        path: names joined by dots; capitals stand for any name, `[]` for each item of a list.
        meaning: what stands there, with its unit.
    """

    path: str
    meaning: str


def _keys(*rows: tuple[str, str]) -> tuple[Key, ...]:
    """Keys from (path, meaning)."""
    return tuple(Key(path, meaning) for path, meaning in rows)


_LAW: Final = (
    ("name", "name of the law"),
    ("formula", "the formula as text"),
    ("title", "what it is, in one line"),
    ("family", "file of the catalogue, or `user`"),
    ("columns", "words of the columns that it needs"),
    ("response", "word of what it predicts"),
    ("source", "authors, year, title and place; null for a formula of the user"),
)
_VERDICT: Final = (
    ("certificate.verdict", "`certified`, `weakly identified` or `not converged`"),
    ("certificate.reasons", "what speaks against the fit; empty when it is certified"),
)
_LAWS: Final = (
    *((f"laws[].{path}", meaning) for path, meaning in _LAW),
    ("laws[].parameters", "names of its parameters"),
)
_SHOW: Final = (
    *_LAW,
    ("parameters.NAME.domain", "`positive`, `real`, or [low, high]"),
    ("parameters.NAME.meaning", "what the parameter is"),
    ("linear", "parameters in which the law is linear"),
    ("latex", "the equation as LaTeX"),
    ("unit", "unit of the response"),
    ("counted", "what columns and response count"),
    ("valid", "range in which the source supports it"),
    ("advice", "how to fit it, and what to beware of"),
    ("published[].name", "name of a published coefficient set"),
    ("published[].values.NAME", "its coefficients"),
    ("published[].errors.NAME", "its standard errors, where the source prints them"),
    ("published[].where", "table, equation or file of the source"),
    ("published[].evidence", "`V` read in the source, `R` recomputed"),
    ("published[].note", "units and corpus"),
)
_CHECK: Final = (
    ("ok", "whether a fit is possible"),
    ("rows", "runs in the table"),
    ("usable", "runs that a fit can use"),
    ("columns", "names of the columns, words of the vocabulary first"),
    ("derived.NAME", "rule by which a column follows from others"),
    ("findings[].level", "`error` (no fit is possible), `warning` or `note`"),
    ("findings[].code", "short name of the finding"),
    ("findings[].message", "what was found"),
    ("findings[].rows", "rows concerned, from 1, header not counted"),
    ("findings[].column", "column concerned, or null"),
    ("findings[].next_step", "what to do"),
    ("data.file", "file"),
    ("data.sha256", "SHA-256 of the file"),
    ("data.where", "filter, or null"),
    ("data.mapping.NAME", "header that was taken for a word"),
)
_FIT: Final = (
    ("law", "name of the law"),
    ("formula", "the formula as text"),
    ("rows", "runs that were fitted"),
    ("level", "confidence level of the intervals"),
    ("objective.name", "what was minimised, as `--objective` names it"),
    ("objective.value", "its value at the optimum: a sum over runs"),
    ("objective.kind", "its shape"),
    ("objective.log", "whether residuals are of the logarithm"),
    ("objective.delta", "its scale, or null"),
    ("objective.ratio", "weight of over-predictions, or degrees of freedom, where it has one"),
    ("parameters.NAME.value", "estimate, in the units of the table; `A[recipe=web]` is A for that level"),
    ("parameters.NAME.interval", "[low, high]; only with draws"),
    *_VERDICT,
    ("certificate.checks[].name", "one check"),
    ("certificate.checks[].value", "what was measured"),
    ("certificate.checks[].threshold", "what it was compared with"),
    ("certificate.checks[].passed", "whether it holds"),
    ("certificate.checks[].text", "the finding in words"),
    ("certificate.checks[].blocks", "what failing means: no `optimum`, or no `identification`"),
    ("data.sha256", "SHA-256 of the values that were fitted"),
    ("data.file", "file, or null"),
    ("data.file_sha256", "SHA-256 of the file's bytes"),
    ("data.where", "filter, or null"),
    ("data.ranges.COLUMN", "smallest and largest value"),
    ("data.notes", "conventions: what is counted, what was derived"),
    ("data.excluded[].row", "row that was left out, from 1"),
    ("data.excluded[].reason", "why"),
    ("response", "word of what was explained"),
    ("fixed.NAME", "value of a fixed parameter"),
    ("priors.NAME", "mean and standard deviation of a prior"),
    ("levels.COLUMN", "levels of a column that indexes parameters"),
    ("free", "which parameters were estimated"),
    ("inflation", "factor from a back-test, or null"),
    ("settings.NAME", "seed, draws, resampling, columns of weights and noise"),
    ("versions.PACKAGE", "versions that made the fit"),
    ("law_parameters.NAME.domain", "domain of a parameter"),
    ("law_parameters.NAME.meaning", "what it is"),
    ("variables", "columns outside the vocabulary that the formula names"),
    ("unit", "unit of the response"),
    ("residuals", "residual of each run in the objective's scale"),
    ("draws", "one list of parameter values per draw, or null"),
    ("format", "version of this layout"),
)
_PREDICT: Final = (
    ("RESPONSE.value", "the forecast; the key is the response's word, `loss` for most laws"),
    ("RESPONSE.interval", "[low, high]"),
    ("level", "confidence level"),
    ("unit", "unit of the forecast"),
    ("columns.COLUMN", "where the law was evaluated"),
    ("new_run", "whether the interval contains the noise of a single run"),
    ("distance_decades.COLUMN", "how far beyond the data, in powers of ten; 0 inside"),
    ("inflation", "factor by which a back-test widened the interval, or null"),
    ("leaves_out", "what the interval does not contain"),
    ("law", "name of the law"),
    *_VERDICT,
)
_BACKTEST: Final = (
    ("law", "name of the law"),
    ("formula", "the formula as text"),
    ("objective", "what was minimised"),
    ("by", "column of the cuts"),
    ("level", "confidence level of the intervals"),
    ("splits[].cut", "value of the column: runs below it were fitted, the others predicted"),
    ("splits[].train_rows", "how many runs were fitted"),
    ("splits[].test_rows", "how many were predicted"),
    ("splits[].distance_decades", "median distance of the predicted runs beyond the fitted ones, in powers of ten"),
    ("splits[].mean_abs_rel_error", "mean absolute value of predicted / observed − 1"),
    ("splits[].mean_signed_rel_error", "mean of predicted / observed − 1"),
    ("splits[].coverage", "share of runs inside their intervals, or null"),
    ("splits[].inflation", "factor that the intervals lacked, or null"),
    ("splits[].objective", "what was minimised for this cut"),
    ("splits[].verdict", "verdict on the fit below the cut"),
    ("splits[].predictions[].row", "row of a held-out run"),
    ("splits[].predictions[].columns.COLUMN", "the law's inputs"),
    ("splits[].predictions[].observed", "measured value"),
    ("splits[].predictions[].predicted", "forecast"),
    ("splits[].predictions[].interval", "[low, high], or null"),
    ("splits[].predictions[].distance_decades", "distance beyond the largest fitted run, in powers of ten"),
    ("skipped[].cut", "a cut that was not used"),
    ("skipped[].reason", "why"),
    ("mean_abs_rel_error", "mean absolute value of predicted / observed − 1 over all predictions"),
    ("mean_signed_rel_error", "mean of predicted / observed − 1 over all predictions"),
    ("coverage", "share of held-out runs inside their intervals, or null"),
    ("inflation", "factor by which intervals of forecasts must grow, at least 1, or null"),
    ("notes", "what to know when reading the numbers"),
)
_LADDER: Final = (
    ("directory", "folder of corpus, records and table"),
    ("table", "the table of runs"),
    ("made", "runs made by this call"),
    ("found", "runs that were there before"),
)

KEYS: Final[Mapping[str, tuple[Key, ...]]] = MappingProxyType(
    {
        "laws": _keys(*_LAWS),
        "show": _keys(*_SHOW),
        "check": _keys(*_CHECK),
        "fit": _keys(*_FIT),
        "predict": _keys(*_PREDICT),
        "backtest": _keys(*_BACKTEST),
        "ladder run": _keys(*_LADDER),
    }
)
"""Command → keys of what `--json` prints."""
