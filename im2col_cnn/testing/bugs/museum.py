"""Gather the exhibits.

C20, a check with an upstream gradient of ones, is no mutant: it is what makes a test
blind to S2, so the laws never draw one.
"""

from .columns import COLUMN_BUGS
from .conv import CONV_BUGS
from .helpers import HELPER_BUGS
from .pooling import POOL_BUGS

__all__ = ["MUSEUM"]

MUSEUM = (*CONV_BUGS, *POOL_BUGS, *COLUMN_BUGS, *HELPER_BUGS)
