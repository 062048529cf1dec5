"""Idealized inference time: what a model would take on dedicated devices, from its prompt and its answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoflop.errors import InputError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class InferenceTime:
    """Seconds as a function of prompt and answer, `T(p, o) = α_p + (o − 1) β + overhead`.

    Args:
        prompts: prompt sizes p at which α was measured, rising.
        first: α_p, seconds to the first token at these sizes.
        each: β, seconds per further token.
        overhead: seconds of everything around the model; 0 for the idealized time.
    """

    prompts: tuple[float, ...]
    first: tuple[float, ...]
    each: float
    overhead: float = 0.0

    def seconds(self, prompt: ArrayLike, output: ArrayLike) -> Array:
        """Time of a request; α between the measured prompts on straight lines.

        Raises:
            InputError: a prompt lies outside the measured sizes, or an answer has no token.

        >>> round(float(inference_times()["davinci"].seconds(512, 101)), 3)
        8.278
        """
        p, o = np.asarray(prompt, dtype=float), np.asarray(output, dtype=float)
        low, high = self.prompts[0], self.prompts[-1]
        if np.any(p < low) or np.any(p > high):
            raise InputError(
                f"Prompts of {p.min():g} to {p.max():g} tokens were not measured, {low:g} to {high:g} were. "
                "Measure the time to the first token at more sizes."
            )
        if np.any(o < 1):
            raise InputError(f"An answer of {o.min():g} tokens has no time. Give at least 1.")
        return np.asarray(np.interp(p, self.prompts, self.first) + (o - 1) * self.each + self.overhead)


@cache
def inference_times() -> Mapping[str, InferenceTime]:
    """Published idealized times on A100s, by model.

    Reference: Narayanan et al. 2023, arXiv:2305.02440, and the constants in its code.

    >>> inference_times()["BLOOM"].each
    0.061
    """
    lines = files("isoflop").joinpath("plan", "serving", "inference_times.csv").read_text("utf-8").splitlines()
    rows = [line.split(",") for line in lines if not line.startswith("#")]
    prompts = tuple(float(name.removeprefix("alpha_")) for name in rows[0][2:])
    return MappingProxyType(
        {row[0]: InferenceTime(prompts, tuple(map(float, row[2:])), float(row[1])) for row in rows[1:]}
    )


def fit_inference_time(
    prompt: ArrayLike, output: ArrayLike, seconds: ArrayLike, *, remove_noise: bool = False
) -> InferenceTime:
    """The two-part time model from measured requests.

    α_p is the shortest time of an answer of one token at each prompt size; β the slope through the
    origin of `T − α_p` on `o − 1`. Without noise (repeats reduced to their minimum) what remains at
    o = 1 is the system's own overhead.

    Reference: Narayanan et al. 2023, arXiv:2305.02440, section 3.

    Args:
        prompt: tokens read, shape (requests,).
        output: tokens written; every prompt size needs requests with one token.
        seconds: measured.
        remove_noise: keep of repeats the fastest only, as for times measured through an API.

    Returns:
        The model.

    Raises:
        InputError: lengths differ, a prompt size has no request of one token, or none has more.

    >>> p, o = np.repeat([1, 256], 3), np.tile([1, 11, 21], 2)
    >>> round(fit_inference_time(p, o, 0.03 + p * 1e-4 + (o - 1) * 0.02).each, 4)
    0.02
    """
    p, o, t = (np.asarray(x, dtype=float) for x in (prompt, output, seconds))
    if not p.shape == o.shape == t.shape or p.ndim != 1:
        raise InputError(
            f"Prompts {p.shape}, answers {o.shape} and times {t.shape} differ in shape. Give one row each."
        )
    if remove_noise:
        pairs, place = np.unique(np.stack([p, o], axis=1), axis=0, return_inverse=True)
        fastest = np.full(len(pairs), np.inf)
        np.minimum.at(fastest, place.ravel(), t)
        (p, o), t = pairs.T, fastest
    sizes = np.unique(p)
    single = {size: t[(p == size) & (o == 1)] for size in sizes}
    lacking = [f"{size:g}" for size, times in single.items() if not len(times)]
    if lacking or not np.any(o > 1):
        found = (
            f"prompts of {', '.join(lacking)} tokens have no answer of one token" if lacking else "no answer is longer"
        )
        raise InputError(
            f"The time per token cannot be told from the first: {found}. Measure both at every prompt size."
        )
    first = np.array([single[size].min() for size in sizes])
    further = o - 1
    above = t - first[np.searchsorted(sizes, p)]
    return InferenceTime(tuple(sizes), tuple(first), float(further @ above / (further @ further)))
