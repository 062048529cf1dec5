"""Dollars per decoded token when attention and feed-forward layers run on devices of their own (Step-3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from isoflop.errors import InputError
from isoflop.plan.costs.hardware import Device
from isoflop.plan.costs.shapes import ModelShape


@dataclass(frozen=True)
class Load:
    """What one decoded token asks for.

    Args:
        kv_bytes: read from the cache.
        attention: FLOPs of scores and their use.
        linear: FLOPs of attention's projections.
        ffn: FLOPs of the feed-forward layers.
    """

    kv_bytes: float
    attention: float
    linear: float
    ffn: float


def decode_load(shape: ModelShape, context: float, *, kv_bits: float = 8.0) -> Load:
    """What one decoded token asks for at a length of the cache; embedding and output head are not counted.

    Reference: StepFun 2025, arXiv:2507.19427, table 6: cache in 8 bits, routers not counted.

    Args:
        shape: of the model.
        context: tokens in the cache.
        kv_bits: bits per number of the cache.

    Returns:
        Bytes and FLOPs per token.

    >>> load = decode_load(ModelShape(5120, 64, 64, 8, 128, 25600, 151936, 32768), 8192)
    >>> f"{load.kv_bytes:.3g} {load.attention:.3g} {load.linear:.3g} {load.ffn:.3g}"
    '1.07e+09 1.72e+10 1.21e+10 5.03e+10'
    """
    e = shape.experts
    routers = (shape.layers - e.dense_layers) * shape.width * e.total if e is not None else 0
    return Load(
        kv_bytes=shape.kv_elements * kv_bits / 8 * context,
        attention=4.0 * shape.layers * shape.cached_score_width * context,
        linear=2.0 * shape.attention_params,
        ffn=2.0 * (shape.ffn_active_params - routers),
    )


@dataclass(frozen=True)
class TokenCost:
    """Dollars per decoded token.

    Args:
        attention: of attention and its projections.
        ffn: of the feed-forward layers.
        attention_device: where attention runs.
        ffn_device: where the feed-forward layers run.
    """

    attention: float
    ffn: float
    attention_device: str
    ffn_device: str

    @property
    def total(self) -> float:
        """Dollars per token."""
        return self.attention + self.ffn


def token_cost(load: Load, device: Device, precision: str | None = None) -> TokenCost:
    """Dollars per decoded token on one kind of device, at full batches and full use.

    `max(F_attn U_flop, B_kv U_byte) + F_lin U_flop` for attention, `F_ffn U_flop` for the feed-forward
    layers, with `U_flop = price/3600/peak` and `U_byte = price/3600/bandwidth`. The exchange is not counted.

    Reference: StepFun 2025, arXiv:2507.19427, section 4 and table 6.

    Args:
        load: of a token.
        device: with its price.
        precision: of the products; the fastest of fp8 and bf16 when None.

    Returns:
        Cost of both parts.

    Raises:
        InputError: the device has no price, or no peak at the precision.

    >>> from isoflop.plan.costs.hardware import device
    >>> load = Load(kv_bytes=2.56e8, attention=3.27e10, linear=2.07e10, ffn=5.33e10)
    >>> round(1e6 * token_cost(load, device("H20")).total, 3)
    0.080
    """
    if device.price is None:
        raise InputError(f"{device.title} has no price. Give one in a file of devices: price = '$2.5/h'.")
    chosen = precision or ("fp8" if "fp8" in device.dense else "bf16")
    second = device.price / 3600
    flop, byte = second / device.peak(chosen), second / device.bandwidth
    attention = max(load.attention * flop, load.kv_bytes * byte) + load.linear * flop
    return TokenCost(attention, load.ffn * flop, device.name, device.name)


def cheapest_token(load: Load, devices: Sequence[Device] | Mapping[str, Device]) -> TokenCost:
    """The cheapest device for each part (attention and feed-forward layers disaggregated).

    Args:
        load: of a token.
        devices: to choose from, each with a price.

    Returns:
        Cost of both parts, each on its device.

    >>> from isoflop.plan.costs.hardware import device
    >>> load = Load(kv_bytes=2.56e8, attention=3.27e10, linear=2.07e10, ffn=5.33e10)
    >>> best = cheapest_token(load, [device(name) for name in ("H800", "H20", "A800", "Ascend 910B")])
    >>> round(1e6 * best.total, 3), best.attention_device, best.ffn_device
    (0.055, 'H20', 'H800')
    """
    found = [token_cost(load, item) for item in (devices.values() if isinstance(devices, Mapping) else devices)]
    if not found:
        raise InputError("There is no device to choose from. Give at least one with a price.")
    first, second = min(found, key=lambda c: c.attention), min(found, key=lambda c: c.ffn)
    return TokenCost(first.attention, second.ffn, first.attention_device, second.ffn_device)


def least_density(
    width: float,
    layers: float,
    device: Device,
    network: float,
    *,
    budget: float = 11.1e-3,
    precision: str | None = None,
) -> float:
    """The sparsest mixture of experts whose feed-forward layers stay busy within the network's time.

    `S_min = H L (FLOPs/bandwidth)/(network · 11.1 ms)`: the batch that makes a layer compute-bound grows as
    1/S, and its activations cross the network three times in a token's time.

    Reference: StepFun 2025, arXiv:2507.19427, section 5.2: reproduced with the network of a whole server.

    Args:
        width: H.
        layers: L.
        device: that runs the feed-forward layers.
        network: bytes/s of the server.
        budget: seconds of a token's time that the network may take.
        precision: of the products; the fastest of fp8 and bf16 when None.

    Returns:
        Active over all parameters of the feed-forward layers.

    >>> from isoflop.plan.costs.hardware import device
    >>> round(least_density(7168, 61, device("H800"), 400e9), 3)
    0.058
    """
    chosen = precision or ("fp8" if "fp8" in device.dense else "bf16")
    return width * layers * device.peak(chosen) / device.bandwidth / (network * budget)
