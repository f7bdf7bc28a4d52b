"""Build layers from a description and the arrays of a file, whoever made the file.

Every shape is compared with what the file holds before anything of it is made: what is
built is never larger than what was read.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from .._typing import Array, Shape
from .configuration import (
    read_dtype,
    read_layers,
    read_shape,
    require_modest,
    require_stored,
)
from .layer import Layer, named_by_kind

__all__ = ["Built", "rebuild"]


class Built(NamedTuple):
    """Layers with their arrays, and what a network knows about them."""

    layers: dict[str, Layer]
    input_shape: Shape
    shapes: dict[str, Shape]
    dtype: np.dtype


def rebuild(configuration: dict[str, Any], stored: Mapping[str, Array]) -> Built:
    """
    Build layers and fill them.

    Parameters
    ----------
    configuration : dict
        The description: see `configuration`.
    stored : mapping of str to array
        The arrays, as ``layer/array``.

    Raises
    ------
    TypeError, ValueError
        If the description is of no network, or of one with other arrays.
    """
    layers = named_by_kind(read_layers(configuration))
    dtype = read_dtype(configuration)
    input_shape = shape = read_shape(configuration)
    shapes, used = {}, set()
    for name, layer in layers.items():
        for key, size in layer.array_shapes(shape).items():
            require_stored(stored, f"{name}/{key}", size)
            used.add(f"{name}/{key}")
        rng = np.random.default_rng(0)  # what it draws is overwritten
        shapes[name] = shape = layer.build(shape, rng=rng, dtype=dtype)
        require_modest(shape, name)
        for key, array in layer.arrays.items():
            found = stored[f"{name}/{key}"]
            if found.dtype != array.dtype:  # a larger one could overflow
                raise ValueError(
                    f"{name}/{key} must be {array.dtype}, got {found.dtype}"
                )
            array[...] = found
    if odd := sorted(stored.keys() - used):
        raise ValueError(f"no layer has the array {odd[0]}")
    return Built(layers, input_shape, shapes, dtype)
