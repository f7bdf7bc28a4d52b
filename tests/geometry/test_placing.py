"""Windows that are kept from call to call: never one of other settings."""

import pytest

from im2col_cnn.placing import sliding_window


@pytest.mark.parametrize(
    ("stride", "padding"), [(1, "same"), ((1, 1), 2), (1, ((0, 1), (1, 0)))]
)
def test_equal_settings_give_the_window_that_was_made_before(
    stride: object, padding: object
) -> None:
    settings = {"stride": stride, "padding": padding, "dilation": 1}

    first = sliding_window((5, 6), (3, 3), **settings)

    assert sliding_window((5, 6), (3, 3), **settings) is first
    assert sliding_window((5, 6), (3, 3), stride=2, padding=0, dilation=1) != first


@pytest.mark.parametrize("stride", [True, 1.0, (True, 1), ((1, 1), 1)])
def test_what_equals_a_setting_but_is_none_is_refused_all_the_same(
    stride: object,
) -> None:
    sliding_window((5, 6), (3, 3), stride=1, padding=0, dilation=1)
    sliding_window((5, 6), (3, 3), stride=(1, 1), padding=0, dilation=1)

    with pytest.raises(TypeError, match="stride"):
        sliding_window((5, 6), (3, 3), stride=stride, padding=0, dilation=1)


def test_long_kernels_are_not_kept() -> None:
    settings = {"stride": 1, "padding": 0, "dilation": 1}

    first = sliding_window((400,), (300,), **settings)

    assert sliding_window((400,), (300,), **settings) is not first
