"""The multi-power law: a whole loss curve from its learning-rate schedule, as a law over curves and steps."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import LawError
from isoflop.laws.anchors import Anchors
from isoflop.laws.blocks import Changes, changes_of
from isoflop.laws.law import Law, Parameter, Published, Schedules, Source
from isoflop.laws.rates import rates
from isoflop.laws.sums import BENDS, SLOPES, VALUE, Sums, anchors_of_schedule, gather

Array = NDArray[Any]

LUO: Final = Source(
    authors="Luo, Wen, Hu, Sun, Liu, Sun, Lyu, Chen",
    year=2025,
    title="A Multi-Power Law for Loss Curve Prediction Across Learning Rate Schedules",
    where="arXiv:2503.12811",
)
NAMES: Final = ("L0", "A", "alpha", "B", "C", "beta", "gamma")
CURVE: Final = "curve"
STEP: Final = "checkpoint_step"

LUO_CONSTANTS: Final[Mapping[str, tuple[float, ...]]] = {
    "25m": (3.04045406, 0.52468604, 0.50786857, 363.78751622, 2.06560812, 0.58279013, 0.64142257),
    "100m": (2.6514477, 0.60115152, 0.45295811, 437.9464276, 2.13245612, 0.59785199, 0.65523644),
    "400m": (2.37474466, 0.65421216, 0.42878731, 523.42464371, 2.02462735, 0.59350493, 0.63472457),
}
"""Model size → L0, A, alpha, B, C, beta, gamma as the authors' code has them."""

_PUBLISHED: Final = tuple(
    Published(
        name=f"luo-2025-{size}",
        values=dict(zip(NAMES, values, strict=True)),
        where="arXiv:2503.12811, the authors' code",
        evidence="V",
        note=f"Nats/token; {size.upper()} model; peak 3e-4, end 3e-5, warm-up of 2160 steps.",
    )
    for size, values in LUO_CONSTANTS.items()
)
_PARAMETERS: Final = {
    "L0": Parameter(meaning="loss of endless training at a rate that has fallen for ever", start=(0.5, 5.0)),
    "A": Parameter(meaning="term of the area under the schedule; carries the unit of S1^alpha", start=(0.05, 5.0)),
    "alpha": Parameter(meaning="exponent of the area", start=(0.15, 1.2)),
    "B": Parameter(meaning="loss that a fall of the learning rate by one gains in the end", start=(50.0, 3000.0)),
    "C": Parameter(meaning="how fast the gain comes in; carries the unit of lr^gamma / S1", start=(0.2, 20.0)),
    "beta": Parameter(meaning="exponent with which the gain comes in", start=(0.2, 1.2)),
    "gamma": Parameter(meaning="exponent of the learning rate after the fall", start=(0.2, 1.0)),
}

FORMULA: Final = "L(t) = L0 + A S1(t)^-alpha - B sum_k (lr[k-1] - lr[k]) (1 - (1 + C lr[k]^-gamma S_k(t))^-beta)"
_COUNTED: Final = "one model size; S1 sums the learning rate of every step, warm-up included"

SOURCE_SCHEDULES: Final = (
    "constant_24000", "cosine_24000", "wsdcon_9", "constant_72000", "cosine_72000", "wsd_20000_24000",
    "wsdld_20000_24000", "wsdcon_3", "wsdcon_18",
)  # fmt: skip
"""Curves of the source by the names of its table: the shape, then steps, or the rate after one fall in 1e-5."""

Find = Callable[[bytes, bytes], Sums]
Columns = Mapping[str, Array] | Sums
Sloped = tuple[Array, list[Array], list[Array]]


