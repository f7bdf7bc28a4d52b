"""Run the notebook "Convolutional Neural Networks: Step by Step", corrected.

Its functions under their own names, spelling included, its words for the arrays, and
its cache ``(A_prev, W, b, hyperparameters)``; behind them the operations of this
package. The two forward functions that it lacked stand beside them.
"""

from .convolution import conv_backward_propogation, conv_forward_propogation
from .pooling import average_pool, max_pool, pool_backward, pool_forward

__all__ = [
    "average_pool",
    "conv_backward_propogation",
    "conv_forward_propogation",
    "max_pool",
    "pool_backward",
    "pool_forward",
]
