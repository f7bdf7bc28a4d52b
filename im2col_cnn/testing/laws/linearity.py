"""Laws that follow from linearity alone, and need no oracle."""

from typing import Any

import numpy as np

from ..._typing import Array
from ...window import Window
from ..strategies import Case, whole_arrays
from .comparison import (
    BrokenLawError,
    assert_equal,
    assert_refused,
    largest_term,
    tolerance,
)
from .drawing import Draw, draw_case, draw_upstream, instead
from .subject import Subject

__all__ = [
    "a_stride_of_0_is_refused",
    "channels_that_do_not_match_are_refused",
    "forward_and_backward_are_adjoint",
    "pixels_that_no_window_reads_get_gradient_0",
    "the_bias_is_added_once",
    "the_mean_of_a_constant_is_the_constant",
    "the_sum_of_dx_is_the_sum_of_dy",
]


# What goes to the padding is lost on purpose, and "all" gives more than it got.
UNPADDED = {"count_include_pad": False, "ties": "split"}


def forward_and_backward_are_adjoint(subject: Subject, draw: Draw) -> None:
    """<y, dy> == <x, dx> == <w, dw>: one sum of products, read in three ways."""
    case = draw_case(subject, draw, dtype=np.float64)
    arrays = dict(zip(subject.arrays, case.arrays, strict=True))
    if "b" in arrays:
        arrays["b"] = np.zeros_like(arrays["b"])
        case = instead(draw, case, *arrays.values())
    y, cache = subject.run(case)
    dy = draw_upstream(subject, draw, y)

    gradients = dict(zip(arrays, subject.gradients(dy, cache), strict=True))

    product = np.sum(y * dy, dtype=np.float64)
    for name in arrays.keys() - {"b", *subject.without}:
        gradient = gradients[name]
        require_shape(gradient, arrays[name], f"d{name}")
        other = np.sum(arrays[name] * gradient, dtype=np.float64)
        # Where large terms cancel, what they were rounded by does not.
        size = np.sum(np.abs(y * dy))
        rounded = coarser(y, gradient)
        if not abs(other - product) <= tolerance(rounded, np.asarray(size)):
            problem = f"is {other:g}, but <y, dy> is {product:g}"
            raise BrokenLawError(f"<{name}, d{name}>", problem, other, product)


def pixels_that_no_window_reads_get_gradient_0(subject: Subject, draw: Draw) -> None:
    """A pixel that no window reads changes nothing, so its gradient is 0."""
    case = draw_case(subject, draw, dtype=np.float64)
    y, cache = subject.run(case)
    dy = draw(whole_arrays(y.shape, low=1), label="dy")

    dx, *_ = subject.gradients(dy, cache)

    x, *_ = case.arrays
    unread = window_of(case).coverage() == 0
    require_shape(dx, x, "dx")
    if dx[:, unread].any():
        raise BrokenLawError("dx", "is not 0 at a pixel that no window reads", dx)


def the_bias_is_added_once(subject: Subject, draw: Draw) -> None:
    """Forward adds the bias to every pixel of the output once, channel by channel."""
    case = draw_case(subject, draw, dtype=np.float64)
    x, w, b = case.arrays
    with_bias, _ = subject.run(case)

    without, _ = subject.run(Case((x, w, np.zeros_like(b)), case.settings))

    assert_equal(with_bias, without + b.ravel(), "y", term=largest_term(x, w))


def the_sum_of_dx_is_the_sum_of_dy(subject: Subject, draw: Draw) -> None:
    """A pooling hands on all it gets: the sum of dx is the sum of dy."""
    case = draw_case(subject, draw, dtype=np.float64)
    case = instead(draw, case, **unpadded(case))
    y, cache = subject.run(case)
    dy = draw_upstream(subject, draw, y)

    dx, *_ = subject.gradients(dy, cache)

    found, wanted = np.asarray(dx.sum()), np.asarray(dy.sum())
    if not abs(found - wanted) <= tolerance(dx, np.abs(dy).sum(keepdims=True)):
        raise BrokenLawError("dx", f"adds up to {found:g}, dy to {wanted:g}", dx)


def the_mean_of_a_constant_is_the_constant(subject: Subject, draw: Draw) -> None:
    """The mean of equal numbers is that number, at the border too."""
    case = draw_case(subject, draw, dtype=np.float64)
    case = instead(draw, case, np.full_like(case.arrays[0], 7), **unpadded(case))

    y, _ = subject.run(case)

    assert_equal(y, np.full_like(y, 7), "y")


def channels_that_do_not_match_are_refused(subject: Subject, draw: Draw) -> None:
    """Kernels for other channels are an error: broadcasting would hide it."""
    case = draw_case(subject, draw, dtype=np.float64)
    x, w, b = case.arrays
    N, *spatial, _ = x.shape
    *kernel_size, depth, F = w.shape
    if depth == 1:  # then too many channels in w, else too many in x
        w = np.ones((*kernel_size, 3, F))
    case = instead(draw, case, np.ones((N, *spatial, 1)), w, b)

    def call() -> Any:
        y, cache = subject.run(case)
        return y if "forward" in subject.graded else backward(subject, y, cache)

    problem = f"has {w.shape[-2]} channels and x has 1, and is accepted"
    assert_refused(call, "w", problem)


def a_stride_of_0_is_refused(subject: Subject, draw: Draw) -> None:
    """A window that never moves on is an error, not an answer."""
    case = draw_case(subject, draw, dtype=np.float64)
    stride = case.settings["stride"]
    never = 0 if isinstance(stride, int) else (0,) * len(stride)
    case = instead(draw, case, stride=never)

    def call() -> Any:
        y, cache = subject.run(case)
        return y if "forward" in subject.graded else backward(subject, y, cache)

    assert_refused(call, "stride", "0 is accepted")


def coarser(one: Array, other: Array) -> Array:
    """Return the array whose numbers are rounded more."""
    return min(one, other, key=lambda array: array.dtype.itemsize)


def unpadded(case: Case) -> dict[str, Any]:
    """Return the settings under which the sums of dx and dy are equal."""
    return {name: value for name, value in UNPADDED.items() if name in case.settings}


def backward(subject: Subject, y: Array, cache: Any) -> list[Array]:
    """Return the gradients for an upstream gradient of ones."""
    return subject.gradients(np.ones(y.shape), cache)


def window_of(case: Case) -> Window:
    """Return the windows of a convolution or a pooling."""
    settings = {
        name: case.settings[name]
        for name in ("stride", "padding", "dilation", "ceil_mode")
        if name in case.settings
    }
    x, *others = case.arrays
    kernel_size = case.settings.get(
        "kernel_size", others[0].shape[:-2] if others else 0
    )
    return Window(x.shape[1:-1], kernel_size, **settings)


def require_shape(gradient: Any, array: Any, name: str) -> None:
    """Break the law if a gradient has not the shape of its array."""
    if np.shape(gradient) != array.shape:
        problem = f"has shape {np.shape(gradient)} instead of {array.shape}"
        raise BrokenLawError(name, problem, gradient)
