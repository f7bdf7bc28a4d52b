"""Stand-ins for what a course hands out are right."""

import numpy as np

from im2col_cnn import col2im, im2col
from im2col_cnn.testing.isolation.stand_ins import stand_in_for


def test_the_stand_ins_for_im2col_and_col2im_are_right() -> None:
    lent = stand_in_for("common.util", "im2col")
    lent |= stand_in_for("common.util", "col2im")
    x = np.arange(2 * 3 * 5 * 6.0).reshape(2, 3, 5, 6)
    images = np.moveaxis(x, 1, -1)

    columns = lent["im2col"](x, 3, 2, 2, 1)
    folded = lent["col2im"](columns, x.shape, 3, 2, 2, 1)

    ours = im2col(images, (3, 2), stride=2, padding=1)
    spread = ours.reshape(-1, 3, 2, 3).transpose(0, 3, 1, 2).reshape(columns.shape)
    assert (columns == spread).all()
    back = col2im(ours, images.shape, (3, 2), stride=2, padding=1)
    assert (folded == np.moveaxis(back, -1, 1)).all()


def test_downsampling_and_its_backward_are_right() -> None:
    lent = stand_in_for("resampling", "resampling")["resampling"]
    layer = lent.Downsample2d(2)
    A = np.arange(20.0).reshape(1, 1, 4, 5)

    Z = layer.forward(A)
    dLdA = layer.backward(Z)

    assert Z.tolist() == [[[[0, 2, 4], [10, 12, 14]]]]
    assert dLdA[0, 0].tolist() == [
        [0, 0, 2, 0, 4],
        [0] * 5,
        [10, 0, 12, 0, 14],
        [0] * 5,
    ]


def test_what_a_course_does_not_hand_out_has_no_stand_in() -> None:
    assert stand_in_for("mnist", "load_mnist") == {}
    assert stand_in_for("cupy", "np") == {"np": np}


def test_the_stand_in_for_scipy_correlates_as_scipy_says() -> None:
    signal = stand_in_for("scipy", "signal")["signal"]
    x, w = np.arange(5.0), np.array([1.0, 10, 100])

    # From SciPy's documentation of `correlate`: full has all overlaps, same its middle.
    assert signal.correlate(x, w, "valid").tolist() == [210, 321, 432]
    assert signal.correlate(x, w, "same").tolist() == [100, 210, 321, 432, 43]
    assert signal.convolve(x, w, "full").tolist() == [0, 1, 12, 123, 234, 340, 400]
    assert stand_in_for("scipy.signal", "convolve2d")["convolve2d"] is signal.convolve
