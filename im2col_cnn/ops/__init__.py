"""The operations of a convolutional network, each with its backward.

Read `conv` first, then `max_pool`; how they run, tile by tile, is told in `tiling`. The
functions are those of `im2col_cnn`; this module hands on what annotations name: the
cache of each, its arrays, and the words that its settings take.

    def block(x: Images, padding: Padding) -> tuple[Images, ConvCache]: ...
"""

from .._typing import Array, Bias, Images, Kernels, Padding, Shape, Sizes, Ties
from .adaptive_pool import AdaptiveAvgPoolCache, AdaptiveMaxPoolCache
from .avg_pool import AvgPoolCache
from .conv import ConvCache
from .conv_transpose import ConvTransposeCache
from .dense import DenseCache, FlattenCache
from .dropout import DropoutCache
from .lp_pool import LpPoolCache
from .max_pool import MaxPoolCache
from .normalization import BatchNormCache
from .relu import LeakyReluCache, ReluCache
from .sigmoid import SigmoidCache, TanhCache
from .softmax import LogSoftmaxCache, SoftmaxCache

__all__ = [
    "AdaptiveAvgPoolCache",
    "AdaptiveMaxPoolCache",
    "Array",
    "AvgPoolCache",
    "BatchNormCache",
    "Bias",
    "ConvCache",
    "ConvTransposeCache",
    "DenseCache",
    "DropoutCache",
    "FlattenCache",
    "Images",
    "Kernels",
    "LeakyReluCache",
    "LogSoftmaxCache",
    "LpPoolCache",
    "MaxPoolCache",
    "Padding",
    "ReluCache",
    "Shape",
    "SigmoidCache",
    "Sizes",
    "SoftmaxCache",
    "TanhCache",
    "Ties",
]
