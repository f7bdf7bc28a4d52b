"""The pictures show what the arrays hold, and the notes show what the code draws."""

import re
from collections.abc import Callable
from functools import partial
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from im2col_cnn import (
    Window,
    im2col,
)
from im2col_cnn.pictures import (
    draw_col2im,
    draw_convolution,
    draw_coverage,
    draw_full_correlation,
    draw_im2col,
    draw_max_pool,
    draw_product,
    draw_window,
)
from im2col_cnn.pictures.film import Film
from tests.notes.drawings.layer_shapes import draw_layer_shapes
from tests.notes.drawings.memory import draw_memory
from tests.notes.pictures import COLUMNS, DY, FOLDER, GALLERY, W, X, stale_pictures
from tests.notes.svg import SVG, arrays, one


def test_the_pictures_of_the_notes_are_what_the_code_draws() -> None:
    assert [*stale_pictures()] == [], "run python -m tests.notes.pictures --update"


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


@pytest.mark.parametrize("frames", [1, 2, 7])
def test_what_arrives_in_the_last_frame_stands_for_half_of_the_time(
    frames: int,
) -> None:
    film = Film(frames)
    film.during(frames - 1)

    (arrival,) = re.findall(r"([\d.]+)%\{visibility:visible\}", film.motion())
    assert float(arrival) <= 50


def test_a_picture_of_a_window_fills_in_the_size_formula() -> None:
    window = Window((5, 7), (3, 2), stride=2, padding=((1, 0), (0, 2)))

    words = " ".join(re.findall(r">([^<>]+)</text>", draw_window(window)))

    assert "rows: (5 + 1 + 0 - 3) // 2 + 1 = 2 windows" in words
    assert "columns: (7 + 0 + 2 - 2) // 2 + 1 = 4 windows" in words


def test_a_window_that_ceil_mode_keeps_is_drawn() -> None:
    picture = draw_window(Window(6, 3, stride=2, ceil_mode=True))

    assert one(arrays(picture, "columns")).tolist() == [[0, 1, 2], [2, 3, 4], [4, 5, 0]]


@pytest.mark.parametrize(
    "window",
    [
        Window((3, 4, 5), 2, stride=(1, 2, 3), padding=((0, 0), (1, 0), (0, 2))),
        Window((20, 9, 24), (3, 1, 2), dilation=2),
    ],
    ids=str,
)
def test_of_three_axes_each_is_drawn_by_itself(window: Window) -> None:
    picture = draw_window(window)

    for axis, counts in zip(window.axes, arrays(picture, "coverage"), strict=True):
        padded = counts.ravel()[axis.before : axis.before + axis.size]
        assert (padded == axis.coverage()).all()
        assert padded.sum() == counts.sum()


@pytest.mark.parametrize(
    "window",
    [
        Window((28, 224), 7, stride=2, padding="same"),
        Window((28, 100_000), (1, 999), dilation=3),
        Window((2, 2), 1, stride=99, padding=99),
        Window((30, 30, 30), 3, padding=1),
    ],
    ids=str,
)
def test_of_a_long_axis_both_ends_are_drawn(window: Window) -> None:
    picture = draw_window(window)

    assert len(picture) < 40_000
    for axis, counts in zip(window.axes, arrays(picture, "coverage"), strict=True):
        after = axis.padded_size - axis.before - axis.size
        padded = np.pad(axis.coverage(), (axis.before, after))
        first, _, last = np.split(counts.ravel(), [12, 13])
        assert (first == padded[:12]).all()
        assert (last == padded[-12:]).all()


def test_windows_that_are_left_out_are_counted() -> None:
    picture = draw_window(Window(224, 7, stride=2, padding=3))

    assert "and 102 more windows" in picture
    assert re.findall(r'data-window="(\d+)"', picture) == [
        str(window) for window in [*range(5), *range(107, 112)]
    ]


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (partial(draw_im2col, X[None], 2), r"x must have axes \(H, W\), got shape"),
        (partial(draw_im2col, np.ones((30, 30)), 3), "a picture has room for 600"),
        (partial(draw_product, X, W[None]), r"w must have axes \(KH, KW\)"),
        (
            partial(draw_col2im, COLUMNS.T, X.shape, 2),
            r"columns must have shape \(6, 4",
        ),
        (partial(draw_full_correlation, DY[0], W), r"dy must have axes \(OH, OW\)"),
        (partial(draw_max_pool, X, DY, 2), r"dy must have the shape of y, \(1, 2\)"),
        (partial(draw_convolution, X, np.ones((5, 2))), "a 5x2 kernel does not fit"),
        (partial(draw_coverage, (3, 4, 5), 2), "one or two spatial axes, got 3"),
        (partial(draw_layer_shapes, (3,), 2, 1), r"x must be \(N, \*spatial, C\) with"),
        (partial(draw_layer_shapes, (0, 3, 4, 1), 2, 1), "x must be at least 1 along"),
        (partial(draw_layer_shapes, (1, 3, 4, 1), 2, 0), "F must be at least 1, got 0"),
        (partial(draw_memory, (3, 4), N=0), "N must be at least 1, got 0"),
    ],
)
def test_what_does_not_go_together_is_not_drawn(
    draw: Callable[[], str], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        draw()
