"""Laws of coverage and their back-test as JSON has them."""

from typing import Any

from isoflop.testtime.forecasts.distributions import DifficultyFit
from isoflop.testtime.forecasts.forecast import HiddenSamples
from isoflop.testtime.forecasts.implied import CoveragePower


def power_dict(power: CoveragePower, level: float) -> dict[str, Any]:
    """Give the power law of a curve.

    Args:
        power: with draws.
        level: confidence level.

    Returns:
        Keys for JSON.
    """
    return {
        "a": power.parameter("a", level=level).to_dict(),
        "b": power.parameter("b", level=level).to_dict(),
        "ks": list(power.ks),
        "left_out": list(power.left_out),
        "certificate": {
            "verdict": power.fit.certificate.verdict,
            "ok": power.fit.certificate.ok,
            "reasons": list(power.fit.certificate.reasons),
        },
    }


def difficulty_dict(fit: DifficultyFit, level: float) -> dict[str, Any]:
    """Give the distribution of difficulty.

    Args:
        fit: with draws.
        level: confidence level.

    Returns:
        Keys for JSON.
    """
    return {
        "alpha": fit.parameter("alpha", level=level).to_dict(),
        "beta": fit.parameter("beta", level=level).to_dict(),
        "scale": fit.difficulty.scale,
        "log_likelihood": fit.log_likelihood,
        "outcome": fit.outcome,
    }


def backtest_dict(found: HiddenSamples) -> dict[str, Any]:
    """Give a back-test.

    Args:
        found: the back-test.

    Returns:
        Keys for JSON.
    """
    return {
        "kept": list(found.kept),
        "samples": found.samples,
        "repeats": found.repeats,
        "methods": {
            one.method: {
                "rms_error": one.rms_error,
                "mean_error": one.mean_error,
                "coverage": one.scores.coverage,
                "inflation": one.scores.inflation,
            }
            for one in found.methods
        },
        "skipped": list(found.skipped),
    }
