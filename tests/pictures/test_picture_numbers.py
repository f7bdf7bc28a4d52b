"""Every family of pictures shows the numbers that the operations give."""

import re
from collections.abc import Callable
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from im2col_cnn import (
    Window,
    col2im,
    conv_backward,
    conv_forward,
    conv_transpose_forward,
    coverage,
    im2col,
    max_pool_backward,
    max_pool_forward,
)
from im2col_cnn._typing import Array
from im2col_cnn.pictures import (
    draw_channels,
    draw_col2im,
    draw_comparison,
    draw_conv_transpose,
    draw_convolution,
    draw_coverage,
    draw_full_correlation,
    draw_im2col,
    draw_learning,
    draw_max_pool,
    draw_product,
)
from tests.notes.drawings.comb import draw_comb
from tests.notes.drawings.convolution_matrix import draw_convolution_matrix
from tests.notes.drawings.layer_shapes import draw_layer_shapes
from tests.notes.drawings.memory import draw_memory
from tests.notes.pictures import COLUMNS, DY, FILTERS, PLACES, TIED, W, X
from tests.notes.svg import SVG, arrays, lines, one, sums


def as_batch(image: Array) -> Array:
    """Give an image of one channel the axes that operations ask for."""
    return image.reshape(1, *image.shape, 1)


def test_im2col_flies_every_pixel_to_its_row() -> None:
    picture = draw_im2col(X, 2)

    assert (one(arrays(picture, "x")) == X).all()
    assert (one(arrays(picture, "columns")) == COLUMNS).all()


def test_col2im_adds_row_after_row() -> None:
    columns = im2col(as_batch(X), (3, 2), stride=(1, 2), padding=1)

    picture = draw_col2im(columns, X.shape, (3, 2), stride=(1, 2), padding=1)

    for r in range(-1, len(columns)):
        arrived = columns.copy()
        arrived[r + 1 :] = 0
        held, paid = sums(picture, "image", after=r)
        folded = col2im(arrived, (1, *X.shape, 1), (3, 2), stride=(1, 2), padding=1)
        assert (held[1:-1, 1:-1] == folded[0, :, :, 0]).all()
    assert (
        paid[1:-1, 1:-1] == coverage(X.shape, (3, 2), stride=(1, 2), padding=1)
    ).all()


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_coverage_is_drawn_for_every_stride(stride: int) -> None:
    counts = list(arrays(draw_coverage((6, 7), (3, 2)), "coverage"))

    assert (counts[stride - 1] == coverage((6, 7), (3, 2), stride=stride)).all()


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_unread_pixels_are_crossed_out(stride: int) -> None:
    window = Window((6, 7), 3, stride=stride)
    picture = draw_coverage((6, 7), 3, strides=[stride])

    assert picture.count('class="cross"') == window.unread


@pytest.mark.parametrize("draw", [draw_convolution, draw_product])
def test_a_convolution_is_drawn_with_its_arithmetic(draw: Callable[..., str]) -> None:
    picture = draw(X, W - 3, stride=(2, 1), padding=1)
    y, _ = conv_forward(as_batch(X), (W - 3)[..., None, None], stride=(2, 1), padding=1)

    assert (one(arrays(picture, "y")).ravel() == y.ravel()).all()
    assert (
        lines(picture)[0]
        == "y[0,0] = 0\u00b7(-2) + 0\u00b7(-1) + 0\u00b70 + 0\u00b71 = 0"
    )
    for line, expected in zip(lines(picture), y.ravel(), strict=True):
        _, products, total = line.replace("\u00b7", "*").split(" = ")
        assert eval(products) == float(total) == expected


def test_a_transposed_convolution_paints_what_the_package_paints() -> None:
    options = {"stride": 2, "padding": 1, "output_padding": 1}
    w = np.arange(1, 7).reshape(3, 2)
    y, _ = conv_transpose_forward(as_batch(DY), w[..., None, None], **options)

    held, paid = sums(draw_conv_transpose(DY, w, **options), "y", after=DY.size)

    _, rows, columns, _ = y.shape
    inner = slice(1, 1 + rows), slice(1, 1 + columns)
    assert (held[inner] == y[0, :, :, 0]).all()
    assert (paid[inner] == coverage((rows, columns), (3, 2), stride=2, padding=1)).all()


def test_entries_that_differ_are_pointed_at() -> None:
    expected = np.array([[1.0, np.nan, 3.0], [4.0, 5.0, 6.0]])
    found = np.array([[1.0, np.nan], [4.0, 7.0]])

    picture = draw_comparison(expected, found)

    assert re.findall(r'data-differs="(.*?)"', picture) == ["1 1"]
    assert "1 of 4 entries differ, first in row 1, column 1: 7 instead of 5" in picture


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_dx_is_drawn_as_a_full_correlation(stride: int) -> None:
    w = np.arange(1, 7).reshape(3, 2)
    shape = (1, stride + 3, 2 * stride + 2, 1)
    _, cache = conv_forward(np.zeros(shape, int), w[..., None, None], stride=stride)
    dx, _, _ = conv_backward(as_batch(DY), cache)

    picture = draw_full_correlation(DY, w, stride=stride)

    assert (one(arrays(picture, "dx")) == dx[0, :, :, 0]).all()
    assert (one(arrays(picture, "turned")) == np.rot90(w, 2)).all()


