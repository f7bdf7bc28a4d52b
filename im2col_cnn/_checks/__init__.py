"""Refusals: what several operations refuse about their arguments is written here.

A wrong kind is a ``TypeError``, a wrong size or value a ``ValueError``. A message names
the argument, the rule, the numbers that broke it, and a way out where there is one.
"""

from .arrays import (
    as_array,
    as_batch_shape,
    as_fill,
    as_images,
    as_matrix,
    as_number,
    as_upstream,
    as_window,
    require_cache,
    require_columns,
    require_inputs,
    require_positions,
)
from .channels import as_per_channel, as_variance, require_variance
from .convolutions import as_bias, as_convolution, as_transposed_convolution
from .geometry import (
    refuse_output_padding,
    require_fit,
    require_paint,
    require_sight,
    require_stops,
    require_window,
)
from .judging import (
    as_labels,
    as_probabilities,
    as_scores,
    as_targets,
    require_some,
)
from .notebook import (
    as_hyperparameters,
    as_notebook_cache,
    require_bias,
)
from .numbers import (
    as_above_zero,
    as_at_least_zero,
    as_below_one,
    as_exponent,
    as_real,
    as_rng,
    as_share,
    as_slope,
)
from .quoting import by, quoted
from .settings import (
    as_choice,
    as_dtype,
    as_flag,
    as_float_dtype,
    as_function,
    as_int,
    as_padding,
    as_path,
    as_per_axis,
    as_shape,
)

__all__ = [
    "as_above_zero",
    "as_array",
    "as_at_least_zero",
    "as_batch_shape",
    "as_below_one",
    "as_bias",
    "as_choice",
    "as_convolution",
    "as_dtype",
    "as_exponent",
    "as_fill",
    "as_flag",
    "as_float_dtype",
    "as_function",
    "as_hyperparameters",
    "as_images",
    "as_int",
    "as_labels",
    "as_matrix",
    "as_notebook_cache",
    "as_number",
    "as_padding",
    "as_path",
    "as_per_axis",
    "as_per_channel",
    "as_probabilities",
    "as_real",
    "as_rng",
    "as_scores",
    "as_shape",
    "as_share",
    "as_slope",
    "as_targets",
    "as_transposed_convolution",
    "as_upstream",
    "as_variance",
    "as_window",
    "by",
    "quoted",
    "refuse_output_padding",
    "require_bias",
    "require_cache",
    "require_columns",
    "require_fit",
    "require_inputs",
    "require_paint",
    "require_positions",
    "require_sight",
    "require_some",
    "require_stops",
    "require_variance",
    "require_window",
]
