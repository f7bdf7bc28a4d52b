"""The pictures show what the arrays hold, and the notes show what the code draws."""

import re
from collections.abc import Callable, Iterator, Sequence
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from im2col_cnn import (
    Window,
    col2im,
    conv_backward,
    conv_forward,
    coverage,
    im2col,
    max_pool_backward,
    max_pool_forward,
)
from im2col_cnn._typing import Array
from im2col_cnn.pictures import (
    draw_col2im,
    draw_comb,
    draw_convolution,
    draw_convolution_matrix,
    draw_coverage,
    draw_full_correlation,
    draw_im2col,
    draw_layer_shapes,
    draw_max_pool,
    draw_memory,
    draw_product,
    draw_window,
)
from tests.pictures import COLUMNS, DY, FOLDER, GALLERY, TIED, W, X, stale_pictures

SVG = "{http://www.w3.org/2000/svg}"


def arrays(picture: str, name: str) -> Iterator[Array]:
    """Read the arrays of this name back from the cells of a picture."""
    for group in ET.fromstring(picture).iter(f"{SVG}g"):
        if group.get("data-array") == name:
            yield numbers(group, [text.text for text in group.iter(f"{SVG}text")])


def sums(picture: str, name: str, *, after: int) -> tuple[Array, Array]:
    """Read what every place holds after a frame, and how often it was paid."""
    for group in ET.fromstring(picture).iter(f"{SVG}g"):
        if group.get("data-sums") == name:
            held, paid = [], []
            for place in group.findall(f"{SVG}g"):
                states = [
                    state.find(f"{SVG}text")
                    for state in place.findall(f"{SVG}g")
                    if int(state.get("data-after", "")) <= after
                ]
                held.append(
                    states[-1].text if states and states[-1] is not None else ""
                )
                paid.append(str(len(states) - 1))
            return numbers(group, held), numbers(group, paid)
    raise LookupError(name)


def numbers(group: ET.Element, texts: Sequence[str | None]) -> Array:
    """Turn texts into numbers, in the shape that their group announces."""
    shape = [int(size) for size in group.get("data-shape", "").split()]
    return np.array([float(text or 0) for text in texts]).reshape(shape)


def lines(picture: str) -> list[str]:
    """Read the arithmetic below a picture, step by step."""
    found = ET.fromstring(picture).iter(f"{SVG}text")
    return [text.text or "" for text in found if text.get("data-step")]


def one(found: Iterator[Array]) -> Array:
    """Return the only array of its name."""
    (array,) = found
    return array


def as_batch(image: Array) -> Array:
    """Give an image of one channel the axes that operations ask for."""
    return image.reshape(1, *image.shape, 1)


def test_the_pictures_of_the_notes_are_what_the_code_draws() -> None:
    assert stale_pictures() == [], "run python -m tests.pictures --update"


def test_no_picture_is_left_over_and_each_is_described() -> None:
    described = (FOLDER / "README.md").read_text(encoding="utf-8")

    assert {path.stem for path in FOLDER.glob("*.svg")} == GALLERY.keys()
    assert set(re.findall(r"\(([a-z0-9-]+)\.svg\)", described)) == GALLERY.keys()


@pytest.mark.parametrize("name", sorted(GALLERY))
def test_a_picture_is_small_and_says_what_it_shows(name: str) -> None:
    picture = GALLERY[name]()
    root = ET.fromstring(picture)
    title, description, style = (root.find(f"{SVG}{tag}") for tag in TAGS)

    assert len(picture) < 40_000
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "title desc"
    assert title is not None
    assert title.text
    assert description is not None
    assert len(description.text or "") > 80
    assert style is not None
    assert style.text
    assert "prefers-color-scheme:dark" in style.text
    outside, _, _ = style.text.partition(
        "@media (prefers-reduced-motion:no-preference)"
    )
    assert "animation" not in outside
    assert "http" not in picture.replace('xmlns="http://www.w3.org/2000/svg"', "")


TAGS = "title", "desc", "style"


