"""A step of a convolution whose sum any number of threads must agree on."""

import numpy as np

from im2col_cnn import conv_backward, conv_forward, threads
from im2col_cnn.tiling.workspace import workspace


def small_step() -> float:
    return counted_step(3)


def counted_step(n: int) -> float:
    x = np.random.default_rng(0).standard_normal((4, 16, 16, 4))
    with workspace(2**16), threads(n):
        y, cache = conv_forward(x, np.ones((3, 3, 4, 5)))
        dx, dw, _ = conv_backward(y, cache)
    return float(dx.sum() + dw.sum())
