"""Draw the pictures of the notes, all from the same small example.

    python -m tests.notes.pictures             name every picture that is out of date
    python -m tests.notes.pictures --update    draw them again

The image is 3 by 4, and its pixel at row i, column j holds 10 * i + j.
"""

import argparse
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from im2col_cnn import Window, conv_forward, im2col
from im2col_cnn._typing import Array
from im2col_cnn.files import DIGITS, read_dataset
from im2col_cnn.nn import Add, Conv, Dense, Flatten, Graph, ReLU
from im2col_cnn.pictures import (
    draw_answers,
    draw_avg_pool,
    draw_channels,
    draw_col2im,
    draw_conv_transpose,
    draw_convolution,
    draw_coverage,
    draw_feature_maps,
    draw_full_correlation,
    draw_graph,
    draw_im2col,
    draw_max_pool,
    draw_product,
    draw_window,
)
from tests.notes.chinese import drawn_in_chinese
from tests.notes.drawings.comb import draw_comb
from tests.notes.drawings.convolution_matrix import draw_convolution_matrix
from tests.notes.drawings.layer_shapes import draw_layer_shapes
from tests.notes.drawings.layouts import draw_layouts
from tests.notes.drawings.memory import draw_memory
from tests.notes.drawings.rungs import draw_rungs
from tests.notes.drawings.shrinking import draw_shrinking
from tests.notes.drawings.swapped import draw_swapped
from tests.notes.drawings.tiles import draw_tiles
from tests.notes.measured import code_lengths, layers
from tests.notes.taught import taught

__all__ = ["FOLDER", "GALLERY", "IN_CHINESE", "W", "X", "stale_pictures"]

FOLDER = Path(__file__).parents[2] / "notes" / "pictures"

i, j = np.ogrid[:3, :4]
X = 10 * i + j
W = np.array([[1, 2], [3, 4]])
K3 = np.arange(1, 10).reshape(3, 3)
DY = np.array([[1, 2, 3], [4, 5, 6]])
COLUMNS = im2col(X[None, :, :, None], 2)
# Row, column and 1: three channels that say where they are.
PLACES = np.stack(np.broadcast_arrays(i, j, 1), axis=-1)
FILTERS = np.arange(1, 25).reshape(2, 3, 2, 2).transpose(2, 3, 1, 0)
PATCH_GRADIENTS = DY.reshape(-1, 1) @ W.reshape(1, -1)  # dX = dy @ W.T

TIED = np.array([[1, 5, 2, 2, 3, 1], [0, 3, 8, 1, 3, 0], [4, 2, 7, 6, 9, 5]])
GIVEN = np.array([[6, 2, 8, 4, 10], [3, 7, 1, 5, 9]])
LINE = [
    Window(8, 3),
    Window(8, 3, stride=2),
    Window(8, 3, padding=1),
    Window(8, 3, dilation=2),
]


def swapped(dy: Array, x: Array, w: Array) -> Array:
    """Pass the gradient of an image to windows whose rows and columns are swapped."""
    dx = np.zeros_like(x)
    for row, column in np.ndindex(dy.shape):
        here = slice(column, column + w.shape[0]), slice(row, row + w.shape[1])
        dx[here] += dy[row, column] * w
    return dx


def residual() -> Graph:
    """Build a network of two blocks, each with a shortcut."""
    nodes: dict[str, Any] = {"stem": Conv(8, 3, stride=2, padding="same")}
    for n in range(2):
        (*_, last), name = nodes, f"block{n + 1}"
        nodes |= {f"{name}_relu": ReLU(), f"{name}_conv": Conv(8, 3, padding="same")}
        nodes[name] = (Add(), f"{name}_conv", last)
    nodes |= {"flatten": Flatten(), "scores": Dense(10)}
    return Graph(nodes).build((8, 8, 1), rng=np.random.default_rng(0))


EDGE = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]])
BLUR = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) // 2
OUTLINE = np.array([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]])


def found_by_hand() -> str:
    """Draw what four kernels of whole numbers find in a digit."""
    digit = read_dataset(DIGITS).test.images[0].astype(int)
    kernels = np.stack([EDGE, EDGE.T, BLUR, OUTLINE], axis=-1)[:, :, np.newaxis]
    maps, _ = conv_forward(digit[np.newaxis], kernels, padding="same")
    return draw_feature_maps(maps[0], image=digit)


