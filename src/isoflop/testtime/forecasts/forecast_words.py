"""Laws of coverage in words, with their constants."""

from collections.abc import Mapping

from isoflop.fit.estimate import Estimate
from isoflop.testtime.forecasts.distributions import DifficultyFit
from isoflop.testtime.forecasts.forecast import Forecasts
from isoflop.testtime.forecasts.implied import CoveragePower


def laws_said(found: Forecasts, level: float) -> list[str]:
    """Say what was fitted, in formulas with their constants.

    Args:
        found: forecasts.
        level: confidence level of the constants.

    Returns:
        One line per law.
    """
    said = [] if found.power is None else [_power(found.power, level)]
    return [*said, _distribution(found.difficulty, level), families_said(found.families)]


def families_said(families: Mapping[str, float]) -> str:
    """Say how plausible the counts leave each family, the most plausible first.

    >>> families_said({"scaled beta": 0.31, "normal log-odds": 0.002, "free form": 0.688})
    'given counts: free form 69%, scaled beta 31%, normal log-odds <1%'
    """
    ordered = sorted(families.items(), key=lambda pair: -pair[1])
    return "given counts: " + ", ".join(
        f"{name} {share:.0%}" if share >= 0.005 else f"{name} <1%" for name, share in ordered
    )


def _power(power: CoveragePower, level: float) -> str:
    """The power law."""
    a, b = (_number(power.parameter(name, level=level)) for name in ("a", "b"))
    verdict = power.fit.certificate.verdict
    doubt = "" if power.fit.certificate.ok else f" ({verdict})"
    return f"power law: pass@k = exp(-a k^-b), a = {a}, b = {b}{doubt}"


def _distribution(fit: DifficultyFit, level: float) -> str:
    """The scaled beta."""
    alpha, beta = (_number(fit.parameter(name, level=level)) for name in ("alpha", "beta"))
    doubt = "" if fit.outcome == "interior" else f" ({fit.outcome})"
    law = f"pass rates / {fit.difficulty.scale:.4g} ~ Beta(alpha, beta)"
    return f"distribution: {law}, alpha = {alpha}, beta = {beta}{doubt}"


def _number(found: Estimate) -> str:
    """A number with its interval."""
    low, high = found.interval
    return f"{found.value:.4g} [{low:.4g}, {high:.4g}]"
