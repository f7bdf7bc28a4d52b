"""What an object holds, however deep: arrays, and the paths by which lines reach them.

A layer keeps its kernels in ``layer.W``, in ``layer.W.value`` of a parameter of its
own class, in ``layer.params["W"]``. The path is a piece of Python.
"""

from __future__ import annotations

import inspect
from typing import Any, Iterator

import numpy as np

__all__ = ["arrays_in", "held_by", "same_arrays"]

DEPTH = 3


def held_by(holder: Any, path: str, depth: int = DEPTH) -> Iterator[tuple[str, Any]]:
    """
    Yield the paths and arrays of an object, those that are nearest first.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn.testing.dialects.held import held_by
    >>> class Layer:
    ...     def __init__(self):
    ...         self.params = {"W": np.zeros(2)}
    >>> [path for path, _ in held_by(Layer(), "layer")]
    ["layer.params['W']"]
    """
    inside = []
    if isinstance(holder, dict):
        inside = [(f"{path}[{key!r}]", value) for key, value in holder.items()]
    elif isinstance(holder, (list, tuple)):
        inside = [(f"{path}[{n}]", value) for n, value in enumerate(holder[:8])]
    elif hasattr(holder, "__dict__") and not is_code(holder):
        inside = [(f"{path}.{name}", value) for name, value in vars(holder).items()]
    for its_path, value in inside:
        if isinstance(value, np.ndarray):
            yield its_path, value
    for its_path, value in inside:
        if depth > 1 and not isinstance(value, (np.ndarray, str, bytes)):
            yield from held_by(value, its_path, depth - 1)


def is_code(value: Any) -> bool:
    """Tell whether something is a function, a class or a module; a layer is not."""
    code = inspect.isroutine(value) or inspect.isclass(value)
    return code or inspect.ismodule(value)


def same_arrays(holder: Any, path: str, array: Any) -> list[str]:
    """Return all paths by which an object holds one and the same array."""
    return [its_path for its_path, value in held_by(holder, path) if value is array]


def arrays_in(value: Any) -> list[tuple[str, Any]]:
    """
    Return the arrays in what a function returned, and where: ``""``, ``"[0]"``, ...

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn.testing.dialects.held import arrays_in
    >>> [place for place, _ in arrays_in((np.zeros(1), [np.ones(1), 3]))]
    ['[0]', '[1][0]']
    """
    if isinstance(value, (np.ndarray, np.floating)):
        return [("", np.asarray(value))]
    if isinstance(value, (tuple, list)):
        inside = [(f"[{n}]", each) for n, each in enumerate(value[:8])]
    elif isinstance(value, dict):
        inside = [(f"[{key!r}]", each) for key, each in value.items()]
    else:
        return []
    return [
        (place + further, array)
        for place, each in inside
        for further, array in arrays_in(each)
    ]
