"""What a contestant is given, and what it must return."""

from collections.abc import Callable
from math import prod
from typing import Any, NamedTuple

import numpy as np

from .._typing import Array, Shape
from ..nn.pooling import AvgPool
from .case import Case

__all__ = ["Arrays", "CannotError", "Contestant", "Found", "arrays_of"]


class Arrays(NamedTuple):
    """What a contestant is given, in float32."""

    x: Array
    dy: Array  # the gradient of the output, where no loss is asked for
    labels: Array
    parameters: dict[str, Array]


def arrays_of(case: Case, *, whole: bool) -> Arrays:
    """Draw all that a contestant is given: small whole numbers, or normal ones."""
    rng = np.random.default_rng(0)
    network = case.network()
    # Through several layers numbers grow, and float32 is exact up to 2 ** 24 only.
    most = 3 if len(case.layers) == 1 else 1
    averages = [s.cost for s in case.stages() if isinstance(s.layer, AvgPool)]

    def drawn(shape: Shape, factor: int = 1) -> Array:
        if whole:
            return factor * rng.integers(-most, most + 1, shape).astype(np.float32)
        return rng.standard_normal(shape, np.float32)

    *_, last = network.shapes.values()
    y = (case.images, *last)
    factor = prod(averages)  # so that averages are whole too
    # A plain dict, for JAX takes any other for one number.
    parameters = {
        name: drawn(array.shape) if whole else array
        for name, array in network.parameters.items()
    }
    labels = rng.integers(0, last[-1], case.images)
    return Arrays(drawn(case.input, factor), drawn(y, factor), labels, parameters)


class CannotError(Exception):
    """Why somebody takes no part in a case, in one line."""


class Found(NamedTuple):
    """What forward and backward give, in this package's layout."""

    y: Array
    dx: Array | None  # None where the case learns: nobody needs it then
    gradients: dict[str, Array]  # of the parameters


class Contestant(NamedTuple):
    """What is timed, and what it found: gradients of the output it was given."""

    forward: Callable[[], Any]
    step: Callable[[], Any]
    results: Callable[[], Found]
    note: str = ""  # how it goes about it, where there is a choice
