"""What samples of a problem cost: by tokens and prices, by observed cost, by serving hardware, by equivalent FLOPs."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import InputError
from isoflop.plan.costs.hardware import Device
from isoflop.plan.costs.shapes import ModelShape
from isoflop.plan.serving.eflops import eflops
from isoflop.plan.serving.roofline import Workload, serve
from isoflop.testtime.estimators.costs import sample_cost

Array = NDArray[Any]

DOLLARS = "dollars"
EFLOPS = "eFLOPs"


@dataclass(frozen=True, eq=False)
class Charge:
    """Cost of k samples of every problem, `fixed + k · each`.

    Args:
        fixed: paid once for a problem, shape (problems,).
        each: paid for every sample.
        verify: paid besides for every sample that a verifier scores.
        unit: dollars or eFLOPs.
    """

    fixed: Array
    each: Array
    verify: Array
    unit: str

    def of(self, samples: ArrayLike, *, verified: bool = False) -> Array:
        """Cost of so many samples, such as an expected number.

        Args:
            samples: of every problem, shape (problems, ks) or (ks,).
            verified: whether a verifier scores them.

        Returns:
            Costs, shape (problems, ks).

        >>> float(charge_tokens([200.0], [1000.0], price_in=1, price_out=2, cached=True).of([10])[0, 0])
        0.0202
        """
        each = self.each + self.verify if verified else self.each
        return np.asarray(self.fixed[:, None] + each[:, None] * np.asarray(samples, dtype=float))

    def with_verifier(self, cost: float) -> "Charge":
        """Add what a verifier takes for one sample, in the charge's unit."""
        return replace(self, verify=np.full(len(self.each), _amount(cost, "verifier's cost")))

    def take(self, problems: Array) -> "Charge":
        """Keep some problems, by place."""
        return replace(self, fixed=self.fixed[problems], each=self.each[problems], verify=self.verify[problems])


def charge_tokens(
    input_tokens: ArrayLike, tokens: ArrayLike, *, price_in: float, price_out: float, cached: bool = False
) -> Charge:
    """Charge by prices of tokens.

    Args:
        input_tokens: tokens of every problem's prompt, shape (problems,).
        tokens: mean tokens written for a sample of it.
        price_in: dollars per million tokens read.
        price_out: dollars per million tokens written.
        cached: whether the prompt is paid once for all samples of a problem.

    Returns:
        The charge.

    Raises:
        InputError: a negative number.
    """
    read, written = (np.atleast_1d(np.asarray(x, dtype=float)) for x in np.broadcast_arrays(input_tokens, tokens))
    prompt = sample_cost(read, 0.0, price_in=price_in, price_out=0.0)
    answer = sample_cost(0.0, written, price_in=0.0, price_out=price_out)
    none = np.zeros(len(read))
    return Charge(prompt if cached else none, answer if cached else prompt + answer, none, DOLLARS)


def charge_observed(cost: ArrayLike) -> Charge:
    """Charge by the mean cost that samples of every problem had, in dollars.

    >>> charge_observed([0.5, 0.25]).of([4]).ravel().tolist()
    [2.0, 1.0]
    """
    each = np.atleast_1d(np.asarray(cost, dtype=float))
    if not np.all(each >= 0):
        raise InputError("A cost is missing or negative. Give dollars of 0 or more.")
    return Charge(np.zeros(len(each)), each, np.zeros(len(each)), DOLLARS)


def charge_serving(shape: ModelShape, device: Device, input_tokens: ArrayLike, tokens: ArrayLike) -> Charge:
    """Charge by the time of devices of one's own, by roofline: dollars per token at the mean request.

    Reference: `isoflop.plan.serving.roofline`, at half of the peak when reading and 60 % of the roofline when writing
        (assumptions), with as many requests together as fit.

    Args:
        shape: of the model.
        device: with its price.
        input_tokens: tokens of every problem's prompt, shape (problems,).
        tokens: mean tokens written for a sample of it.

    Returns:
        The charge, in proportion to the tokens read and written.

    Raises:
        InputError: the device has no price, or the model does not fit.
    """
    if device.price is None:
        raise InputError(f"{device.title} has no price. Give one in a file of devices: price = '$2.5/h'.")
    read, written = (np.atleast_1d(np.asarray(x, dtype=float)) for x in np.broadcast_arrays(input_tokens, tokens))
    work = Workload(float(read.mean()), float(written.mean()), prefill_share=0.5, decode_share=0.6)
    group = serve(shape, device, work)
    # A prompt occupies all devices of the group while it is read; the rest of a request's time is writing.
    reading = group.prefill_seconds * group.devices
    writing = group.device_seconds - reading
    second = device.price / 3600
    each = second * (reading * read / max(work.prompt, 1.0) + writing * written / work.output)
    none = np.zeros(len(read))
    return Charge(none, each, none, DOLLARS)


def charge_eflops(shape: ModelShape, input_tokens: ArrayLike, tokens: ArrayLike) -> Charge:
    """Charge in equivalent FLOPs: arithmetic and the memory that attention reads, the prompt's cache shared.

    Reference: Sadhukhan et al. 2025 (Kinetics), arXiv:2506.05333, by `isoflop.plan.serving.eflops`.

    Args:
        shape: of the model.
        input_tokens: tokens of every problem's prompt, shape (problems,).
        tokens: mean tokens written for a sample of it.

    Returns:
        The charge; answers of unequal length cost more than their mean says, which is left out.
    """
    read, written = (np.atleast_1d(np.asarray(x, dtype=float)) for x in np.broadcast_arrays(input_tokens, tokens))
    one, two = (
        np.array([float(eflops(shape, p, g, trials=k).total) for p, g in zip(read, written, strict=True)])
        for k in (1, 2)
    )
    # The cost is a line in the number of trials.
    return Charge(2 * one - two, two - one, np.zeros(len(read)), EFLOPS)


def _amount(value: float, what: str) -> float:
    """A cost of zero or more."""
    if not value >= 0:
        raise InputError(f"The {what} is {value:g}. Give 0 or more.")
    return value