@dataclass(frozen=True)
class MultiPower:
    """The law as a function of parameters and columns, with its slopes.

    Args:
        find: from the bytes of the columns `curve` and `checkpoint_step` to the sums of their rows.
        unit: what learning rates are counted in.
    """

    find: Find
    unit: float = 1.0
    linear: tuple[str, ...] = ("L0", "A", "B")
    bends: tuple[tuple[str, str], ...] = (
        ("A", "alpha"), ("alpha", "alpha"), ("B", "C"), ("B", "beta"), ("B", "gamma"), ("C", "C"), ("C", "beta"),
        ("C", "gamma"), ("beta", "beta"), ("beta", "gamma"), ("gamma", "gamma"),
    )  # fmt: skip

    def __call__(self, p: Mapping[str, Array], c: Columns) -> Array:
        """Loss, shape (…, rows); complex where a parameter is, exact to the first order."""
        plain = {name: np.real(np.asarray(value)) for name, value in p.items()}
        if not any(np.iscomplexobj(v) for v in p.values()):
            sums = self._sums(c)
            return _value(plain, sums, self._taken(plain, sums, VALUE)[0])
        value, *slopes = self.value_and_slopes(plain, c)
        moves = (slope * np.imag(np.asarray(p[name])) for name, slope in zip(NAMES, slopes, strict=True))
        return np.asarray(value + 1j * sum(moves))

    def prepared(self, c: Mapping[str, Array]) -> Sums:
        """What the law needs of the columns."""
        return self.find(*_keys(c)).counted_in(self.unit)

    def in_own_unit(self, c: Mapping[str, Array]) -> tuple["MultiPower", float]:
        """The law with learning rates counted in the unit that is typical of the columns, and that unit.

        C then says how fast the gain comes in at a typical rate; in ones it and gamma share a bent valley.
        """
        unit = self.find(*_keys(c)).typical_rate
        return replace(self, unit=unit), unit

    @property
    def absorbs(self) -> Mapping[str, Callable[[Array], Array]]:
        """Power of the unit that parameters carry, from all parameters, shape (..., 7)."""
        return {"A": lambda p: p[..., 2], "B": lambda p: -np.ones_like(p[..., 0]), "C": lambda p: p[..., 6] - 1}

    def value_and_slopes(self, p: Mapping[str, Array], c: Columns) -> list[Array]:
        """Loss and its slopes in the order of the parameters; one pass over the nodes for all of them."""
        sums = self._sums(c)
        value, slopes = _first(p, sums, self._taken(p, sums, SLOPES))
        return [value, *slopes]

    def value_slopes_and_bends(self, p: Mapping[str, Array], c: Columns) -> Sloped:
        """Loss, its slopes in the order of the parameters, and its second derivatives in that of `bends`."""
        sums = self._sums(c)
        taken = self._taken(p, sums, BENDS)
        value, slopes = _first(p, sums, taken)
        _, _, in_area, _, in_c, in_beta, in_gamma = slopes
        drop, _, in_c_log = taken[1], taken[2], taken[3]
        square, cross, cross_lr, bend, bend_lr, bend_lr2 = taken[4:]
        steep, c_, beta = p["B"] * p["beta"], p["C"], p["beta"]
        return value, slopes, [
            in_area / p["A"], -in_area * sums.log_area,
            in_c / p["B"], in_beta / p["B"], in_gamma / p["B"],
            -(steep * bend / c_ + in_c) / c_, -p["B"] * (drop - beta * cross) / c_, steep * bend_lr / c_,
            p["B"] * square, p["B"] * (in_c_log - beta * cross_lr), -steep * bend_lr2,
        ]  # fmt: skip

    def _sums(self, c: Columns) -> Sums:
        """The sums of columns, unless they are given."""
        return c if isinstance(c, Sums) else self.prepared(c)

    def _taken(self, p: Mapping[str, Array], sums: Sums, count: int) -> Array:
        """The sums for every kernel of the batch, (count, batch, rows)."""
        if not np.any(p["B"]):
            return np.zeros((count, *np.shape(p["B"])))
        kernel = np.broadcast_arrays(*(np.asarray(p[name], dtype=float)[..., 0] for name in ("C", "beta", "gamma")))
        taken = sums.take(*(k.ravel() for k in kernel), count=count)
        return taken.reshape(count, *kernel[0].shape, len(sums.log_area))