GALLERY: dict[str, Callable[[], str]] = {
    "convolution": partial(draw_convolution, X, W),
    "im2col": partial(draw_im2col, X, 2),
    "im2col-padding": partial(draw_im2col, X, (3, 2), stride=(1, 2), padding=1),
    "product": partial(draw_product, X, W),
    "col2im": partial(draw_col2im, COLUMNS, X.shape, 2),
    "col2im-gradient": partial(
        draw_col2im, PATCH_GRADIENTS, X.shape, 2, names=("dX", "dx")
    ),
    "coverage": partial(draw_coverage, (6, 7), 3),
    "checkerboard": partial(draw_coverage, (9, 11), (3, 3), strides=[2]),
    "convolution-matrix": partial(draw_convolution_matrix, X.shape, W),
    "conv-transpose": partial(draw_conv_transpose, DY, W),
    "conv-transpose-stride": partial(draw_conv_transpose, DY[:, :2], K3, stride=2),
    "full-correlation": partial(draw_full_correlation, DY, W),
    "full-correlation-stride": partial(draw_full_correlation, DY, W, stride=2),
    "max-pool": partial(draw_max_pool, TIED[:2], GIVEN[:1, :3], 2),
    "max-pool-overlap": partial(draw_max_pool, TIED, GIVEN, 2, stride=1),
    "memory": partial(draw_memory, (56, 56), N=32, C=64),
    "memory-stride": partial(draw_memory, (56, 56), N=32, C=64, stride=2),
    "channels": partial(draw_channels, PLACES, FILTERS),
    "channels-gradient": partial(
        draw_channels, PLACES, FILTERS, dy=np.stack([DY, DY[::-1]], axis=-1)
    ),
    "comb": partial(draw_comb, LINE),
    "layer-shapes": partial(draw_layer_shapes, (2, 28, 28, 3), 5, 8, padding=2),
    "average-pool": partial(draw_avg_pool, 4 * DY, X.shape, 2, stride=1),
    "average-pool-padding": partial(
        draw_avg_pool, np.full((3, 3), 4), (2, 2), 2, stride=1, padding=1
    ),
    "swapped-rectangle": partial(draw_swapped, X, 2),
    "swapped-square": partial(draw_swapped, X[:, :3], 2),
    "tiles": partial(draw_tiles, np.stack([X, X + 30]), W),
    "rungs": lambda: draw_rungs(layers(), code_lengths()),
    "shrinking": lambda: draw_shrinking(swapped, (3, 3), (2, 2)),
    "digits": lambda: draw_answers(**taught()._asdict()),
    "layouts": partial(draw_layouts, np.stack([X, X + 100], axis=-1), 2),
    "residual": lambda: draw_graph(residual()),
    "feature-maps": found_by_hand,
    "window": partial(draw_window, Window((3, 4), 2, stride=(1, 2), padding=1)),
}
# Those of the Chinese pages.
IN_CHINESE = [
    "average-pool",
    "channels-gradient",
    "col2im",
    "col2im-gradient",
    "im2col",
    "im2col-padding",
    "layer-shapes",
    "max-pool",
    "max-pool-overlap",
    "swapped-rectangle",
    "swapped-square",
]


def stale_pictures() -> dict[Path, str]:
    """Draw the files that are not what the code draws now."""
    return {
        path: drawn
        for path, drawn in drawings().items()
        if not path.exists() or path.read_text(encoding="utf-8") != drawn
    }


def drawings() -> dict[Path, str]:
    """Draw everything."""
    english = {FOLDER / f"{name}.svg": draw() for name, draw in GALLERY.items()}
    return english | {
        FOLDER / "zh" / f"{name}.svg": drawn_in_chinese(GALLERY[name])
        for name in IN_CHINESE
    }


def main() -> int:
    """Name the pictures that are out of date, or draw them; return 1 if any stay so."""
    parser = argparse.ArgumentParser(prog="python -m tests.notes.pictures")
    parser.add_argument("--update", action="store_true", help="draw them again")
    update = parser.parse_args().update
    stale = stale_pictures()
    for path, drawn in stale.items():
        print(f"{'drawn' if update else 'out of date'}: {path}")  # noqa: T201 - speaks
        if update:
            path.parent.mkdir(exist_ok=True)
            path.write_text(drawn, encoding="utf-8", newline="\n")
    return int(bool(stale) and not update)


if __name__ == "__main__":
    sys.exit(main())
