"""Laws that every convolution and every pooling obeys, as functions to be called.

A law takes a `Subject` and a ``draw``, and raises `BrokenLawError` where it fails.
"""

from .comparison import BrokenLawError
from .contract import (
    a_batch_is_the_concatenation_of_its_images,
    a_float_dtype_is_kept,
    a_gradient_of_another_shape_is_refused,
    arguments_are_left_alone,
    backward_can_be_called_again,
    backward_goes_with_its_own_forward,
    every_gradient_has_the_shape_of_its_array,
    memory_layout_does_not_matter,
    small_calls_return,
)
from .linearity import (
    a_stride_of_0_is_refused,
    channels_that_do_not_match_are_refused,
    forward_and_backward_are_adjoint,
    pixels_that_no_window_reads_get_gradient_0,
    the_bias_is_added_once,
    the_mean_of_a_constant_is_the_constant,
    the_sum_of_dx_is_the_sum_of_dy,
)
from .oracle import (
    db_equals_the_loops,
    dw_equals_the_loops,
    dx_equals_the_loops,
    forward_equals_the_loops,
    nan_and_infinity_go_where_the_loops_send_them,
)
from .summation import every_entry_is_rounded_like_a_sum
from .table import LAWS, Law, laws_for
from .ties import tied_maxima_follow_the_rule

__all__ = [
    "LAWS",
    "BrokenLawError",
    "Law",
    "a_batch_is_the_concatenation_of_its_images",
    "a_float_dtype_is_kept",
    "a_gradient_of_another_shape_is_refused",
    "a_stride_of_0_is_refused",
    "arguments_are_left_alone",
    "backward_can_be_called_again",
    "backward_goes_with_its_own_forward",
    "channels_that_do_not_match_are_refused",
    "db_equals_the_loops",
    "dw_equals_the_loops",
    "dx_equals_the_loops",
    "every_entry_is_rounded_like_a_sum",
    "every_gradient_has_the_shape_of_its_array",
    "forward_and_backward_are_adjoint",
    "forward_equals_the_loops",
    "laws_for",
    "memory_layout_does_not_matter",
    "nan_and_infinity_go_where_the_loops_send_them",
    "pixels_that_no_window_reads_get_gradient_0",
    "small_calls_return",
    "the_bias_is_added_once",
    "the_mean_of_a_constant_is_the_constant",
    "the_sum_of_dx_is_the_sum_of_dy",
    "tied_maxima_follow_the_rule",
]
