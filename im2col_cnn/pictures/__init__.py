"""Draw what this package does, from the arrays themselves, as SVG that moves."""

from .comb import draw_comb
from .comparison import draw_comparison
from .coverage import draw_coverage
from .folding import draw_col2im
from .geometry import draw_window
from .learning import draw_learning
from .matrix import draw_convolution_matrix
from .memory import draw_memory
from .painting import draw_conv_transpose
from .pooling import draw_max_pool
from .product import draw_product
from .shapes import draw_layer_shapes
from .sliding import draw_convolution, draw_full_correlation
from .unfolding import draw_im2col

__all__ = [
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
    "draw_learning",
    "draw_max_pool",
    "draw_memory",
    "draw_product",
    "draw_window",
]
