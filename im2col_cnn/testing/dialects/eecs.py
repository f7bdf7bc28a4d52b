"""Michigan EECS 498/598: as CS231n, on PyTorch tensors and in static methods."""

from __future__ import annotations

from .cs231n import CONV, POOL
from .family import POOLING, family, renamed

__all__ = ["FAMILY"]

NAMES = {
    "conv_forward_naive": "Conv.forward",
    "conv_backward_naive": "Conv.backward",
    "max_pool_forward_naive": "MaxPool.forward",
    "max_pool_backward_naive": "MaxPool.backward",
}
FAMILY = family(
    "eecs",
    renamed(CONV.but(tensors=True), **NAMES),
    renamed(POOL.but(tensors=True, support=POOLING), **NAMES),
)
