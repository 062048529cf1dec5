"""The demonstration as text and as JSON."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isoflop.cli import output, show_fit, show_plan, show_validation
from isoflop.cli.demo import AHEAD, HELD_OUT_DECADES, LAWS, Trial, Whole
from isoflop.units import format_quantity
from isoflop.validate.scores import Prediction

if TYPE_CHECKING:
    from isoflop.runs.table import RunTable


def payload(trial: Trial, whole: Whole, files: Mapping[str, Path]) -> dict[str, Any]:
    """Give everything for programs."""
    plan = whole.plan.to_dict()
    return {
        "law": whole.fit.law.name,
        "rows": len(whole.runs),
        "level": trial.fit.level,
        "held_out": [p.to_dict() for p in trial.predictions],
        "mean_abs_rel_error": trial.scores.mean_abs_rel_error,
        "mean_signed_rel_error": trial.scores.mean_signed_rel_error,
        "coverage": trial.scores.coverage,
        "certificate": show_fit.verdict(whole.fit),
        "verdict": whole.comparison.verdict,
        "plan": {key: plan[key] for key in ("params", "tokens", "tokens_per_param", "loss", "flops")},
        "files": {what: str(path) for what, path in files.items()},
    }


def print_forecasts(trial: Trial) -> None:
    """Print what the small runs say of the large ones, before these are shown."""
    small, large, chosen = trial.small, trial.large, trial.fit
    _title("1. Predict the largest runs before looking at them")
    output.say(
        f"{len(small) + len(large)} byte-level transformers, trained by isoflop's own ladder on Python sources.",
        f"Fitted here: the {len(small)} with {_range(small, 'flops')} FLOPs ({_range(small, 'params')} parameters).",
        f"Held out: the {len(large)} within {HELD_OUT_DECADES:g} decades of the largest compute.",
        f"Of {', '.join(LAWS)}, back-tests among the fitted ones choose {chosen.law.name}: {chosen.law.formula}",
        f"Its fit is {chosen.certificate.verdict}; its back-test widens the intervals "
        f"{show_validation.factor(chosen.inflation)} times.",
    )
    rows = [(*_place(p), _interval(p)) for p in trial.predictions]
    output.grid(
        ("params", "tokens", "decades on", "predicted", f"{trial.fit.level:.0%} interval"), rows, numbers=range(5)
    )


def print_scores(trial: Trial) -> None:
    """Print the measurements beside the forecasts."""
    _title("2. Now the measurements")
    rows = [
        (*_place(p), f"{p.observed:.4f}", f"{p.rel_error:+.2%}", "inside" if p.covered else "OUTSIDE")
        for p in trial.predictions
    ]
    output.grid(
        ("params", "tokens", "decades on", "predicted", "measured", "error", "interval"), rows, numbers=range(6)
    )
    found = trial.scores
    output.say(
        f"mean |error| {found.mean_abs_rel_error:.2%}, mean error {found.mean_signed_rel_error:+.2%}; "
        f"{show_validation.share(found.coverage)} inside their {trial.fit.level:.0%} intervals",
        style="bold",
    )


def print_whole(whole: Whole) -> None:
    """Print what all runs say: comparison, fit, back-test, plan."""
    _title("3. Compare the laws again, now with all runs")
    show_validation.print_comparison(whole.comparison, notes=False)
    _title("4. The best of those whose fit is certified")
    show_fit.print_fit(whole.fit)
    _title("5. Its back-test: fit the small, predict the larger, move the cut")
    show_validation.print_backtest(whole.backtest, notes=False)
    _title(f"6. Plan for {AHEAD:g} times the compute of the largest run")
    show_plan.print_plan(whole.plan, steps=False)


def print_files(files: Mapping[str, Path]) -> None:
    """Print where everything is, and what to try next."""
    _title("7. Everything in one file")
    table, fit = files["table"], files["fit"]
    output.say(f"report: {files['report']}", style="bold")
    output.say(
        f"the runs: {table}",
        f"the fit: {fit}",
        "",
        "next:",
        f"  isoflop predict {fit} --params 1M --tokens 50M",
        f"  isoflop plan {fit} --flops 1e15",
        f"  isoflop fit {table} --law skaling",
        "  isoflop fit YOUR_RUNS.csv --law chinchilla",
    )


def _title(text: str) -> None:
    """Print a heading with space above."""
    output.say("", text, style="bold cyan")


def _place(p: Prediction) -> tuple[str, str, str, str]:
    """Size, data, distance and forecast of a held-out run."""
    params, tokens = (format_quantity(float(p.columns[word])) for word in ("params", "tokens"))
    return params, tokens, f"{p.distance_decades:.2f}", f"{p.predicted:.4f}"


def _interval(p: Prediction) -> str:
    """Interval of a forecast."""
    return "none" if p.interval is None else f"{p.interval[0]:.4f} to {p.interval[1]:.4f}"


def _range(runs: "RunTable", word: str) -> str:
    """Smallest to largest value of a column."""
    values = runs.column(word)
    return f"{format_quantity(float(values.min()))} to {format_quantity(float(values.max()))}"
