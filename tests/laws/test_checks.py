"""Every refusal says which argument, the rule, the numbers, and a way out."""

# mypy: disable-error-code="arg-type, call-overload"
# Wrong types are the subject here.

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from im2col_cnn import (
    Window,
    conv_backward,
    conv_forward,
    conv_transpose_forward,
    dense_forward,
    im2col,
    max_pool_forward,
    max_unpool,
    softmax_cross_entropy,
)

x, w = np.ones((1, 3, 4, 2)), np.ones((2, 2, 2, 6))

CALLS = [
    (
        lambda: im2col(x, (5, 2)),
        ValueError,
        (
            "a 5x2 kernel does not fit in a 3x4 image padded to 3x4: shrink the kernel "
            "or add padding"
        ),
    ),
    (
        lambda: im2col(x, 3, dilation=2, padding=((0, 1), 0)),
        ValueError,
        (
            "a 3x3 kernel, spread to 5x5 by dilation, does not fit in a 3x4 image "
            "padded to 4x4"
        ),
    ),
    (
        lambda: im2col(x, 2.0),
        TypeError,
        "kernel_size must be an int or one int per spatial axis, got 2.0",
    ),
    (lambda: im2col(x, 0), ValueError, "kernel_size must be at least 1, got 0"),
    (
        lambda: im2col(x[0, 0], 2),
        ValueError,
        r"x must have axes \(N, \*spatial, C\), got",
    ),
    (
        lambda: im2col(np.ones((1, 0, 4, 2)), 2, padding=3),
        ValueError,
        r"x must have at least one pixel per image, got shape \(1, 0, 4, 2\)",
    ),
    (lambda: im2col([[["a"]]], 1), TypeError, "x must hold numbers, got dtype <U1$"),
    (
        lambda: im2col(np.array(None), 1),
        TypeError,
        "x must be an array of numbers, got ndarray$",
    ),
    (
        lambda: conv_forward((image for image in x), w),
        TypeError,
        "x must be an array of numbers, got generator$",
    ),
    (
        lambda: conv_forward(x.astype(object), w),
        TypeError,
        r"x must hold real numbers, got dtype object: x.astype\(float\) makes such$",
    ),
    (
        lambda: conv_forward(x * 1j, w),
        TypeError,
        "x must hold real numbers, got dtype complex128: x.real and x.imag are such$",
    ),
    (
        lambda: conv_forward([[1], [2, 3]], w),
        TypeError,
        "x must be an array of numbers",
    ),
    (
        lambda: conv_forward(x, w[0]),
        ValueError,
        r"w must have axes \(\*kernel_size, C // .*, got shape \(2, 2, 6\)$",
    ),
    (
        lambda: conv_forward(x, np.ones((2, 2, 3, 6))),
        ValueError,
        r"w must read C // groups = 2 channels \(x has C = 2, groups = 1\), got 3",
    ),
    (
        lambda: conv_forward(x, w, groups=2),
        ValueError,
        r"w must read C // groups = 1 channels \(x has C = 2, groups = 2\), got 2",
    ),
    (
        lambda: conv_forward(x, np.ones((2, 2, 1, 3)), groups=2),
        ValueError,
        (
            "groups must divide the channels of x and the filters of w, got "
            "groups = 2, C = 2, F = 3"
        ),
    ),
    (
        lambda: conv_forward(x, w, groups=0),
        ValueError,
        "groups must be at least 1, got 0",
    ),
    (
        lambda: conv_forward(x, w, groups=True),
        TypeError,
        "groups must be an int, got True",
    ),
    (
        lambda: conv_forward(x, w, np.ones(5)),
        ValueError,
        r"b must hold one number per filter, F = 6, got 5 in shape \(5,\)",
    ),
    (
        lambda: conv_forward(x, np.ones((6, 2, 2, 2)), np.ones(6)),
        ValueError,
        (
            r"^b must hold .*: if w has the axes of PyTorch, \(F, C // groups, "
            r"\*kernel_size\), np.moveaxis\(w, \(0, 1\), \(-1, -2\)\) has ours$"
        ),
    ),
    (
        lambda: conv_forward(x, np.ones((6, 2, 3, 2))),
        ValueError,
        r"^w must read .*, got 3 in shape \(6, 2, 3, 2\): if w has the axes of PyTor",
    ),
    (
        lambda: conv_transpose_forward(x, np.ones((2, 5, 3, 3)), np.ones(5)),
        ValueError,
        r"^w must have axes .*: if w has the axes of PyTorch, \(C, F // groups, ",
    ),
    (
        lambda: conv_transpose_forward(x, np.ones((2, 5, 3, 2)), np.ones(5)),
        ValueError,
        r"^b must hold one number per filter, F = 3, got 5 .*: if w has the axes of Py",
    ),
    (
        lambda: conv_forward(x, np.ones((5, 2, 2, 2)), np.ones(6)),
        ValueError,
        r"^b must hold one number per filter, F = 2, got 6 in shape \(6,\)$",
    ),
    (
        lambda: conv_backward(np.ones((1, 2, 3, 5)), conv_forward(x, w)[1]),
        ValueError,
        r"dy must have the shape of y, \(1, 2, 3, 6\), got \(1, 2, 3, 5\)",
    ),
    (
        lambda: conv_backward(np.ones((1, 2, 3, 6)), max_pool_forward(x, 2)[1]),
        TypeError,
        "cache must be the one conv_forward returned, got MaxPoolCache",
    ),
    (
        lambda: conv_backward(
            np.ones((1, 2, 3, 6)), conv_forward(x, w)[1], input_gradient=1
        ),
        TypeError,
        "input_gradient must be True or False, got 1",
    ),
    (
        lambda: max_pool_forward(x, 2, padding=2, stride=1),
        ValueError,
        (
            "leaves window 0 along spatial axis 0 of a 2x2 pooling nothing but padding "
            "to read: pad less"
        ),
    ),
    (
        lambda: max_pool_forward(x[:, :2, :2], 2, dilation=3, padding=2, stride=1),
        ValueError,
        "nothing but padding",
    ),
    (
        lambda: max_pool_forward(x, 2, ties="last"),
        ValueError,
        'ties must be one of "first"',
    ),
    (lambda: max_pool_forward(x, 2, ties=1), TypeError, 'ties must be one of "first"'),
    (
        lambda: max_pool_forward(x, 2, ceil_mode=1),
        TypeError,
        "ceil_mode must be True or F",
    ),
    (
        lambda: dense_forward(np.ones((2, 3)), np.ones((4, 5))),
        ValueError,
        r"w must have one row per entry of x, D = 3, got shape \(4, 5\)",
    ),
    (lambda: dense_forward(x, w), ValueError, r"x must have axes \(N, D\), got shape"),
    (
        lambda: Window((3, 0), 2),
        ValueError,
        r"spatial must be at least 1 along every axis, got \(3, 0\)",
    ),
    (lambda: Window((), 2), ValueError, r"spatial must be at least 1 along every axis"),
    (lambda: Window("33", 2), TypeError, "spatial must be a tuple of ints, got '33'"),
    (
        lambda: conv_forward(np.array([[[2**64 - 1]]], np.uint64), [[[1]]]),
        ValueError,
        "x must fit in int64, got 18446744073709551615: convert it to floats",
    ),
    (
        lambda: max_unpool(x, np.full(x.shape, 2**64 - 1, np.uint64), (3, 4)),
        ValueError,
        "argmax must lie between 0 and 11 in a 3x4 image, got 18446744073709551615 to",
    ),
    (
        lambda: softmax_cross_entropy([[0.0, 1.0]], np.array([2**64 - 1], np.uint64)),
        ValueError,
        "labels must lie between 0 and 1, for scores of 2 classes, got 18446744",
    ),
]


@pytest.mark.parametrize(("call", "error", "message"), CALLS)
def test_arguments_that_do_not_go_together_are_refused(
    call: Callable[[], Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call()
