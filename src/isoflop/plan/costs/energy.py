"""Time, energy and carbon of so many FLOPs."""

from isoflop.errors import InputError
from isoflop.plan.costs.hardware import Device, share


def device_hours(flops: float, device: Device, *, mfu: float, precision: str = "bf16") -> float:
    """Hours of one device, `C/(peak · MFU · 3600)`.

    Args:
        flops: model FLOPs; those of recomputation count only where the MFU is of the hardware.
        device: the accelerator.
        mfu: share of the dense peak that becomes model FLOPs, above 0 and up to 1.
        precision: of the products.

    Returns:
        Device-hours.

    Raises:
        InputError: the share is none, or the device has no such peak.

    >>> from isoflop.plan.costs.hardware import device
    >>> round(device_hours(5.88e23, device("A100"), mfu=0.5))
    1047009
    """
    return flops / (device.peak(precision) * share(mfu, "mfu") * 3600)


def energy_kwh(hours: float, watts: float, *, pue: float = 1.0, utilisation: float = 1.0) -> float:
    """Energy, `device-hours · P · utilisation/1000 · PUE`.

    Args:
        hours: device-hours.
        watts: power of a device at full use.
        pue: energy of the building over that of its machines, at least 1: 1.1–1.2 where it is newest.
        utilisation: mean over full power.

    Returns:
        kWh.

    Raises:
        InputError: the PUE is below 1, or the utilisation no share.

    >>> round(energy_kwh(1000, 700, pue=1.2), 9)
    840.0
    """
    if pue < 1:
        raise InputError(f"A PUE of {pue} would make energy. Give 1 or more, such as 1.2.")
    return hours * watts * share(utilisation, "utilisation") / 1000 * pue


def carbon_kg(
    kwh: float, intensity: float, *, embodied: float = 0.0, hours: float = 0.0, lifetime: float = 5 * 8766.0
) -> float:
    """Carbon dioxide, `E · CI`, and the share of the hardware's making that its hours carry.

    Args:
        kwh: energy.
        intensity: of the grid, kg per kWh; no default, because grids differ twentyfold.
        embodied: kg to make one device; 0 leaves it out.
        hours: device-hours.
        lifetime: hours that a device serves, five years.

    Returns:
        kg of CO2 equivalent.

    >>> round(carbon_kg(1_287_000, 0.429) / 1000)
    552
    """
    return kwh * intensity + embodied * hours / lifetime
