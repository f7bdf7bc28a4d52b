"""Gather the exhibits.

C20, a check with an upstream gradient of ones, is no mutant: it is what makes a test
blind to S2, so the laws never draw one.

Of bugs that do the same on all draws of a law the first gives its name. What is wrong
in backward alone comes first, for the laws about gradients do not look at forward.
"""

from .avg_pool import MEAN_BUGS
from .conv_contract import MANNER_BUGS
from .conv_crop import CROP_BUGS
from .conv_images import IMAGE_BUGS
from .conv_places import PLACE_BUGS
from .conv_sums import SUM_BUGS
from .conv_swaps import SWAP_BUGS
from .crashes import CRASHES
from .im2col import COLUMN_BUGS
from .mask_and_share import HELPER_BUGS
from .max_pool import MAX_BUGS

__all__ = ["MUSEUM"]

MUSEUM = (
    *SUM_BUGS,
    *CROP_BUGS,
    *IMAGE_BUGS,
    *SWAP_BUGS,
    *PLACE_BUGS,
    *MANNER_BUGS,
    *MAX_BUGS,
    *MEAN_BUGS,
    *COLUMN_BUGS,
    *HELPER_BUGS,
    *CRASHES,
)
