"""Refusals: every message this package raises on bad arguments is written here.

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
from .drawing import drawable, require_drawable
from .geometry import (
    refuse_output_padding,
    require_fit,
    require_paint,
    require_sight,
    require_stops,
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
)
from .numbers import (
    as_exponent,
    as_positive,
    as_rate,
    as_rng,
    as_share,
    as_slope,
)
from .settings import (
    as_choice,
    as_dtype,
    as_flag,
    as_function,
    as_int,
    as_padding,
    as_path,
    as_per_axis,
    as_shape,
    by,
)

__all__ = [
    "as_array",
    "as_batch_shape",
    "as_bias",
    "as_choice",
    "as_convolution",
    "as_dtype",
    "as_exponent",
    "as_fill",
    "as_flag",
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
    "as_positive",
    "as_probabilities",
    "as_rate",
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
    "drawable",
    "refuse_output_padding",
    "require_cache",
    "require_columns",
    "require_drawable",
    "require_fit",
    "require_inputs",
    "require_paint",
    "require_positions",
    "require_sight",
    "require_some",
    "require_stops",
    "require_variance",
]
