"""Draw what this package does, from the arrays themselves, as SVG that moves."""

from .answers import draw_answers
from .avg_pool import draw_avg_pool
from .channels import draw_channels
from .col2im import draw_col2im
from .comparison import draw_comparison
from .conv_transpose import draw_conv_transpose
from .convolution import draw_convolution, draw_full_correlation
from .coverage import draw_coverage
from .feature_maps import draw_feature_maps
from .graph import draw_graph
from .im2col import draw_im2col
from .learning import draw_learning
from .max_pool import draw_max_pool
from .product import draw_product
from .window import draw_window

__all__ = [
    "draw_answers",
    "draw_avg_pool",
    "draw_channels",
    "draw_col2im",
    "draw_comparison",
    "draw_conv_transpose",
    "draw_convolution",
    "draw_coverage",
    "draw_feature_maps",
    "draw_full_correlation",
    "draw_graph",
    "draw_im2col",
    "draw_learning",
    "draw_max_pool",
    "draw_product",
    "draw_window",
]
