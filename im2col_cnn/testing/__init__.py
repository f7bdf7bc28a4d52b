"""Property-based tests of convolution and pooling, for this package and for yours."""

from . import extra  # noqa: F401  # first of all, for it may refuse to go on
from .bugs.museum import MUSEUM
from .dialects.table import DIALECTS
from .dialects.torch import as_pair
from .gradcheck import check_adjoint, check_gradient
from .grading.classroom import check_files
from .grading.graded_file import GradedFile
from .grading.grader import check_conv, check_im2col, check_module, check_pool
from .grading.here import CheckedHere, check_here
from .grading.kill_matrix import kill_matrix, matrix
from .grading.report import Report
from .isolation.loader import HomeworkError
from .laws.table import LAWS
from .strategies import Case, convolutions, poolings, unfoldings, whole_arrays
from .support import Support

__all__ = [
    "DIALECTS",
    "LAWS",
    "MUSEUM",
    "Case",
    "CheckedHere",
    "GradedFile",
    "HomeworkError",
    "Report",
    "Support",
    "as_pair",
    "check_adjoint",
    "check_conv",
    "check_files",
    "check_gradient",
    "check_here",
    "check_im2col",
    "check_module",
    "check_pool",
    "convolutions",
    "kill_matrix",
    "matrix",
    "poolings",
    "unfoldings",
    "whole_arrays",
]
