"""Convolution and pooling as nested loops: slow, obvious, the oracle of every test.

Each function has the name, the arguments and the result of its fast twin in
`im2col_cnn.ops`, whose docstring tells the shapes. The loops share no code with what
they are compared with: they ask a `Window` for its sizes and find every pixel
themselves. Read `conv` first.
"""

from .adaptive_pool import (
    adaptive_avg_pool_backward,
    adaptive_avg_pool_forward,
    adaptive_max_pool_backward,
    adaptive_max_pool_forward,
    global_avg_pool_backward,
    global_avg_pool_forward,
    global_max_pool_backward,
    global_max_pool_forward,
)
from .avg_pool import avg_pool_backward, avg_pool_forward
from .conv import conv_backward, conv_forward
from .conv_transpose import conv_transpose_backward, conv_transpose_forward
from .lp_pool import lp_pool_backward, lp_pool_forward
from .max_pool import max_pool_backward, max_pool_forward

__all__ = [
    "adaptive_avg_pool_backward",
    "adaptive_avg_pool_forward",
    "adaptive_max_pool_backward",
    "adaptive_max_pool_forward",
    "avg_pool_backward",
    "avg_pool_forward",
    "conv_backward",
    "conv_forward",
    "conv_transpose_backward",
    "conv_transpose_forward",
    "global_avg_pool_backward",
    "global_avg_pool_forward",
    "global_max_pool_backward",
    "global_max_pool_forward",
    "lp_pool_backward",
    "lp_pool_forward",
    "max_pool_backward",
    "max_pool_forward",
]
