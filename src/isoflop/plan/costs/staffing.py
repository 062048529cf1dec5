"""How many devices train: those given, the fewest that hold the run, or the fewest that meet a deadline."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from isoflop.errors import InputError
from isoflop.plan.costs.energy import device_hours
from isoflop.plan.costs.hardware import Device, share
from isoflop.plan.costs.parallel import Layout, Training, layout, smallest
from isoflop.units import format_duration, format_quantity

ALONE = 0.45
"""Share of the dense peak that a device reaches by itself, before what the layout loses (assumption)."""

FINER = 1.05
"""Numbers of devices that are tried grow by this factor."""


@dataclass(frozen=True)
class Site:
    """Where a model trains and is served.

    Args:
        device: the accelerator.
        devices: that train; None for the fewest that hold the run, or that meet the deadline.
        deadline: seconds that training may take.
        mfu: share of the dense peak that becomes model FLOPs, measured on the whole run; None for the
            device's own, else 45 % times the efficiency of the layout, an assumption.
        price: dollars per device and hour; None for the table's.
        watts: per device; None for the table's.
        pue: energy of the building over that of the machines.
        grid: carbon of the grid, kg per kWh; None leaves carbon out.
        precision: of the products in training.
    """

    device: Device
    devices: int | None = None
    deadline: float | None = None
    mfu: float | None = None
    price: float | None = None
    watts: float | None = None
    pue: float = 1.2
    grid: float | None = None
    precision: str = "bf16"

    @property
    def measured(self) -> float | None:
        """The MFU that was measured, by the user or for the device."""
        return self.device.mfu if self.mfu is None else self.mfu

    @property
    def paid(self) -> float | None:
        """Dollars per device and hour."""
        return self.device.price if self.price is None else self.price

    @property
    def power(self) -> float | None:
        """Watts per device."""
        return self.device.watts if self.watts is None else self.watts

    def use(self, spread: Layout) -> float:
        """Share of the dense peak that becomes model FLOPs under a layout."""
        return ALONE * spread.efficiency if self.measured is None else share(self.measured, "mfu")

    def hours(self, flops: float, spread: Layout) -> float:
        """Hours of training."""
        spent = device_hours(flops, self.device, mfu=self.use(spread), precision=self.precision)
        return spent / spread.devices


def staff(run: Training, site: Site, flops: float) -> Layout:
    """The layout of the devices given, or of the fewest that hold the run and meet the deadline.

    With a deadline, numbers of devices are tried in whole nodes, 5 % apart.

    Args:
        run: what must be held.
        site: devices and deadline.
        flops: model FLOPs of training.

    Returns:
        The layout.

    Raises:
        InputError: the devices cannot hold the run, or the deadline cannot be met by any number.

    >>> from isoflop.plan.costs.hardware import device
    >>> from isoflop.plan.costs.shapes import shape_for
    >>> month = Site(device("H100"), deadline=30 * 86400)
    >>> staff(Training(shape_for(7e9)), month, 6 * 7e9 * 2e12).devices
    80
    """
    count = site.devices
    if count is None and site.deadline is None:
        count = smallest(run, site.device)
    if count is not None:
        spread = _layout(run, site, count)
        seconds = site.hours(flops, spread) * 3600
        if site.deadline is not None and seconds > site.deadline:
            raise InputError(
                f"{count} × {site.device.title} take {format_duration(seconds)}, longer than the deadline of "
                f"{format_duration(site.deadline)}. Give more devices, a later deadline, or one of both only."
            )
        return spread
    return _for_deadline(run, site, flops)


def _layout(run: Training, site: Site, count: int) -> Layout:
    return layout(run, site.device, count, precision=site.precision, mfu=site.measured or ALONE)


def _numbers(run: Training, least: int) -> Iterator[int]:
    """Numbers of devices to try: within a node by doubling, then whole nodes."""
    count = least
    while count < run.node:
        yield count
        count *= 2
    nodes = math.ceil(count / run.node)
    while nodes <= run.sequences * run.shape.layers:
        yield nodes * run.node
        nodes = max(nodes + 1, math.floor(nodes * FINER))


def _for_deadline(run: Training, site: Site, flops: float) -> Layout:
    """The fewest devices that meet the deadline."""
    best: tuple[float, Layout] | None = None
    limit = float(site.deadline or math.inf)
    for count in _numbers(run, smallest(run, site.device)):
        try:
            spread = _layout(run, site, count)
        except InputError:
            # This number cannot be divided into a layout; the next may.
            continue
        hours = site.hours(flops, spread)
        if hours * 3600 <= limit:
            return spread
        if best is None or hours < best[0]:
            best = (hours, spread)
    tried = (
        f"the shortest found is {format_duration(best[0] * 3600)} on {best[1].devices}" if best else "none was found"
    )
    raise InputError(
        f"Training cannot end within {format_duration(limit)} on any number of {site.device.title} with a batch of "
        f"{format_quantity(run.batch_tokens)} tokens: {tried}. Give a later deadline, a larger batch or another device."
    )
