"""The dtype of a result, and the dtype that it is computed in.

============  ===========  ===========
inputs        computed in  result
============  ===========  ===========
whole, bool   int64        int64
float16       float32      float16
other floats  themselves   themselves
============  ===========  ===========

Mixed inputs follow ``np.result_type``: uint8 images with float32 kernels are float32.
Sums over pixels, of which there may be millions, are added up in `wide`.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ._typing import Array

__all__ = ["Arithmetic", "arithmetic", "mean_arithmetic", "wide"]


class Arithmetic(NamedTuple):
    """The dtype of a result and the dtype of the sums behind it."""

    result: np.dtype
    working: np.dtype


def arithmetic(*arrays: Array | np.dtype | None) -> Arithmetic:
    """Return the dtypes for sums of products of `arrays`, of those that are there."""
    return of_dtypes(
        *(
            array if isinstance(array, np.dtype) else array.dtype
            for array in arrays
            if array is not None
        )
    )


@lru_cache(256)
def of_dtypes(*dtypes: np.dtype) -> Arithmetic:
    """Find out what `arithmetic` returns."""
    if all(dtype.kind in "biu" for dtype in dtypes):
        return Arithmetic(np.dtype(np.int64), np.dtype(np.int64))
    result = np.result_type(*dtypes)
    # float16 has 11 bits: a sum of a few hundred products would stop growing.
    return Arithmetic(result, np.dtype(np.float32) if result == np.float16 else result)


def mean_arithmetic(*arrays: Array | np.dtype | None) -> Arithmetic:
    """Return the dtypes for means of `arrays`: whole numbers become float64."""
    result, working = arithmetic(*arrays)
    if result.kind == "i":
        return Arithmetic(np.dtype(np.float64), np.dtype(np.float64))
    return Arithmetic(result, working)


def wide(dtype: np.dtype) -> np.dtype:
    """Return the dtype in which very many numbers of a dtype are added up."""
    return np.promote_types(dtype, np.float64) if dtype.kind == "f" else dtype
