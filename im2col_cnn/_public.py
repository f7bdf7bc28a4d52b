"""The public names of the package, which hands them on as they are asked for."""

from ._version import __version__
from .columns import col2im, coverage, im2col, windows
from .ops.adaptive_pool import (
    adaptive_avg_pool_backward,
    adaptive_avg_pool_forward,
    adaptive_max_pool_backward,
    adaptive_max_pool_forward,
)
from .ops.avg_pool import avg_pool_backward, avg_pool_forward
from .ops.conv import conv_backward, conv_forward
from .ops.conv_transpose import conv_transpose_backward, conv_transpose_forward
from .ops.dense import dense_backward, dense_forward, flatten_backward, flatten_forward
from .ops.dropout import dropout_backward, dropout_forward
from .ops.global_pool import (
    global_avg_pool_backward,
    global_avg_pool_forward,
    global_max_pool_backward,
    global_max_pool_forward,
)
from .ops.losses import (
    binary_cross_entropy,
    mean_squared_error,
    sigmoid_cross_entropy,
    softmax_cross_entropy,
)
from .ops.lp_pool import lp_pool_backward, lp_pool_forward
from .ops.max_pool import max_pool_backward, max_pool_forward, max_unpool
from .ops.normalization import batch_norm_backward, batch_norm_forward
from .ops.relu import (
    leaky_relu_backward,
    leaky_relu_forward,
    relu_backward,
    relu_forward,
)
from .ops.sigmoid import sigmoid_backward, sigmoid_forward, tanh_backward, tanh_forward
from .ops.softmax import (
    log_softmax_backward,
    log_softmax_forward,
    softmax_backward,
    softmax_forward,
)
from .tiling.recycling import recycling
from .tiling.threads import threads
from .tiling.winograd import winograd
from .window import Window

__all__ = [
    "Window",
    "__version__",
    "adaptive_avg_pool_backward",
    "adaptive_avg_pool_forward",
    "adaptive_max_pool_backward",
    "adaptive_max_pool_forward",
    "avg_pool_backward",
    "avg_pool_forward",
    "batch_norm_backward",
    "batch_norm_forward",
    "binary_cross_entropy",
    "col2im",
    "conv_backward",
    "conv_forward",
    "conv_transpose_backward",
    "conv_transpose_forward",
    "coverage",
    "dense_backward",
    "dense_forward",
    "dropout_backward",
    "dropout_forward",
    "flatten_backward",
    "flatten_forward",
    "global_avg_pool_backward",
    "global_avg_pool_forward",
    "global_max_pool_backward",
    "global_max_pool_forward",
    "im2col",
    "leaky_relu_backward",
    "leaky_relu_forward",
    "log_softmax_backward",
    "log_softmax_forward",
    "lp_pool_backward",
    "lp_pool_forward",
    "max_pool_backward",
    "max_pool_forward",
    "max_unpool",
    "mean_squared_error",
    "recycling",
    "relu_backward",
    "relu_forward",
    "sigmoid_backward",
    "sigmoid_cross_entropy",
    "sigmoid_forward",
    "softmax_backward",
    "softmax_cross_entropy",
    "softmax_forward",
    "tanh_backward",
    "tanh_forward",
    "threads",
    "windows",
    "winograd",
]
