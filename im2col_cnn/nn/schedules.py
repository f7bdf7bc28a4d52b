"""Learning rates as a function of the step, counted from 0 over all epochs.

Any function will do, ``lambda step: 0.1 / (1 + step)`` too.
"""

from dataclasses import dataclass
from math import cos, pi
from typing import final

from .._checks import as_above_zero, as_at_least_zero, as_int

__all__ = ["cosine"]


@final
@dataclass(frozen=True)
class Cosine:
    """A schedule that climbs in a line and falls along half a cosine; see `cosine`."""

    peak: float
    steps: int
    end: float
    warmup: int  # shown by repr, as a checkpoint needs: all that it was made with

    def __call__(self, step: int) -> float:
        """Return the learning rate of a step."""
        if step < self.warmup:
            return self.peak * (step + 1) / self.warmup
        share = min((step - self.warmup) / (self.steps - self.warmup), 1.0)
        return self.end + (self.peak - self.end) * (1 + cos(pi * share)) / 2


def cosine(peak: float, steps: int, *, end: float = 0.0, warmup: int = 0) -> Cosine:
    """
    Return a schedule that climbs to a peak, then falls along half a cosine.

    Parameters
    ----------
    peak : float
        The highest learning rate.
    steps : int
        When it has fallen to `end`: epochs times steps per epoch.
    end : float, default 0
    warmup : int, default 0
        How many of those steps it climbs, in a line.

    Returns
    -------
    Cosine
        A function from the step, counted from 0, to the learning rate.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range, or the climb leaves no steps for the fall.

    References
    ----------
    Loshchilov, Hutter (2017), "SGDR: stochastic gradient descent with warm restarts",
    ICLR.

    Examples
    --------
    >>> from im2col_cnn.nn import cosine
    >>> rate = cosine(0.8, 10, warmup=2)
    >>> [round(rate(step), 2) for step in (0, 1, 2, 6, 10, 11)]
    [0.4, 0.8, 0.8, 0.4, 0.0, 0.0]
    """
    peak, end = as_above_zero(peak, "peak"), as_at_least_zero(end, "end")
    steps = as_int(steps, "steps", at_least=1)
    warmup = as_int(warmup, "warmup", at_least=0)
    if warmup >= steps:
        raise ValueError(f"warmup must be less than steps = {steps}, got {warmup}")

    return Cosine(peak, steps, end, warmup)