@pytest.mark.parametrize("name", sorted(GALLERY))
def test_every_class_of_a_picture_has_its_style(name: str) -> None:
    picture = GALLERY[name]()
    style = picture[: picture.index("</style>")]

    for element in ET.fromstring(picture).iter():
        for word in (element.get("class") or "").split():
            assert f".{word}" in style, word


@st.composite
def windows(draw: st.DrawFn) -> Window:
    """Draw one or two axes, with all there is to set."""
    sides = []
    for _ in range(draw(st.integers(1, 2))):
        kernel, stride, dilation = (draw(st.integers(1, 3)) for _ in range(3))
        before, after, more = (draw(st.integers(0, 2)) for _ in range(3))
        span = dilation * (kernel - 1) + 1
        least = max(1, span - before - after)
        sides.append((least + more, kernel, stride, (before, after), dilation))
    sizes, kernels, strides, paddings, dilations = zip(*sides, strict=True)
    return Window(sizes, kernels, stride=strides, padding=paddings, dilation=dilations)


@settings(max_examples=15)
@given(window=windows())
def test_any_small_geometry_is_drawn_with_columns_and_counts(window: Window) -> None:
    rows, columns = (1, *window.spatial)[-2:]
    i, j = np.ogrid[:rows, :columns]
    x = 10 * i + j

    picture = draw_window(window)

    unfolded = im2col(
        x.reshape(1, *window.spatial, 1),
        window.kernel_size,
        stride=window.stride,
        padding=window.padding,
        dilation=window.dilation,
    )
    assert (one(arrays(picture, "columns")) == unfolded).all()
    counts = one(arrays(picture, "coverage"))
    (above, _), (left, _) = ((0, 0), *window.padding)[-2:]
    inner = counts[above : above + rows, left : left + columns]
    assert (inner == window.coverage().reshape(rows, columns)).all()
    assert inner.sum() == counts.sum()


def test_a_picture_of_a_window_fills_in_the_size_formula() -> None:
    window = Window((5, 7), (3, 2), stride=2, padding=((1, 0), (0, 2)))

    assert "rows: (5 + 1 + 0 - 3) // 2 + 1 = 2 windows" in draw_window(window)
    assert "columns: (7 + 0 + 2 - 2) // 2 + 1 = 4 windows" in draw_window(window)


def test_a_window_that_ceil_mode_keeps_is_drawn() -> None:
    picture = draw_window(Window(6, 3, stride=2, ceil_mode=True))

    assert one(arrays(picture, "columns")).tolist() == [[0, 1, 2], [2, 3, 4], [4, 5, 0]]


@pytest.mark.parametrize(
    ("window", "message"),
    [
        (Window((28, 28), 3), "28x28 and 676x9: draw a smaller image"),
        (Window((3, 4, 5), 2), "one or two spatial axes, got 3: 3x4x5"),
        (Window((2, 2), 1, stride=99, padding=99), "200x200 and 9x1"),
    ],
)
def test_what_nobody_could_read_is_not_drawn(window: Window, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        draw_window(window)


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


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_dx_is_drawn_as_a_full_correlation(stride: int) -> None:
    w = np.arange(1, 7).reshape(3, 2)
    shape = (1, stride + 3, 2 * stride + 2, 1)
    _, cache = conv_forward(np.zeros(shape, int), w[..., None, None], stride=stride)
    dx, _, _ = conv_backward(as_batch(DY), cache)
    assert dx is not None

    picture = draw_full_correlation(DY, w, stride=stride)

    assert (one(arrays(picture, "dx")) == dx[0, :, :, 0]).all()
    assert (one(arrays(picture, "turned")) == np.rot90(w, 2)).all()


def test_the_matrix_of_a_convolution_convolves_and_its_transpose_goes_back() -> None:
    picture = draw_convolution_matrix(X.shape, W, stride=(1, 2), padding=1)
    y, cache = conv_forward(as_batch(X), W[..., None, None], stride=(1, 2), padding=1)
    dx, _, _ = conv_backward(y, cache)
    assert dx is not None

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
