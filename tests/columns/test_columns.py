"""im2col and col2im: what no law says of them; test_promises.py puts the laws."""

# mypy: disable-error-code="arg-type"
# A wrong word is among the cases.

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from numpy.testing import assert_array_equal

from im2col_cnn import Window, col2im, coverage, im2col, windows
from im2col_cnn.testing.strategies import Case, unfoldings, whole_arrays

DTYPES = [np.bool_, np.uint8, np.int64, np.float16, np.float32, np.float64]


@given(case=unfoldings(), fill=st.integers(-9, 9))
def test_a_fill_surrounds_the_image(case: Case, fill: int) -> None:
    (x,) = case.arrays
    padding = window_of(case).padding
    padded = np.pad(x, ((0, 0), *padding, (0, 0)), constant_values=fill)

    columns = im2col(x, fill=fill, **case.settings)

    unpadded = {**case.settings, "padding": 0}
    assert_array_equal(columns, im2col(padded, **unpadded))


@given(case=unfoldings())
def test_windows_are_the_rows_of_im2col_without_the_copy(case: Case) -> None:
    (x,) = case.arrays

    view = windows(x, **case.settings)

    assert_array_equal(
        view.reshape(im2col(x, **case.settings).shape), im2col(x, **case.settings)
    )
    assert not view.flags.writeable
    assert (
        view.size == 0
        or window_of(case).padding != no_padding(x)
        or np.shares_memory(view, x)
    )


@given(case=unfoldings())
def test_coverage_is_what_folding_ones_gives(case: Case) -> None:
    (x,) = case.arrays
    shape = (1, *x.shape[1:-1], 1)
    ones = np.ones(window_of(case).columns_shape(), np.int64)

    counts = coverage(x.shape[1:-1], **case.settings)

    assert_array_equal(counts, col2im(ones, shape, **case.settings)[0, ..., 0])


@given(case=unfoldings(), data=st.data())
def test_the_mean_undoes_im2col_wherever_a_pixel_is_read(
    case: Case, data: st.DataObject
) -> None:
    (x,) = case.arrays
    seed = data.draw(st.integers(0, 2**32 - 1), label="seed")
    dtype = data.draw(st.sampled_from([np.float16, np.float32, np.float64]))
    x = np.random.default_rng(seed).normal(size=x.shape).astype(dtype)
    read = coverage(x.shape[1:-1], **case.settings)[..., None] > 0

    back = col2im(im2col(x, **case.settings), x.shape, **case.settings, reduce="mean")

    assert back.dtype == dtype
    assert_array_equal(back, np.where(read, x, 0))


@given(case=unfoldings(), data=st.data())
def test_the_mean_of_whole_columns_is_their_sum_over_their_count(
    case: Case, data: st.DataObject
) -> None:
    (x,) = case.arrays
    window = window_of(case)
    c = data.draw(whole_arrays(window.columns_shape(len(x), x.shape[-1]), np.int64))
    counts = np.maximum(window.coverage(), 1)[..., None]

    mean = col2im(c, x.shape, **case.settings, reduce="mean")

    np.testing.assert_allclose(
        mean, col2im(c, x.shape, **case.settings) / counts, rtol=0, atol=1e-13
    )


def test_the_mean_of_infinities_is_infinite() -> None:
    x = np.array([np.inf, 1, -np.inf, np.nan]).reshape(1, 4, 1)

    back = col2im(im2col(x, 2), x.shape, 2, reduce="mean")

    assert_array_equal(back, x)
    columns = np.array([[1.0, np.inf], [2.0, 1.0]])
    assert_array_equal(
        col2im(columns, (1, 3, 1), 2, reduce="mean").ravel(), [1, np.inf, 1]
    )


@pytest.mark.parametrize("dtype", DTYPES)
@given(data=st.data())
def test_im2col_keeps_any_dtype_and_col2im_adds_up_whole_numbers_in_int64(
    dtype: type, data: st.DataObject
) -> None:
    case = data.draw(unfoldings(dtype))
    (x,) = case.arrays

    columns = im2col(x, **case.settings)

    assert columns.dtype == windows(x, **case.settings).dtype == dtype
    whole = np.dtype(dtype).kind in "biu"
    folded = col2im(columns, x.shape, **case.settings)
    assert folded.dtype == (np.int64 if whole else dtype)


def test_float16_columns_are_added_up_in_float32() -> None:
    ones = np.ones((4096, 4096), np.float16)

    (total,) = col2im(ones[:, :1], (1, 4096, 1), 1).max(keepdims=True).ravel()[:1]
    folded = col2im(np.full((3, 3), 1000.5, np.float16), (1, 5, 1), 3)

    assert total == 1
    assert folded[0, 2, 0] == np.float16(3 * np.float32(np.float16(1000.5)))


def test_complex_images_are_unfolded_and_folded() -> None:
    x = (np.arange(4) + 1j).reshape(1, 4, 1)

    assert_array_equal(col2im(im2col(x, 1), x.shape, 1), x)


@pytest.mark.parametrize(("dtype", "fill"), [(np.uint8, -1), (int, 0.5), (bool, 2)])
def test_a_fill_the_dtype_cannot_hold_is_refused(dtype: type, fill: float) -> None:
    with pytest.raises(
        ValueError, match=f"fill must be a value of dtype .*, got {fill}"
    ):
        im2col(np.zeros((1, 3, 3, 1), dtype), 2, padding=1, fill=fill)


def test_a_shape_too_large_for_any_image_is_refused_by_its_name() -> None:
    with pytest.raises(ValueError, match=r"^shape must be less than 2\*\*31, got 2147"):
        col2im(np.zeros((1, 1)), (0, 2**31, 1), 1)


def test_columns_of_another_shape_are_refused() -> None:
    with pytest.raises(
        ValueError, match=r"columns must have shape \(6, 4\), .* \(4, 6\)"
    ):
        col2im(np.zeros((4, 6)), (1, 3, 4, 1), 2)


def test_an_unknown_reduction_is_refused() -> None:
    with pytest.raises(ValueError, match='reduce must be one of "sum", "mean", got'):
        col2im(np.zeros((6, 4)), (1, 3, 4, 1), 2, reduce="max")


def window_of(case: Case) -> Window:
    (x,) = case.arrays
    return Window(x.shape[1:-1], **case.settings)


def no_padding(x: np.ndarray) -> tuple[tuple[int, int], ...]:
    return ((0, 0),) * (x.ndim - 2)
