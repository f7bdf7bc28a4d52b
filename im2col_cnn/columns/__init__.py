"""Windows as the rows of a matrix, and back: the idea that the package is named after.

Read `im2col_col2im` first, then `views`, which shows the same windows without the
matrix.
"""

from .im2col_col2im import col2im, fold, im2col, unfold
from .views import coverage, windows

__all__ = ["col2im", "coverage", "fold", "im2col", "unfold", "windows"]
