"""Names for the arrays and settings of this package, for its signatures.

Every alias is the same NumPy type; the name carries the meaning and the comment
carries the shape. N counts images, C input channels, F filters; ``*SPATIAL`` is the
size of an image along its one, two or three spatial axes, ``*KERNEL`` the size of the
kernel along the same axes, ``*OUT`` the number of windows.
"""

from collections.abc import Sequence
from os import PathLike
from typing import Any, Literal, TypeAlias

from numpy.typing import ArrayLike, NDArray

__all__ = [
    "AnyPath",
    "Array",
    "ArrayLike",
    "Bias",
    "Columns",
    "Images",
    "Kernels",
    "Mode",
    "Padding",
    "PaddingWord",
    "Reduction",
    "Shape",
    "Sizes",
    "Ties",
]

Array: TypeAlias = NDArray[Any]
Images: TypeAlias = Array  # (N, *SPATIAL, C)
Kernels: TypeAlias = Array  # (*KERNEL, C // groups, F)
Bias: TypeAlias = Array  # F numbers in any shape
Columns: TypeAlias = Array  # (N * prod(OUT), prod(KERNEL) * C)

AnyPath: TypeAlias = str | PathLike[str]
Shape: TypeAlias = tuple[int, ...]
Sizes: TypeAlias = int | Sequence[int]  # one int, or one int per spatial axis
PaddingWord: TypeAlias = Literal["valid", "same", "same_lower"]
Padding: TypeAlias = int | Sequence[int | Sequence[int]] | PaddingWord  # see Window
Ties: TypeAlias = Literal["first", "split", "all"]
Reduction: TypeAlias = Literal["sum", "mean"]  # of the copies that col2im adds up
Mode: TypeAlias = Literal["max", "average"]  # the notebook's two ways to pool
