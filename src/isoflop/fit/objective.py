"""What is minimised: a sum over runs of a function of their residuals."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from isoflop.errors import FitError, UnitsError
from isoflop.units import parse_quantity

Array = NDArray[Any]
Kind = Literal["huber", "squares", "asymmetric", "student-t"]

EFFICIENT_HUBER: Final = 1.345
"""Huber's threshold in residual scales: 95 % efficient under Gaussian noise (Huber 1964)."""

MAD_TO_SIGMA: Final = 1.4826
"""Median absolute deviation to standard deviation of a Gaussian."""

NAMES: Final = ("log-huber", "log-ls", "ls", "asymmetric", "student-t")


@dataclass(frozen=True)
class Objective:
    """A sum over runs of rho(residual); the sum, never the mean.

    `log-huber`: rho(r) = r^2/2 for |r| <= delta, else delta (|r| - delta/2), r = ln L - ln f.

    Args:
        name: text that names it again, such as `log-huber:0.001`.
        kind: shape of rho.
        log: whether the residual is ln L - ln f or L - f.
        delta: Huber threshold or Student-t scale; None until the residuals' scale is known.
        ratio: weight of over-predictions (asymmetric) or degrees of freedom (Student-t).
    """

    name: str
    kind: Kind
    log: bool = True
    delta: float | None = None
    ratio: float = 1.0

    @property
    def needs_scale(self) -> bool:
        """Whether delta still has to be set from the residuals."""
        return self.kind != "squares" and self.delta is None

    def with_scale(self, sigma: float) -> "Objective":
        """The same objective with delta set from the residuals' scale."""
        if not self.needs_scale:
            return self
        factor = 1.0 if self.kind == "student-t" else EFFICIENT_HUBER
        return replace(self, delta=max(factor * sigma, 1e-12))

    def rho(self, r: Array) -> Array:
        """Contribution of each residual."""
        match self.kind:
            case "squares":
                return 0.5 * np.square(r)
            case "student-t":
                scale = self._delta
                return 0.5 * (self.ratio + 1) * scale**2 * np.log1p(np.square(r / scale) / self.ratio)
        size = np.abs(r)
        clipped = np.minimum(size, self._delta)
        value = clipped * (size - 0.5 * clipped)
        return value * np.where(r < 0, self.ratio, 1.0) if self.kind == "asymmetric" else value

    def slopes(self, r: Array) -> tuple[Array, Array, Array]:
        """Slope rho', secant rho'/r (the re-weighting curvature) and second derivative rho''."""
        match self.kind:
            case "squares":
                one = np.ones_like(r)
                return r, one, one
            case "student-t":
                ratio = np.square(r / self._delta) / self.ratio
                secant = (self.ratio + 1) / self.ratio / (1 + ratio)
                return r * secant, secant, secant * (1 - ratio) / (1 + ratio)
        delta = self._delta
        size = np.abs(r)
        inside = (size <= delta).astype(r.dtype)
        secant = delta / np.maximum(size, delta)
        if self.kind == "asymmetric":
            side = np.where(r < 0, self.ratio, 1.0)
            secant *= side
            inside *= side
        return r * secant, secant, inside

    def stiffness(self, r: Array, weights: Array) -> float:
        """Mean of rho'' over the noise, as a difference quotient of rho' over part of the residuals' scale.

        A mean of rho'' itself counts the residuals inside a small threshold, which fitted runs fill.
        """
        width: float = robust_scale(r) * len(r) ** -0.2
        if width < 1e-12:
            return float(np.average(self.slopes(r)[2], weights=weights))
        rise: Array = self.slopes(r + width)[0] - self.slopes(r - width)[0]
        return float(np.average(rise, weights=weights)) / (2 * width)

    @property
    def _delta(self) -> float:
        """Delta, which must have been set."""
        if self.delta is None:
            raise AssertionError("the objective has no scale yet")
        return self.delta

    def __str__(self) -> str:
        """Name with the threshold in use."""
        return self.name if self.delta is None or ":" in self.name else f"{self.name} (delta {self.delta:.3g})"


def robust_scale(residuals: Array, parameters: int = 0) -> float:
    """Standard deviation of the residuals by their median absolute size, corrected for fitted parameters.

    Args:
        residuals: shape (n,).
        parameters: how many parameters were fitted to them.

    Returns:
        `1.4826 median|r| sqrt(n / (n - p))`.
    """
    n = len(residuals)
    return float(MAD_TO_SIGMA * np.median(np.abs(residuals)) * math.sqrt(n / max(n - parameters, 1)))


def _huber(argument: str | None) -> Objective:
    if argument is None:
        return Objective("log-huber", "huber")
    return Objective(f"log-huber:{argument}", "huber", delta=_positive(argument, "log-huber"))


def _asymmetric(argument: str | None) -> Objective:
    ratio = 4.0 if argument is None else _positive(argument, "asymmetric")
    return Objective(f"asymmetric:{ratio:g}", "asymmetric", ratio=ratio)


def _student(argument: str | None) -> Objective:
    freedom = 4.0 if argument is None else _positive(argument, "student-t")
    return Objective(f"student-t:{freedom:g}", "student-t", ratio=freedom)


def _plain(name: str, *, log: bool) -> Callable[[str | None], Objective]:
    def make(argument: str | None) -> Objective:
        if argument is not None:
            raise FitError(f"The objective {name!r} takes no number, but {argument!r} was given. Write {name!r}.")
        return Objective(name, "squares", log=log)

    return make


_MAKERS: Final[dict[str, Callable[[str | None], Objective]]] = {
    "log-huber": _huber,
    "log-ls": _plain("log-ls", log=True),
    "ls": _plain("ls", log=False),
    "asymmetric": _asymmetric,
    "student-t": _student,
}


def _positive(text: str, name: str) -> float:
    """A positive number after the colon."""
    try:
        value = parse_quantity(text)
    except UnitsError as error:
        raise FitError(f"The objective {name}:{text} cannot be read. {error}") from None
    if not (value > 0 and math.isfinite(value)):
        raise FitError(f"The number in {name}:{text} must be positive. Write for instance log-huber:1e-3.")
    return value


def parse_objective(text: "str | Objective") -> Objective:
    """Read the name of an objective.

    Args:
        text: `log-huber` (delta is 1.345 times the residuals' scale), `log-huber:1e-3` (Hoffmann's),
            `log-ls`, `ls` (raw loss), `asymmetric:R` (log-Huber, over-predictions weigh R times),
            `student-t:DF`.

    Returns:
        The objective.

    Raises:
        FitError: the name is not known.

    >>> parse_objective("log-huber:1e-3").delta
    0.001
    """
    if isinstance(text, Objective):
        return text
    name, colon, argument = text.strip().partition(":")
    if name not in _MAKERS:
        raise FitError(
            f"The objective {text!r} is not known. Choose one of {', '.join(NAMES)}, with a number where it "
            "takes one (log-huber:1e-3, asymmetric:4, student-t:4), or auto."
        )
    return _MAKERS[name](argument if colon else None)
