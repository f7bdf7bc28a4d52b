"""Laws of the contract between functions and caller: shapes, dtypes, memory."""

from contextlib import nullcontext
from typing import Any

import hypothesis.strategies as st
import numpy as np

from ..._typing import Array
from ..strategies import Case, among
from .comparison import BrokenLawError, assert_equal, assert_refused
from .drawing import Draw, draw_case, draw_upstream
from .subject import Subject, blaming

__all__ = [
    "a_batch_is_the_concatenation_of_its_images",
    "a_float_dtype_is_kept",
    "a_gradient_of_another_shape_is_refused",
    "arguments_are_left_alone",
    "backward_can_be_called_again",
    "backward_goes_with_its_own_forward",
    "every_gradient_has_the_shape_of_its_array",
    "memory_layout_does_not_matter",
    "small_calls_return",
]


def small_calls_return(subject: Subject, draw: Draw) -> None:
    """A call on a small image returns: what does not run cannot be checked."""
    case = draw(st.just(subject.small[0]), label="case")
    y, cache = subject.run(case)
    if subject.backward is not None:
        subject.gradients(np.ones(y.shape), cache)


def every_gradient_has_the_shape_of_its_array(subject: Subject, draw: Draw) -> None:
    """A gradient has the shape of its array, for it is subtracted from it."""
    case = draw_case(subject, draw, dtype=np.float64)
    y, cache = subject.run(case)

    gradients = subject.gradients(np.ones(y.shape), cache)

    for name, gradient, array in subject.named(gradients, list(case.arrays)):
        if np.shape(gradient) != array.shape:
            problem = f"has shape {np.shape(gradient)} instead of {array.shape}"
            raise BrokenLawError(f"d{name}", problem, gradient)


def a_float_dtype_is_kept(subject: Subject, draw: Draw) -> None:
    """float32 in, float32 out: an array made without a dtype doubles the memory."""
    dtype = np.dtype(draw(among(subject.dtypes), label="dtype"))
    case = draw_case(subject, draw, dtype=dtype)

    y, cache = subject.run(case)

    results = {"y": y}
    if subject.backward is not None:
        gradients = subject.gradients(np.ones(y.shape, dtype), cache)
        results |= {f"d{name}": dx for name, dx in subject.named(gradients)}
    for name, array in results.items():
        if array.dtype != dtype:
            problem = f"has dtype {array.dtype}, {dtype} went in"
            raise BrokenLawError(name, problem, str(array.dtype))


def memory_layout_does_not_matter(subject: Subject, draw: Draw) -> None:
    """The same numbers give the same answer, in whichever order memory holds them."""
    case = draw_case(subject, draw, dtype=np.float64)
    y, cache = subject.run(case)
    layouts = among(tuple(LAYOUTS))
    laid_out = [
        LAYOUTS[draw(layouts, label=f"memory of {name}")](array)
        for name, array in zip(subject.arrays, case.arrays, strict=True)
    ]

    dy = draw_upstream(subject, draw, y)
    other_dy = LAYOUTS[draw(layouts, label="memory of dy")](dy)

    other_y, other_cache = subject.run(Case(tuple(laid_out), case.settings))

    assert_equal(other_y, y, "y", strict=subject.strict)
    if subject.backward is None:
        return
    others = subject.gradients(other_dy, other_cache)
    for name, ours, theirs in subject.named(others, subject.gradients(dy, cache)):
        assert_equal(ours, theirs, f"d{name}", strict=subject.strict)


def arguments_are_left_alone(subject: Subject, draw: Draw) -> None:
    """Nothing is written into an argument: the caller still needs it."""
    case = draw_case(subject, draw, dtype=np.float64)
    arrays = {
        name: array.copy()
        for name, array in zip(subject.arrays, case.arrays, strict=True)
    }
    before = {name: array.copy() for name, array in arrays.items()}
    with blaming("forward") if not subject.strict else nullcontext():
        y, cache = subject.forward(*arrays.values(), **case.settings)
    if subject.backward is not None:
        dy = draw_upstream(subject, draw, y)
        arrays["dy"], before["dy"] = dy.copy(), dy
        with blaming("backward") if not subject.strict else nullcontext():
            subject.backward(arrays["dy"], cache)

    for name, array in arrays.items():
        if not np.array_equal(array, before[name]):
            raise BrokenLawError(name, "was written into", array, before[name])


