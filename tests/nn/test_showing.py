"""What is shown of a network can be read, and run again."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from im2col_cnn import nn
from im2col_cnn.files import DIGITS, open_dataset, read_dataset
from im2col_cnn.nn import Conv, Dense, Flatten, MaxPool, Sequential, glorot_uniform
from tests.nn.strategies import KINDS, layered
from tests.profile import at_most


@pytest.mark.parametrize("kind", sorted(KINDS))
@at_most(50)
@given(data=st.data())
def test_a_layer_is_shown_as_the_call_that_makes_it(
    kind: str, data: st.DataObject
) -> None:
    layer, _ = data.draw(layered(kind), label="layer, x")

    again = eval(repr(layer), vars(nn) | {"np": np})

    assert type(again) is type(layer)
    assert again.settings == layer.settings


def test_only_what_does_not_go_without_saying_is_shown() -> None:
    assert repr(Conv(16, 3)) == "Conv(16, 3)"
    assert repr(Conv(16, 3, padding="same")) == "Conv(16, 3, padding='same')"
    assert repr(MaxPool(2, stride=(1, 2))) == "MaxPool(2, stride=(1, 2))"
    dense = Dense(2, initializer=glorot_uniform)
    assert repr(dense) == "Dense(2, initializer=glorot_uniform)"


def test_a_network_is_shown_layer_by_layer() -> None:
    shown = repr(Sequential([Conv(4, 3), Flatten(), Dense(2)]))

    assert shown == "Sequential([\n    Conv(4, 3),\n    Flatten(),\n    Dense(2),\n])"
    assert repr(eval(shown, vars(nn))) == shown


def test_the_table_of_a_network_adds_up() -> None:
    network = Sequential([Conv(100, 3), Flatten(), Dense(2)])

    rows = network.build((8, 8, 1), rng=np.random.default_rng(0)).summary()

    assert [row.parameters for row in rows] == [1000, 0, 7202]
    assert repr(rows).splitlines() == [
        "layer      output  parameters",
        "conv1     6x6x100       1,000",
        "flatten1     3600           0",
        "dense1          2       7,202",
        "total                   8,202",
    ]


def test_a_dataset_is_shown_in_a_line() -> None:
    words = "1437 images to learn from, 360 to be tested on, 8x8x1, 10 classes"
    assert repr(read_dataset(DIGITS)) == f"<Dataset: {words}>"
    with open_dataset(DIGITS) as digits:
        assert repr(digits) == f"<Dataset: {words}>"
        assert repr(digits.test.images) == "<StoredImages: 360x8x8x1 of uint8>"