def _value(p: Mapping[str, Array], sums: Sums, gain: Array) -> Array:
    """Loss from the sum."""
    return np.asarray(p["L0"] + p["A"] * np.exp(-p["alpha"] * sums.log_area) - p["B"] * gain)


def _first(p: Mapping[str, Array], sums: Sums, taken: Array) -> tuple[Array, list[Array]]:
    """Loss and its slopes from the sums."""
    gain, bend, in_beta, in_gamma = taken[:4]
    area = np.exp(-p["alpha"] * sums.log_area)
    value = p["L0"] + p["A"] * area - p["B"] * gain
    steep = p["B"] * p["beta"]
    return value, [
        np.ones_like(value), area, -p["A"] * area * sums.log_area, -gain,
        -steep / p["C"] * bend, -p["B"] * in_beta, steep * in_gamma,
    ]  # fmt: skip


def _keys(columns: Mapping[str, Array]) -> tuple[bytes, bytes]:
    """The columns as bytes, under which their nodes are kept."""
    curve, step = np.broadcast_arrays(columns[CURVE], columns[STEP])
    return np.asarray(curve, dtype=float).tobytes(), np.asarray(step, dtype=float).tobytes()


def multi_power(schedules: Sequence[ArrayLike]) -> Law:
    """Build the multi-power law for a list of schedules.

    L(t) = L0 + A S1(t)^-alpha - B sum_{k<=t} (eta_{k-1} - eta_k) [1 - (1 + C eta_k^-gamma S_k(t))^-beta],
    with S1(t) = sum_{i<=t} eta_i and S_k(t) = sum_{k<=i<=t} eta_i. The sum runs over warm-up too:
    its rises count with a negative sign. The sum is taken by blocks of steps (within 1e-6 of
    the loss for the usual schedules), so its cost hardly grows with the number of steps.

    Reference: Luo et al. 2025, arXiv:2503.12811, equation of the law.

    Args:
        schedules: learning rate of every step from step 0, warm-up included, one array per curve;
            the column `curve` of a table holds the place of its schedule in this list, from 0.

    Returns:
        The law over the columns `curve` and `checkpoint_step`.

    Raises:
        LawError: a schedule has no step, or a rate that is negative or not finite.

    >>> law = multi_power([[3e-4] * 24001])
    >>> values = law.published_set("luo-2025-400m").values
    >>> round(float(law.predict(values, curve=0.0, checkpoint_step=24000.0)), 4)
    2.6554
    """
    changes = tuple(_checked(place, schedule) for place, schedule in enumerate(schedules))
    if not changes:
        raise LawError("The multi-power law needs at least one schedule. Give the learning rate of every step.")
    own = f"{FORMULA}, over {len(changes)} given schedule{'s' * (len(changes) > 1)}"
    return replace(MULTI_POWER, formula=own, counted=_COUNTED, schedules=None, function=MultiPower(_found(changes)))


def _found(changes: tuple[Changes, ...]) -> Find:
    """From rows to the sums over these schedules; anchors and the last few sums are kept."""

    @cache
    def anchors(place: int) -> Anchors:
        return anchors_of_schedule(changes[place])

    @lru_cache(maxsize=32)
    def find(curve: bytes, step: bytes) -> Sums:
        places, steps = np.frombuffer(curve), np.frombuffer(step)
        return gather(changes, anchors, places, _steps_within(changes, places, steps))

    return find


@cache
def _of_the_source() -> Find:
    """The same over the schedules of the source's curves, made when they are first asked for."""
    return _found(tuple(changes_of(_of_name(name)) for name in SOURCE_SCHEDULES))


def _of_name(name: str) -> Array:
    """Rates that a name of the source's table means: peak 3e-4, end 3e-5, 2160 steps of warm-up."""
    kind, *numbers = name.split("_")
    shape = {"wsd": "exponential", "wsdld": "linear", "wsdcon": "fall"}.get(kind, kind)
    if kind == "wsdcon":
        return rates(shape, 16_000, (3e-4, int(numbers[0]) * 1e-5), warmup=2160, stable=8000)
    return rates(shape, int(numbers[-1]), (3e-4, 3e-5), warmup=2160, stable=int(numbers[0]) if numbers[1:] else None)


