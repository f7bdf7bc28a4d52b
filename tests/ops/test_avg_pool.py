"""Average pooling: what no law says of it; the laws are put in test_promises.py."""

from typing import Any

import numpy as np
from numpy.testing import assert_array_equal

from im2col_cnn import avg_pool_backward, avg_pool_forward


def test_padding_counts_only_if_told_so_and_never_beyond_itself() -> None:
    x = np.full((1, 3, 1), 6.0)
    settings: dict[str, Any] = {"padding": ((1, 0),), "stride": 2, "ceil_mode": True}

    plain, _ = avg_pool_forward(x, 3, **settings)
    counted, _ = avg_pool_forward(x, 3, **settings, count_include_pad=True)

    # The windows read (pad, 6, 6) and (6, 6, beyond).
    assert plain.ravel().tolist() == [6, 6]
    assert counted.ravel().tolist() == [4, 6]


def test_means_of_whole_numbers_are_float64() -> None:
    y, cache = avg_pool_forward(np.array([[[1], [2]]], np.uint8), 2)

    assert_array_equal(y, [[[1.5]]], strict=True)
    assert_array_equal(avg_pool_backward([[[1]]], cache), [[[0.5], [0.5]]], strict=True)
