"""A network refuses what it cannot be built of, and what it was not built for."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

from im2col_cnn.nn import Conv, Dense, Flatten, Layer, ReLU, Sequential
from tests.nn.strategies import network


@pytest.mark.parametrize("use", ["forward", "predict"])
def test_a_network_that_is_not_built_says_so(use: str) -> None:
    idle = Sequential([Flatten()])

    with pytest.raises(RuntimeError, match="build this network first"):
        getattr(idle, use)(np.zeros((1, 2)))
    with pytest.raises(RuntimeError, match="build this network first"):
        idle.summary()


def test_a_network_whose_building_failed_is_not_built() -> None:
    built = Sequential([Conv(1, 3)]).build((4, 4, 1), rng=np.random.default_rng(0))

    with pytest.raises(ValueError, match=r"conv1 cannot read 2x4x1: .* does not fit"):
        built.build((2, 4, 1), rng=np.random.default_rng(0))

    with pytest.raises(RuntimeError, match="build this network first"):
        built.summary()


def test_a_layer_that_is_built_is_not_built_for_another_network() -> None:
    rng = np.random.default_rng(0)
    layers = [Flatten(), Dense(2)]
    trained = Sequential(layers).build((3,), rng=rng)
    learned = trained.parameters["dense1.w"].copy()
    alone = Dense(2)
    alone.build((3,), rng=rng)

    for other in Sequential([*layers, Dense(1)]), Sequential([alone]):
        with pytest.raises(
            ValueError, match=r"dense1 is built already, alone or in an"
        ):
            other.build((3,), rng=rng)

    assert np.array_equal(trained.parameters["dense1.w"], learned)
    assert trained.build((4,), rng=rng).parameters["dense1.w"].shape == (4, 2)


def test_images_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(N, 5, 6, 2\), got \(1, 6, 5, 2\)"):
        network().forward(np.zeros((1, 6, 5, 2)))


@pytest.mark.parametrize("shape", [(32, 8, 8, 1), (60, 28, 28, 3)])
def test_a_shape_with_the_batch_gets_a_hint(shape: tuple[int, ...]) -> None:
    network = Sequential([Conv(2, 3), ReLU()])

    with pytest.warns(
        UserWarning, match=r"without the batch, and kernel_size=\(3, 3,"
    ) as hints:
        network.build(shape, rng=np.random.default_rng(0))

    assert hints[0].filename == __file__


@pytest.mark.parametrize(
    ("size", "shape"),
    [
        (3, (8, 8, 8, 1)),
        (3, (5, 9, 8, 1)),
        (3, (9, 8, 8, 2)),
        ((3, 3, 3), (9, 8, 8, 1)),
    ],
)
def test_volumes_get_none(size: Any, shape: tuple[int, ...]) -> None:
    built = Sequential([Conv(2, size)]).build(shape, rng=np.random.default_rng(0))

    assert len(built.output_shape) == 4


RELU = ReLU()


@pytest.mark.parametrize(
    ("layers", "error", "words"),
    [
        ([], ValueError, "at least one layer"),
        ([RELU, Flatten(), RELU], ValueError, "relu1 stands in layers twice"),
        ([ReLU], TypeError, "layers must hold layers, got <class"),
    ],
)
def test_what_is_no_chain_of_layers_is_refused(
    layers: Iterable[Layer], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        Sequential(layers)


@pytest.mark.parametrize(
    ("dtype", "words"),
    [
        (int, "dtype must be a floating-point type, got int"),
        ("float99", "dtype must name a dtype, got 'float99'"),
    ],
)
def test_only_floats_are_a_dtype_for_parameters(dtype: Any, words: str) -> None:
    with pytest.raises(TypeError, match=words):
        Sequential([Dense(2)]).build((3,), rng=np.random.default_rng(0), dtype=dtype)
