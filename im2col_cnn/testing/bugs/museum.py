"""Gather the exhibits.

C20, a check with an upstream gradient of ones, is no mutant: it is what makes a test
blind to S2, so the laws never draw one.
"""

from .avg_pool import MEAN_BUGS
from .conv_contract import MANNER_BUGS
from .conv_places import PLACE_BUGS
from .conv_sums import SUM_BUGS
from .conv_swaps import SWAP_BUGS
from .im2col import COLUMN_BUGS
from .mask_and_share import HELPER_BUGS
from .max_pool import MAX_BUGS

__all__ = ["MUSEUM"]

MUSEUM = (
    *SUM_BUGS,
    *SWAP_BUGS,
    *PLACE_BUGS,
    *MANNER_BUGS,
    *MAX_BUGS,
    *MEAN_BUGS,
    *COLUMN_BUGS,
    *HELPER_BUGS,
)
