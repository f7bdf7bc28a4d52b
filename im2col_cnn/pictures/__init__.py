"""Draw what this package does, from the arrays themselves, as SVG that moves."""

from .answers import draw_answers
from .averaging import draw_avg_pool
from .comb import draw_comb
from .comparison import draw_comparison
from .coverage import draw_coverage
from .folding import draw_col2im
from .geometry import draw_window
from .layouts import draw_layouts
from .learning import draw_learning
from .matrix import draw_convolution_matrix
from .memory import draw_memory
from .painting import draw_conv_transpose
from .pooling import draw_max_pool
from .product import draw_product
from .rungs import draw_rungs
from .scratch import draw_tiles
from .shapes import draw_layer_shapes
from .shrinking import draw_shrinking
from .sliding import draw_convolution, draw_full_correlation
from .swapping import draw_swapped
from .unfolding import draw_im2col

__all__ = [
    "draw_answers",
    "draw_avg_pool",
    "draw_col2im",
    "draw_comb",
    "draw_comparison",
    "draw_conv_transpose",
    "draw_convolution",
    "draw_convolution_matrix",
    "draw_coverage",
    "draw_full_correlation",
    "draw_im2col",
    "draw_layer_shapes",
    "draw_layouts",
    "draw_learning",
    "draw_max_pool",
    "draw_memory",
    "draw_product",
    "draw_rungs",
    "draw_shrinking",
    "draw_swapped",
    "draw_tiles",
    "draw_window",
]
