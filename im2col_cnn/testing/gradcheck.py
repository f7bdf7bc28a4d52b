"""Check the gradient of any NumPy function, yours or ours.

A backward is right if it predicts how forward changes. Two questions put that to the
test without looking inside:

    slope      (<f(x + h v), dy> - <f(x - h v), dy>) / 2h  ->  <backward(dy), v>
    adjoint    <f(x), dy> == <x, backward(dy)>     where f is linear; no step size

The directions `v` and the upstream gradients `dy` are random. With an upstream gradient
of ones, rows and columns that were swapped would go unseen.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._checks import as_function, as_int, quoted
from .._typing import Array

__all__ = [
    "Backward",
    "Forward",
    "GradientError",
    "GradientReport",
    "Slopes",
    "check_adjoint",
    "check_gradient",
    "listed",
    "magnitude",
    "require_gradient",
    "slopes",
]


MAX_TRIALS = 2**20  # upstream gradients per input
MAX_NUDGES = 5  # away from a kink, before its slope is called wrong
STEPS = 10.0 ** -np.arange(3, 8)  # of the size of the inputs
TOLERANCE = 1e-5  # of the slope: central differences in float64 reach 1e-8 or better

Forward = Callable[..., Any]
Backward = Callable[..., Any]


@dataclass(frozen=True)
class GradientReport:
    """What was compared: how often, and how far apart it was at the worst."""

    comparisons: int
    worst: float  # difference over the size of the slope
    kinks: int  # inputs at which the function has no slope; it was checked beside them


def check_gradient(
    forward: Forward, backward: Backward, *inputs: Any, trials: int = 3, seed: int = 0
) -> GradientReport:
    """
    Compare a gradient with the slope of its function in random directions.

    Parameters
    ----------
    forward : callable
        ``forward(*inputs) -> (y, cache)``.
    backward : callable
        ``backward(dy, cache)`` returns the gradient of ``<y, dy>`` with respect to
        each input: one array, or a tuple with one entry per input, None where there
        is none.
    *inputs : array or anything
        Where to check. Arrays of floats are moved, in float64; everything else, such
        as labels, is handed on as it is.
    trials : int, default 3
        Upstream gradients per input.
    seed : int, default 0
        The same seed asks the same questions.

    Returns
    -------
    GradientReport
        How many slopes were compared, the worst difference, and at how many inputs
        the function has a kink. At a kink, such as a tie of two maxima or a ReLU at 0,
        a function has several slopes, and the gradient is checked a little beside it.

    Raises
    ------
    TypeError, ValueError
        If `forward` or `backward` is no function, or a setting no whole number.
    GradientError
        If a gradient has the wrong shape, is missing or does not match the slope. The
        message names the input and gives both numbers.

    See Also
    --------
    check_adjoint : Exact, for functions that are linear in each input.

    Notes
    -----
    Two evaluations of `forward` per step size, five step sizes per slope. One random
    direction sees every entry of a gradient at once; an error in a single entry is
    missed only if the direction happens to be 0 there.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn.testing.gradcheck import check_gradient
    >>> def forward(x):
    ...     return x**2, x
    >>> check_gradient(forward, lambda dy, x: 2 * x * dy, np.arange(3.0)).kinks
    0
    >>> check_gradient(  # doctest: +ELLIPSIS
    ...     forward, lambda dy, x: x * dy, np.arange(3.0)
    ... )
    Traceback (most recent call last):
        ...
    im2col_cnn.testing.gradcheck.GradientError: the gradient of input 0 predicts ...
    >>> def relu(x):
    ...     return np.maximum(x, 0), x
    >>> check_gradient(relu, lambda dy, x: dy * (x > 0), np.zeros(3)).kinks
    1
    """
    forward, backward, rng = asked(forward, backward, seed)
    trials = as_int(trials, "trials", at_least=1)
    if trials >= MAX_TRIALS:
        raise ValueError(f"trials must be less than 2**20, got {trials}")
    values = [as_movable(value) for value in inputs]
    worst, comparisons, kinks = 0.0, 0, set()
    for at, value in enumerate(values):
        if not is_movable(value):
            continue
        for _ in range(trials):
            error, kink = compare(forward, backward, values, at, rng)
            worst, comparisons = max(worst, error), comparisons + 1
            if kink:
                kinks.add(at)
    if not comparisons:
        raise GradientError("no input is an array of floats: there is nothing to check")
    return GradientReport(comparisons, worst, len(kinks))


def check_adjoint(
    forward: Forward, backward: Backward, *inputs: Any, seed: int = 0
) -> GradientReport:
    """
    Check that backward is the transpose of a forward that is linear in each input.

    Parameters
    ----------
    forward, backward, *inputs
        As for `check_gradient`. A convolution is linear in `x` and in `w`, as long as
        it has no bias.
    seed : int, default 0
        Of the upstream gradient.

    Returns
    -------
    GradientReport
        With the worst difference: 0 where all numbers are whole.

    Raises
    ------
    TypeError, ValueError
        As for `check_gradient`.
    GradientError
        If ``<y, dy>`` is not ``<input, gradient>`` for an input, up to rounding; or if
        `forward` is not linear in it.

    Notes
    -----
    One evaluation of `backward`, and two of `forward` per input. There is no step size
    and no tolerance but that of rounding: the products of a scalar product are known
    to differ by less than their number times the spacing of floats.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn import conv_backward, conv_forward
    >>> from im2col_cnn.testing.gradcheck import check_adjoint
    >>> x, w = np.arange(12.0).reshape(1, 3, 4, 1), np.ones((2, 2, 1, 1))
    >>> check_adjoint(conv_forward, conv_backward, x, w)
    GradientReport(comparisons=2, worst=0.0, kinks=0)
    """
    forward, backward, rng = asked(forward, backward, seed)
    values = [as_movable(value) for value in inputs]
    y, cache = answered(forward, values)
    dy = rng.integers(-9, 10, np.shape(y)).astype(np.float64)
    gradients = listed(backward(dy, cache), values)
    y = np.asarray(y, np.float64)
    worst, comparisons = 0.0, 0
    for at, value in enumerate(values):
        if not is_movable(value):
            continue
        require_linear(forward, values, at, y)
        gradient = require_gradient(gradients, value, at)
        there, back = np.vdot(y, dy), np.vdot(value, gradient)
        size = np.vdot(abs(y), abs(dy)) + np.vdot(abs(value), abs(gradient))
        rounding = 4 * np.finfo(np.float64).eps * (y.size + value.size) * size
        if not abs(there - back) <= rounding:
            raise GradientError(
                f"the gradient of input {at} is not the transpose of forward: "
                f"<y, dy> = {there}, but <input, gradient> = {back}"
            )
        worst = max(worst, abs(there - back) / (size or 1))
        comparisons += 1
    return GradientReport(comparisons, float(worst), 0)


def compare(
    forward: Forward,
    backward: Backward,
    values: list[Any],
    at: int,
    rng: np.random.Generator,
) -> tuple[float, bool]:
    """Compare one slope with its prediction; at a kink, compare beside it."""
    found = slopes(forward, backward, values, at, rng)
    if found.agree:
        return found.error, False
    for _ in range(MAX_NUDGES):
        if not found.kink:
            break
        # A place nearby may be next to a kink again, if two numbers nearly tie there.
        beside = list(values)
        nudge = rng.uniform(-1, 1, values[at].shape)
        beside[at] = values[at] + 0.1 * magnitude(values[at]) * nudge
        found = slopes(forward, backward, beside, at, rng)
        if found.agree:
            return found.error, True
    raise GradientError(
        f"the gradient of input {at} predicts a slope of {found.predicted:.9g} in a "
        f"random direction, but the function changes by {found.measured:.9g} per unit"
    )


def require_linear(forward: Forward, values: list[Any], at: int, y: Array) -> None:
    """Refuse a function that does not double with its input: it has no transpose."""
    doubled = list(values)
    doubled[at] = 2 * values[at]
    found = np.asarray(answered(forward, doubled)[0], np.float64)
    if not np.allclose(found, 2 * y, rtol=1e-9, atol=1e-9 * (np.abs(y).max(initial=0))):
        raise GradientError(
            f"forward is not linear in input {at}: twice the input does not give twice "
            f"the output. Leave a bias out, or use check_gradient"
        )


def asked(
    forward: Forward, backward: Backward, seed: int
) -> tuple[Forward, Backward, np.random.Generator]:
    """Return the two functions, and what draws the questions, if they are such."""
    as_function(forward, "forward")
    as_function(backward, "backward")
    return forward, backward, np.random.default_rng(as_int(seed, "seed", at_least=0))


def answered(forward: Forward, values: list[Any]) -> tuple[Any, Any]:
    """Return what forward returns, if that is an output and a cache."""
    found = forward(*values)
    if not isinstance(found, tuple | list) or len(found) != 2:
        raise TypeError(f"forward must return (y, cache), got {quoted(found)}")
    return found[0], found[1]


def as_movable(value: Any) -> Any:
    """Return arrays of floats in float64, and everything else as it is."""
    if is_movable(value):
        return np.asarray(value, np.float64)
    return value


def is_movable(value: Any) -> bool:
    """Tell whether a value is an array of floats."""
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


class GradientError(AssertionError):
    """A gradient that does not predict how its function changes."""


@dataclass(frozen=True)
class Slopes:
    """The slope that a gradient predicts, and the one that is measured."""

    predicted: float
    measured: float
    doubt: float  # how far the measured slopes of neighbouring step sizes are apart
    jump: float  # from the slope to the left to that to the right, a tiny step away
    bend: float  # the same, the step away at which the slope was measured
    size: float  # of the products that the slope is a sum of

    @property
    def error(self) -> float:
        """Difference over the size of the slope."""
        return abs(self.predicted - self.measured) / (self.size or 1)

    @property
    def agree(self) -> bool:
        """Whether the two are equal as far as can be measured."""
        allowed = TOLERANCE * self.size + min(self.doubt, 1e-3 * self.size)
        return abs(self.predicted - self.measured) <= allowed

    @property
    def kink(self) -> bool:
        """Whether the slope jumps here, or somewhere within the steps."""
        return self.jump > 1e-5 * self.size or max(self.bend, self.doubt) > (
            1e-3 * self.size
        )


def slopes(
    forward: Forward,
    backward: Backward,
    values: list[Any],
    at: int,
    rng: np.random.Generator,
) -> Slopes:
    """Measure the slope of ``<forward, dy>`` along a random direction."""
    y, cache = answered(forward, values)
    dy = rng.normal(size=np.shape(y))
    gradient = require_gradient(listed(backward(dy, cache), values), values[at], at)
    direction = magnitude(values[at]) * rng.normal(size=values[at].shape)

    def along(step: float) -> float:
        moved = list(values)
        moved[at] = values[at] + step * direction
        there, _ = answered(forward, moved)
        return float(np.vdot(np.asarray(there, np.float64) - y, dy))

    ahead = np.array([along(step) / step for step in STEPS])
    behind = np.array([along(-step) / -step for step in STEPS])
    central = (ahead + behind) / 2
    doubts = np.abs(np.diff(central))
    best = int(np.argmin(doubts))
    return Slopes(
        predicted=float(np.vdot(gradient, direction)),
        measured=float(central[best + 1]),
        doubt=float(doubts[best]),
        jump=float(np.abs(ahead - behind)[-2]),
        bend=float(np.abs(ahead - behind)[best + 1]),
        size=float(np.abs(gradient * direction).sum() + np.abs(central[best + 1])),
    )


def require_gradient(gradients: Sequence[Any], value: Array, at: int) -> Array:
    """Refuse a gradient that is missing, misshapen or not finite."""
    gradient = gradients[at] if at < len(gradients) else None
    if gradient is None:
        raise GradientError(f"backward returned no gradient for input {at}")
    if np.shape(gradient) != value.shape:
        raise GradientError(
            f"the gradient of input {at} must have its shape, {value.shape}, got "
            f"{np.shape(gradient)}"
        )
    array = np.asarray(gradient, np.float64)
    if not np.isfinite(array).all():
        raise GradientError(f"the gradient of input {at} is not finite")
    return array


def magnitude(value: Array) -> float:
    """Return the typical size of the entries of an array, 1 where all are 0."""
    return float(np.sqrt(np.mean(value**2))) or 1.0 if value.size else 1.0


def listed(found: Any, values: list[Any]) -> list[Any]:
    """Return gradients as a list, whatever backward returned."""
    if isinstance(found, tuple | list) and len(values) > 1:
        return list(found)
    return list(found) if isinstance(found, tuple) else [found]