def test_channels_and_filters_are_drawn_plane_by_plane() -> None:
    dy = np.stack([DY, DY[::-1]], axis=-1)
    y, cache = conv_forward(PLACES[np.newaxis], FILTERS)
    dx, dw, _ = conv_backward(dy[np.newaxis], cache)

    for picture, names, planes in (
        (draw_channels(PLACES, FILTERS), "x w y", (PLACES, FILTERS, y[0])),
        (draw_channels(PLACES, FILTERS, dy=dy), "dx dw dy", (dx[0], dw, dy)),
    ):
        for name, array in zip(names.split(), planes, strict=True):
            for place in np.ndindex(array.shape[2:]):
                drawn = one(arrays(picture, f"{name}[..., {str(place).strip('(,)')}]"))
                assert (drawn == array[(..., *place)]).all()
    with pytest.raises(ValueError, match=r"got \(3, 4\) and \(2, 2\)"):
        draw_channels(X, W)


def test_the_matrix_of_a_convolution_convolves_and_its_transpose_goes_back() -> None:
    picture = draw_convolution_matrix(X.shape, W, stride=(1, 2), padding=1)
    y, cache = conv_forward(as_batch(X), W[..., None, None], stride=(1, 2), padding=1)
    dx, _, _ = conv_backward(y, cache)

    matrix, transposed = (one(arrays(picture, name)) for name in ("M", "transposed"))

    assert (matrix @ X.ravel() == y.ravel()).all()
    assert (transposed @ y.ravel() == dx.ravel()).all()


@pytest.mark.parametrize("ties", ["first", "split", "all"])
def test_max_pooling_is_drawn_forward_and_backward(ties: str) -> None:
    options = {"kernel_size": (2, 3), "stride": 1, "padding": ((1, 0), (1, 1))}
    y, cache = max_pool_forward(as_batch(TIED), **options, ties=ties)  # type: ignore[arg-type]
    dy = 2 * np.arange(y.size).reshape(y.shape)

    picture = draw_max_pool(TIED, dy[0, :, :, 0], **options)  # type: ignore[arg-type]
    held, _ = sums(picture, f"dx {ties}", after=2 * y.size)

    assert (one(arrays(picture, "y")) == y[0, :, :, 0]).all()
    assert np.allclose(held[1:, 1:-1], max_pool_backward(dy, cache)[0, :, :, 0])


def test_bars_are_as_long_as_matrices_are_large() -> None:
    root = ET.fromstring(draw_memory((8, 9), kernel_sizes=(1, 3), N=2, C=5))
    bars = [bar for bar in root.iter(f"{SVG}rect") if bar.get("data-bytes")]
    images = 2 * 8 * 9 * 5 * 4

    assert [int(bar.get("data-bytes", "")) for bar in bars] == [
        images,
        images,
        9 * images,
    ]
    widths = [float(bar.get("width", "")) for bar in bars]
    assert np.allclose(widths, [widths[0], widths[0], 9 * widths[0]], rtol=1e-3)


def test_a_falling_loss_is_drawn_downwards() -> None:
    root = ET.fromstring(draw_learning([4.0, 2.0, 1.0]))
    (curve,) = root.iter(f"{SVG}polyline")
    heights = [float(at.split(",")[1]) for at in curve.get("points", "").split()]

    assert heights[1] - heights[0] == 2 * (heights[2] - heights[1]) > 0


def test_a_comb_has_a_tooth_for_every_pixel_it_reads() -> None:
    windows = [Window(8, 3, padding=(1,)), Window(9, 2, stride=3, dilation=2)]
    picture = draw_comb(windows)

    dots, rings = (picture.count(f'class="{kind}"') for kind in ("dot", "ring"))
    assert dots == sum(window.reads().sum() for window in windows)
    assert dots + rings == sum(np.prod(window.columns_shape()) for window in windows)
    for window, counts in zip(windows, arrays(picture, "coverage"), strict=True):
        assert counts.sum() == window.coverage().sum()


def test_the_blocks_of_a_layer_can_be_multiplied() -> None:
    root = ET.fromstring(draw_layer_shapes((2, 5, 7, 3), (3, 2), 4, stride=2))
    shapes = [
        [int(size) for size in block.get("data-shape", "").split()]
        for block in root.iter(f"{SVG}rect")
        if block.get("data-matrix")
    ]

    for left, right, product in np.reshape(shapes, (3, 3, 2)):
        assert (np.ones(left) @ np.ones(right)).shape == tuple(product)
    assert shapes[0] == list(Window((5, 7), (3, 2), stride=2).columns_shape(2, 3))