MULTI_POWER: Final = Law(
    "multi-power",
    FORMULA,
    title="Whole loss curve under any learning-rate schedule",
    family="schedule",
    parameters=_PARAMETERS,
    variables=(CURVE, STEP),
    source=LUO,
    counted=f"{_COUNTED}; curve numbers the schedules of the source: {', '.join(SOURCE_SCHEDULES)}, from 0",
    valid="25M to 400M parameters, schedules of 16,000 to 72,000 steps with one peak rate",
    ranges={STEP: (0.0, 72_000.0)},
    advice=(
        "Its rows come from whole schedules: isoflop curves reads yours off a log, and fits. Take two or three curves "
        "of different shape and log-huber:1e-3. Checkpoints of a curve are not independent: resample by curve, or by "
        "segments of curves."
    ),
    published=_PUBLISHED,
    function=MultiPower(lambda curve, step: _of_the_source()(curve, step)),
    display=(
        r"L = L_{0} + A S_{1}^{-\alpha} - B \sum\limits_{k} \left(\eta_{k-1} - \eta_{k}\right) "
        r"\left(1 - \left(1 + C \eta_{k}^{-\gamma} S_{k}\right)^{-\beta}\right), "
        r"\eta \mathrm{ of } curve, S_{k} \mathrm{ from } k \mathrm{ to } checkpoint_{step}"
    ),
    schedules=Schedules(SOURCE_SCHEDULES, multi_power, "isoflop curves log.csv", ("schedule", STEP, "lr", "loss")),
)


def _checked(place: int, schedule: ArrayLike) -> Changes:
    """A schedule as its changes, or an error that says where it is wrong."""
    lr = np.asarray(schedule, dtype=float)
    wrong = np.flatnonzero(~(np.isfinite(lr.ravel()) & (lr.ravel() >= 0)))
    if lr.ndim != 1 or not len(lr) or len(wrong) or not lr.max() > 0:
        what = (
            f"step {wrong[0]} has learning rate {lr.ravel()[wrong[0]]:g}" if len(wrong) else f"its shape is {lr.shape}"
        )
        what = "its learning rate is 0 at every step" if lr.size and not len(wrong) and not lr.max() > 0 else what
        raise LawError(f"Schedule {place} cannot be used: {what}. Give one rate, zero or above, for every step.")
    return changes_of(lr)


def _steps_within(changes: Sequence[Changes], curve: Array, step: Array) -> NDArray[np.intp]:
    """Steps as whole numbers within their schedules."""
    unknown = ~np.isin(curve, np.arange(len(changes)))
    if unknown.any():
        raise LawError(
            f"Column {CURVE!r} holds {curve[unknown][0]:g}, but the law knows the schedules 0 to {len(changes) - 1}. "
            "Build it with all schedules of the table."
        )
    last = np.array([len(chosen.lr) - 1 for chosen in changes])[curve.astype(int)]
    at = np.rint(step).astype(np.intp)
    beyond = np.flatnonzero((at < 0) | (at > last) | (np.abs(at - step) > 1e-6))
    if len(beyond):
        row = beyond[0]
        raise LawError(
            f"Column {STEP!r} holds {step[row]:g}, but schedule {curve[row]:g} has the steps 0 to {last[row]}. "
            "Give whole steps within the schedule, or a longer schedule."
        )
    still = np.array([int(np.argmax(chosen.area > 0)) for chosen in changes])[curve.astype(int)]
    early = np.flatnonzero(at < still)
    if len(early):
        row = early[0]
        raise LawError(
            f"Column {STEP!r} holds {step[row]:g}, but the learning rate of schedule {curve[row]:g} is 0 before step "
            f"{still[row]}, where S1 is 0 and the law infinite. Leave out checkpoints before it."
        )
    return at