def backward_can_be_called_again(subject: Subject, draw: Draw) -> None:
    """Asked twice, backward answers the same: it neither adds up nor uses up."""
    case = draw_case(subject, draw, dtype=np.float64)
    y, cache = subject.run(case)
    dy = draw_upstream(subject, draw, y)
    once = [copied(gradient) for gradient in subject.gradients(dy, cache)]

    again = subject.gradients(dy, cache)

    for name, ours, theirs in subject.named(again, once):
        assert_equal(ours, theirs, f"d{name}, asked again,", strict=True)


def backward_goes_with_its_own_forward(subject: Subject, draw: Draw) -> None:
    """Backward answers for the cache it is given, not for the latest forward."""
    case = draw_case(subject, draw, dtype=np.float64)
    y, cache = subject.run(case)
    dy = draw_upstream(subject, draw, y)
    before = [copied(gradient) for gradient in subject.gradients(dy, cache)]
    subject.run(Case(tuple(array + 1 for array in case.arrays), case.settings))

    after = subject.gradients(dy, cache)

    for name, ours, theirs in subject.named(after, before):
        assert_equal(ours, theirs, f"d{name}, after another forward,", strict=True)


def a_batch_is_the_concatenation_of_its_images(subject: Subject, draw: Draw) -> None:
    """An image is treated alike in any company: images of a batch never mix."""
    case = draw_case(subject, draw, dtype=np.float64)
    x, *others = case.arrays
    y, cache = subject.run(case)
    dy, dx = None, None
    if subject.backward is not None:
        dy = draw_upstream(subject, draw, y)
        dx, *_ = subject.gradients(dy, cache)
        dx = None if "x" in subject.without else dx

    rows = len(y) // max(1, len(x))  # im2col gives many rows per image
    for n in range(len(x)):
        image = Case((x[n : n + 1], *others), case.settings)
        its = slice(n * rows, (n + 1) * rows)
        y_image, cache_image = subject.run(image)
        assert_equal(y_image, y[its], f"y of image {n} alone", strict=subject.strict)
        if dy is not None and dx is not None:
            dx_image, *_ = subject.gradients(dy[its], cache_image)
            name = f"dx of image {n} alone"
            assert_equal(dx_image, dx[n : n + 1], name, strict=subject.strict)


def a_gradient_of_another_shape_is_refused(subject: Subject, draw: Draw) -> None:
    """A gradient that does not fit is an error, not a partial sum without a word."""
    case = draw_case(subject, draw, dtype=np.float64)
    y, cache = subject.run(case)
    shape = (*y.shape[:-1], y.shape[-1] + 1)
    shapes = among((shape, (len(y) + 1, *y.shape[1:])))
    wrong = np.ones(draw(shapes, label="shape of dy"))

    def call() -> Any:
        return subject.gradients(wrong, cache)

    problem = f"of shape {wrong.shape} is accepted, though y has shape {y.shape}"
    assert_refused(call, "dy", problem)


# Arrays that hold the same numbers in another way ----------------------------------


def fortran(array: Array) -> Array:
    """Store an array with its first index running fastest."""
    return np.asfortranarray(array)


def backwards(array: Array) -> Array:
    """Store an array from its last number to its first, and view it the right way."""
    return np.flip(np.flip(array).copy())


def sliced(array: Array) -> Array:
    """View every other entry of a larger array."""
    gap = np.nan if array.dtype.kind == "f" else 0
    larger = np.full([2 * n for n in array.shape], gap, array.dtype)
    view = larger[tuple(slice(None, None, 2) for _ in array.shape)]
    view[...] = array
    return view


def swapped(array: Array) -> Array:
    """Store numbers with their bytes in the other order, as some files do."""
    return array.astype(array.dtype.newbyteorder())


LAYOUTS = {
    "in Fortran order": fortran,
    "from back to front": backwards,
    "every other number of a larger array": sliced,
    "with its bytes swapped": swapped,
}


def copied(array: Any) -> Any:
    """Return a copy of an array, and anything else as it is."""
    return array.copy() if isinstance(array, np.ndarray) else array
