"""A model of which only a law of sampling is known: from the catalogue, or a fit of one's own with its draws."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isoflop import laws
from isoflop.errors import InputError
from isoflop.fit.estimate import Estimate
from isoflop.fit.result import Fit
from isoflop.testtime.budgets.charge import Charge
from isoflop.testtime.budgets.routes import Route, route_from_law
from isoflop.testtime.forecasts.forecast import even_ks

Array = NDArray[Any]

STEPS: Final = 25
"""Numbers of samples at which a law is looked at."""

KEYS: Final = ("name", "set", "parameters", "fit", "most")

GIVEN: Final = "the error of a law's parameters, which came without draws"


@dataclass(frozen=True)
class SamplingLaw:
    """Accuracy as a law of the number of samples.

    Attributes:
        name: of the law in the catalogue; None for that of the fit.
        chosen: name of published parameters; the first ones when None.
        parameters: values of one's own, instead.
        fit: file of a fit, instead; its draws give the interval.
        most: largest number of samples.
    """

    name: str | None = None
    chosen: str | None = None
    parameters: Mapping[str, float] = field(default_factory=dict)
    fit: Path | None = None
    most: int = 1000

    def route(self, model: str, charge: Charge) -> Route:
        """The law as a route.

        Args:
            model: its name.
            charge: of a typical problem.

        Returns:
            The route.

        Raises:
            InputError: the law is none of one variable, or gives no accuracy.
            LawError: the law or its parameters are not known.

        >>> from isoflop.testtime.budgets.charge import charge_observed
        >>> law = SamplingLaw("coverage", parameters={"a": 4.1129, "b": 0.3702}, most=10_000)
        >>> route = law.route("pythia-12b", charge_observed([0.01]))
        >>> route.rule, int(route.ks[-1]), round(float(route.accuracy[-1]), 3), float(route.cost[-1])
        ('coverage', 10000, 0.873, 100.0)
        """
        ks = even_ks(self.most, STEPS)
        name, curve = self._curve(model, ks)
        if not np.all((np.asarray(curve.value) >= 0) & (np.asarray(curve.value) <= 1)):
            raise InputError(
                f"{model}: the law {name!r} gives {np.min(curve.value):.3g} to {np.max(curve.value):.3g} for 1 to "
                f"{self.most} samples, which is no accuracy. Take another law, or its range."
            )
        fixed, each = float(charge.fixed.mean()), float(charge.each.mean())
        return route_from_law(model, name, ks, curve, fixed=fixed, each=each, unit=charge.unit)

    def _curve(self, model: str, ks: Array) -> tuple[str, Estimate]:
        """Name of the law, and its values."""
        fit = None if self.fit is None else Fit.from_json(self.fit)
        law = fit.law if fit is not None else laws.get(self.name or "coverage")
        if len(law.columns) != 1:
            raise InputError(
                f"{model}: the law {law.name!r} depends on {', '.join(law.columns)}. Take a law of the number of "
                "samples alone, such as coverage or sampling-saturation."
            )
        given: dict[str, Any] = {law.columns[0]: ks.astype(float)}
        if fit is not None and fit.draws is not None:
            return law.name, fit.predict(new_run=False, **given)
        if fit is not None:
            values = np.asarray(fit.evaluate(**given))
        else:
            values = np.asarray(law.predict(self.parameters or law.published_set(self.chosen).values, **given))
        return law.name, Estimate(values, (values, values), 0.9, None, (GIVEN,))


def sampling_law(model: str, table: Mapping[str, Any], folder: Path) -> SamplingLaw:
    """Read `[models.NAME.law]`.

    Args:
        model: its name.
        table: its keys.
        folder: of the file.

    Returns:
        The law.

    Raises:
        InputError: an unknown key, or nothing that says which law.
    """
    unknown = sorted(set(table) - set(KEYS))
    if unknown or not ({"name", "fit"} & set(table)) or ("fit" in table and set(table) & {"name", "set", "parameters"}):
        raise InputError(
            f"[models.{model}.law] has the keys {', '.join(sorted(table)) or 'none'}. Give name, with set or "
            "parameters, or fit; and most, the largest number of samples."
        )
    most = table.get("most", 1000)
    if isinstance(most, bool) or not isinstance(most, int) or most < 2:
        raise InputError(f"[models.{model}.law] most = {most!r} is no number of samples above 1. Write 1000.")
    values = table.get("parameters", {})
    if not isinstance(values, Mapping) or not all(isinstance(v, int | float) for v in values.values()):
        raise InputError(f"[models.{model}.law] parameters are no numbers by name. Write parameters = {{a = 4.1}}.")
    fit = None if "fit" not in table else folder / str(table["fit"])
    return SamplingLaw(table.get("name"), table.get("set"), dict(values), fit, most)
