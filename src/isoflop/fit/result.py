"""The frozen result of a fit: parameters, draws, certificate, and what they predict."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import LawError
from isoflop.fit.certificate import Certificate
from isoflop.fit.estimate import Correction, Estimate, estimate_from_draws
from isoflop.fit.leverage import Leverage
from isoflop.fit.objective import Objective
from isoflop.fit.summary import DataSummary, Forecast
from isoflop.fit.values import evaluate_slots, inputs_of
from isoflop.laws.law import Law
from isoflop.units import training_flops

Array = NDArray[Any]


DEPENDENT: Final = "dependent_rows"
"""Name of the setting of a fit whose draws took rows of one run as independent."""


def one_of(correction: Correction) -> Correction:
    """The correction of a single quantity among one."""
    return correction if correction.kept is None else replace(correction, kept=float(np.ravel(correction.kept)[0]))


@dataclass(frozen=True, eq=False)
class Fit:
    """A fitted law.

    Args:
        law: the law.
        objective: what was minimised, with its scale.
        value: the objective at the optimum.
        names: names of all numbers of the law, one per level where a parameter is indexed.
        theta: their values, shape (len(names),).
        free: which of them were estimated.
        levels: column → level names, for indexed parameters.
        response: word of what was explained.
        residuals: residual of each run in the objective's scale, shape (n,).
        certificate: the verdict.
        data: what is remembered of the runs.
        fixed: parameters that were given a value.
        priors: parameters that were given a prior, as (mean, sd).
        draws: bootstrap draws of theta, shape (draws, len(names)), or None.
        level: confidence level of intervals when none is asked for.
        inflation: factor from a rolling back-test, or None when there was none.
        leverage: how much of a quantity's spread the draws show; None where they were not drawn by weights of runs.
        settings: bootstrap scheme, seed, columns of weights and noise.
        versions: of isoflop and of what it stands on.
    """

    law: Law
    objective: Objective
    value: float
    names: tuple[str, ...]
    theta: Array
    free: tuple[bool, ...]
    levels: Mapping[str, tuple[str, ...]]
    response: str
    residuals: Array
    certificate: Certificate
    data: DataSummary
    fixed: Mapping[str, float] = field(default_factory=dict)
    priors: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    draws: Array | None = None
    level: float = 0.9
    inflation: float | None = None
    leverage: Leverage | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Number of runs."""
        return self.data.rows

    @cached_property
    def parameters(self) -> Mapping[str, float]:
        """Name → value."""
        return MappingProxyType(dict(zip(self.names, self.theta.tolist(), strict=True)))

    @property
    def correction(self) -> Correction:
        """What widens this fit's bootstrap intervals."""
        inflation = 1.0 if self.inflation is None else max(self.inflation, 1.0)
        resample = str(self.settings.get("resample", "bayes"))
        if "clusters" in self.settings:
            return Correction(int(self.settings["clusters"]), 1, inflation, lost=False)
        return Correction(self.rows, sum(self.free), inflation, lost=resample == "bayes")

    def correction_of(self, value: ArrayLike, draws: Array, *, forecast: bool = True) -> Correction:
        """What widens the interval of a quantity that follows from the parameters.

        Args:
            value: at the estimate, shape (…).
            draws: of each draw, shape (draws, …).
            forecast: whether the back-test's inflation applies; parameters are no forecasts.

        Returns:
            The fit's correction, with the share of this quantity's spread that the draws show; without it for draws
            that are not this fit's.
        """
        base = self.correction if forecast else replace(self.correction, inflation=1.0)
        if self.leverage is None or self.draws is None or len(draws) != len(self.draws):
            return base
        point, free = np.asarray(value, dtype=float), np.array(self.free)
        flat = np.asarray(draws, dtype=float).reshape(len(draws), -1)
        found = self.leverage.shares(self.theta[free], self.draws[:, free], point.reshape(-1), flat)
        shares = np.where(np.isfinite(found), found, base.share).reshape(point.shape)
        return replace(base, kept=float(shares) if shares.ndim == 0 else shares)

    @property
    def leaves_out(self) -> tuple[str, ...]:
        """What this fit's intervals do not contain."""
        missing = []
        if not self.certificate.ok:
            missing.append(f"that the fit is {self.certificate.verdict} (see its certificate)")
        failed = 0.0 if self.draws is None else float(np.mean(~np.isfinite(self.draws).all(axis=1)))
        if failed > 0:
            missing.append(f"{failed:.1%} of the draws, which found no optimum")
        if self.settings.get(DEPENDENT):
            missing.append("that rows of one run are not independent: the draws took them to be (resample by run)")
        missing.append("that the law itself may be wrong beyond the data (compare laws)")
        if self.inflation is None:
            missing.append("the extra error that a back-test would show (run one)")
        return tuple(missing)

    def estimate(self, name: str, level: float | None = None) -> Estimate:
        """One parameter with its interval.

        Raises:
            LawError: the fit has no such parameter, or no draws.
        """
        if name not in self.parameters:
            raise LawError(f"The fit has no parameter {name!r}; it has {', '.join(self.names)}.")
        place = self.names.index(name)
        chosen = self.level if level is None else level
        value = float(self.theta[place])
        if not self.free[place]:
            return Estimate(value, (value, value), chosen, leaves_out=("everything: the value was fixed",))
        # Parameters are not forecasts: the back-test's inflation speaks of forecasts only.
        draws = self._draws()[:, place]
        return estimate_from_draws(
            value,
            draws,
            level=chosen,
            correction=self.correction_of(value, draws, forecast=False),
            leaves_out=replace(self, inflation=1.0).leaves_out,
        )

    def interval(self, name: str, level: float | None = None) -> tuple[float, float]:
        """Interval of one parameter."""
        low, high = self.estimate(name, level).interval
        return float(low), float(high)

    def _draws(self) -> Array:
        if self.draws is None:
            raise LawError(
                "This fit has no draws, so it has no intervals. Fit with bootstrap=1000, or call bootstrap()."
            )
        return self.draws

    def evaluate(self, **columns: ArrayLike) -> Array:
        """Fitted law at given columns, shape (n,)."""
        return np.asarray(
            evaluate_slots(self.law, self.levels, self.theta[None], inputs_of(self.law, self.levels, columns))[0]
        )

    def evaluate_draws(self, **columns: ArrayLike) -> Array:
        """Every draw of the law at given columns, shape (draws, n)."""
        return evaluate_slots(self.law, self.levels, self._draws(), inputs_of(self.law, self.levels, columns))

    def predict(self, *, level: float | None = None, new_run: bool = True, **columns: ArrayLike) -> Forecast:
        """Predict the response at given columns.

        Args:
            level: confidence level; the fit's own when None.
            new_run: whether the interval includes the noise of a single new run.
            columns: word or alias → value or values; levels of indexed parameters by name.

        Returns:
            Value, interval (within the law's limits, where it has some), distance from the data in decades, and what
            the interval leaves out.

        Raises:
            LawError: the fit has no draws, or the law has no finite value there, or one that its response cannot have.
            ColumnError: a column of the law has no value.
        """
        given = inputs_of(self.law, self.levels, columns)
        chosen = self.level if level is None else level
        value = evaluate_slots(self.law, self.levels, self.theta[None], given)[0]
        if not np.all(np.isfinite(value)):
            at = ", ".join(f"{word} = {values}" for word, values in given.items())
            raise LawError(f"Law {self.law.name!r} has no finite value at {at}. Give positive values near the runs.")
        if self.response == self.law.response:
            self.law.refuse_impossible(value)
        draws = evaluate_slots(self.law, self.levels, self._draws(), given)
        correction = self.correction_of(value, draws)
        if new_run:
            draws = self._with_noise(draws, correction)
        # Not the law's columns: flops may follow from params and tokens.
        scalar = all(np.ndim(values) == 0 for values in given.values())
        if scalar:
            value, draws, correction = value[0], draws[:, 0], one_of(correction)
        left = self.leaves_out if new_run else ("the noise of a single run", *self.leaves_out)
        base = estimate_from_draws(
            float(value) if scalar else value, draws, level=chosen, correction=correction, leaves_out=left
        )
        return Forecast(
            base.value, self._possible(base.interval), base.level, base.draws, base.leaves_out, self.law.unit,
            columns=MappingProxyType(dict(given)), distance_decades=(away := self.distance(given)),
            # Where the runs themselves reach, the source's range says nothing.
            source_decades={w: d for w, d in self.law.distance(given).items() if d > 0 and away.get(w, 1.0) > 0},
            new_run=new_run,
        )  # fmt: skip

    def _possible(self, interval: tuple[Any, Any]) -> tuple[Any, Any]:
        """The part of an interval that the response can have, such as a share's between 0 and 1."""
        if self.law.limits is None or self.response != self.law.response:
            return interval
        low, high = (np.clip(end, *self.law.limits) for end in interval)
        return (float(low), float(high)) if np.ndim(low) == 0 else (low, high)

    def _with_noise(self, draws: Array, correction: Correction) -> Array:
        """Add the residual of a random run to every draw; of noise residuals show (n-p)/n, whatever the quantity."""
        rng = np.random.default_rng([int(self.settings.get("seed", 0)), 20])
        noise = rng.choice(self.residuals, size=len(draws))[:, None]
        noise = noise * np.sqrt(correction.share / self.correction.share)
        return np.asarray(draws * np.exp(noise) if self.objective.log else draws + noise)

    def distance(self, given: Mapping[str, Any]) -> Mapping[str, float]:
        """How far beyond the data inputs lie, in decades; 0 inside the range."""
        words = dict(given)
        if {"params", "tokens"} <= set(words) and "flops" in self.data.ranges and "flops" not in words:
            words["flops"] = training_flops(np.asarray(words["params"]), np.asarray(words["tokens"]))
        found = {}
        for word, values in words.items():
            if word in self.data.ranges and self.data.ranges[word][0] > 0:
                low, high = self.data.ranges[word]
                x = np.asarray(values, dtype=float)
                beyond = np.maximum(np.log10(x / high), np.log10(low / x))
                found[word] = float(np.maximum(beyond, 0.0).max())
        return MappingProxyType(found)

    def __str__(self) -> str:
        """Law, objective, parameters, verdict."""
        lines = [
            f"{self.law.name}: {self.law.formula}",
            f"{self.rows} runs, objective {self.objective} = {self.value:.9g}, {self.certificate.verdict}",
        ]
        for name in self.names:
            shown = f"{self.parameters[name]:.6g}"
            if self.draws is not None:
                low, high = self.interval(name)
                shown += f"  [{low:.4g}, {high:.4g}] ({self.level:.0%})"
            lines.append(f"  {name:<12} {shown}" + self._given(name))
        return "\n".join([*lines, *(f"  {reason}" for reason in self.certificate.reasons)])

    def _given(self, name: str) -> str:
        """What was said about a parameter before the fit."""
        if name in self.fixed:
            return "  fixed"
        key = name if name in self.priors else name.partition("[")[0]
        return "  prior {:g} ± {:g}".format(*self.priors[key]) if key in self.priors else ""

    def to_json(self, path: str | Path | None = None) -> str:
        """JSON text that gives the same fit again, bit for bit; written to a file when a path is given."""
        from isoflop.fit.storage import fit_to_dict, write_text

        text = json.dumps(fit_to_dict(self), indent=1, allow_nan=False)
        if path is not None:
            write_text(Path(path), text)
        return text

    @classmethod
    def from_json(cls, source: str | Path, *, law: Law | None = None) -> "Fit":
        """A fit from its JSON text or file; give the law where it is a Python function."""
        from isoflop.fit.storage import fit_from_source

        return fit_from_source(source, law)
