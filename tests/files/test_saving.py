"""A network comes back from its file alone, and no moment of writing is a bad one."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, final

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from numpy.testing import assert_array_equal

from im2col_cnn import relu_backward, relu_forward
from im2col_cnn.files import load_weights, save_weights
from im2col_cnn.nn import (
    SGD,
    AvgPool,
    BatchNorm,
    Dense,
    Dropout,
    Flatten,
    GlobalMaxPool,
    Layer,
    LeakyReLU,
    LpPool,
    MaxPool,
    ReLU,
    Rescale,
    Sequential,
    Sigmoid,
    fit,
    he_uniform,
)
from im2col_cnn.nn.layer import Operation, OperationLayer
from tests.nn.strategies import KINDS, fresh, layered
from tests.profile import IN_FULL, at_most, drawn, in_turn

few = at_most(15)  # of each kind: every one writes a file


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("saved") / "network.h5"


@in_turn(3)
@pytest.mark.parametrize("kind", sorted(KINDS))
@few
@given(data=st.data(), dtype=st.sampled_from(["float16", "float32", "float64"]))
def test_every_kind_of_layer_comes_back_with_every_setting(
    path: Path, kind: str, data: st.DataObject, dtype: str
) -> None:
    layer, x = data.draw(layered(kind), label="layer, x")
    rng = np.random.default_rng(0)
    saved = Sequential([fresh(layer)]).build(x.shape[1:], rng=rng, dtype=dtype)
    for array in saved.arrays.values():
        array[...] = rng.random(array.shape)

    saved.save(path)
    loaded = Sequential.load(path)

    assert loaded.configuration == saved.configuration
    assert loaded.dtype == saved.dtype
    assert loaded.shapes == saved.shapes
    assert loaded.arrays.keys() == saved.arrays.keys()
    for name, array in saved.arrays.items():
        assert loaded.arrays[name].dtype == array.dtype
        assert_array_equal(loaded.arrays[name], array)
    with np.errstate(all="ignore"):
        assert_array_equal(loaded.forward(x)[0], saved.forward(x)[0])


def test_names_of_classes_and_initializers_are_kept(path: Path) -> None:
    network = Sequential([Flatten(), Dense(2, initializer=he_uniform)])
    network.build((2, 3, 1), rng=np.random.default_rng(0))
    network.classes = ("cat", "dög")

    network.save(path)
    loaded = Sequential.load(path)

    assert loaded.classes == ("cat", "dög")
    assert loaded.layers["dense1"].settings == network.layers["dense1"].settings


def test_an_initializer_of_ones_own_need_not_be_known_again(path: Path) -> None:
    def ones(shape: tuple[int, ...], **_: object) -> np.ndarray:
        return np.ones(shape, np.float32)

    network = Sequential([Dense(2, initializer=ones)])
    network.build((3,), rng=np.random.default_rng(0)).save(path)

    assert (Sequential.load(path).parameters["dense1.w"] == 1).all()


def test_the_same_network_gives_the_same_bytes(path: Path) -> None:
    network = Sequential([Dense(2), BatchNorm(), Dropout(0.5)])
    network.build((3,), rng=np.random.default_rng(0)).save(path)
    before = path.read_bytes()

    Sequential.load(path).save(path)

    assert path.read_bytes() == before


names = st.text(max_size=5).filter(str.isprintable)
ANYWHERE: dict[str, Callable[[], Layer]] = {
    "batch_norm": BatchNorm,
    "relu": ReLU,
    "sigmoid": Sigmoid,
    "leaky_relu": LeakyReLU,
    "flatten": Flatten,
    "dropout": lambda: Dropout(0.25),
    "rescale": lambda: Rescale(2**70),
}


@in_turn(6)
@pytest.mark.parametrize("kind", sorted(KINDS))
@few
@given(data=st.data())
def test_a_loaded_network_is_saved_as_the_same_bytes(
    path: Path, kind: str, data: st.DataObject
) -> None:
    first, x = data.draw(layered(kind), label="layer, x")
    more = data.draw(st.lists(st.sampled_from(sorted(ANYWHERE)), max_size=3))
    ends = [Flatten(), Dense(data.draw(st.integers(1, 3)))]
    network = Sequential([fresh(first), *(ANYWHERE[name]() for name in more), *ends])
    network.build(x.shape[1:], rng=np.random.default_rng(0))
    network.classes = tuple(data.draw(st.lists(names, max_size=3), label="classes"))

    network.save(path)
    before = path.read_bytes()
    loaded = Sequential.load(path)
    loaded.save(path)

    assert path.read_bytes() == before
    assert loaded.classes == network.classes
    assert_array_equal(loaded.forward(x)[0], network.forward(x)[0])


SIZES: Any = np.array([2, 1])
LARGE: dict[str, tuple[list[Any], tuple[int, ...]]] = {
    "pixels of 16 bits": ([Rescale(65535), Flatten(), Dense(2)], (2, 2, 1)),
    "a window of 2000": ([AvgPool(2000)], (2000, 2001, 1)),
    "a stride of 1500": ([MaxPool(2, stride=1500)], (3000, 3000, 1)),
    "a high power": ([LpPool(2, p=2000)], (4, 4, 1)),
    "a large norm": ([LpPool(2000)], (2000, 2000, 1)),
    "large images": ([GlobalMaxPool(), Flatten(), Dense(2)], (5000, 5000, 3)),
    "four spatial axes": ([MaxPool(1), Flatten(), Dense(2)], (2, 1, 2, 1, 3)),
    "nine spatial axes": ([MaxPool((1,) * 9, padding=((0, 0),) * 9)], (1,) * 10),
    "many features": ([Dense(2**20 + 1)], (1,)),
    "an array of sizes": ([MaxPool(SIZES, stride=SIZES[0])], (4, 4, 1)),
}


@pytest.mark.parametrize("name", LARGE)
def test_what_is_saved_is_loaded_however_large_it_is(path: Path, name: str) -> None:
    layers, shape = LARGE[name]
    network = Sequential(layers).build(shape, rng=np.random.default_rng(0))

    network.save(path)
    before = path.read_bytes()
    loaded = Sequential.load(path)
    loaded.save(path)

    assert path.read_bytes() == before
    assert loaded.shapes == network.shapes
    assert repr(loaded) == repr(network)


@final
class Mine(OperationLayer):
    """A layer that only this file knows."""

    kind: ClassVar[str] = "mine"
    operation: ClassVar[Operation] = Operation(relu_forward, relu_backward)


@pytest.mark.parametrize(
    ("layers", "shape", "change", "words"),
    [
        ([ReLU()], (2,), {"classes": (0, 1)}, r"classes must be .* names, got .0, 1"),
        ([ReLU()], (2,), {"classes": ("a\n",)}, "classes must be .* printable names"),
        ([ReLU()], (2,), {"classes": "ab"}, "classes must be a tuple of printable"),
        ([ReLU()], (2,), {"dtype": np.longdouble}, "dtype must be float16, 32 or 64"),
        ([ReLU()], (2**15, 2**14, 1), {}, "is more than 268435456 numbers"),
        ([MaxPool((2**17, 1))], (2**17, 2, 1), {}, "kernel_size must be at most 65536"),
        ([Mine()], (2,), {}, "mine is no kind of layer known here"),
    ],
)
def test_what_could_not_be_loaded_is_not_saved(
    tmp_path: Path,
    layers: list[Any],
    shape: tuple[int, ...],
    change: dict[str, Any],
    words: str,
) -> None:
    network = Sequential(layers)
    network.build(
        shape, rng=np.random.default_rng(0), dtype=change.get("dtype", np.float32)
    )
    network.classes = change.get("classes", ())

    with pytest.raises(ValueError, match=f"^this network cannot be loaded .*{words}"):
        network.save(tmp_path / "network.h5")

    assert list(tmp_path.iterdir()) == []


def test_weights_of_ones_own_layers_fill_such_a_network(path: Path) -> None:
    rng = np.random.default_rng(0)
    one = Sequential([Mine(), Dense(2)]).build((3,), rng=rng)
    other = Sequential([Mine(), Dense(2)]).build((3,), rng=rng)

    save_weights(path, one)
    load_weights(path, other)

    assert_array_equal(other.parameters["dense1.w"], one.parameters["dense1.w"])


def test_long_doubles_are_not_written_as_weights_nor_into_a_checkpoint(
    tmp_path: Path,
) -> None:
    rng, path = np.random.default_rng(0), tmp_path / "file.h5"
    network = Sequential([Dense(2)]).build((3,), rng=rng, dtype=np.longdouble)
    settings: dict[str, Any] = {"epochs": 1, "batch_size": 2, "optimizer": SGD()}
    settings["on_step"] = pytest.fail

    with pytest.raises(ValueError, match="is not saved, float64 is: build the network"):
        save_weights(path, network)
    with pytest.raises(ValueError, match="is not saved, float64 is: build the network"):
        fit(
            network,
            np.ones((4, 3)),
            [0, 1, 0, 1],
            rng=rng,
            checkpoint=path,
            **settings,
        )

    assert list(tmp_path.iterdir()) == []


KILLED = """
import os, random, signal, sys, time
import numpy as np
from im2col_cnn.nn import Dense, Sequential

path, moments = sys.argv[1], int(sys.argv[2])
network = Sequential([Dense(100)]).build((100,), rng=np.random.default_rng(0))
rng = random.Random(0)

def save(n):
    for array in network.parameters.values():
        array[...] = n
    network.save(path)

def keep_saving(said):
    n = 0
    while True:
        n += 1
        save(n)
        os.write(said, b".")  # one more file is whole

save(0)
kept = 0
for _ in range(moments):
    said, told = os.pipe()
    child = os.fork()
    if child == 0:
        keep_saving(told)
    os.close(told)
    start = os.read(said, 1)
    time.sleep(rng.random() / 100)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    n = len(start + os.read(said, 10_000))
    os.close(said)
    found = Sequential.load(path).parameters.values()
    values = {float(value) for array in found for value in array.flat}
    assert values in ({n}, {n + 1}), (n, values)
    save(0)
print("kept", moments)
"""


@in_turn(2)
@drawn
def test_a_writer_killed_at_any_moment_leaves_the_old_file_or_the_new_one(
    tmp_path: Path,
) -> None:
    path, moments = tmp_path / "weights.h5", "100" if IN_FULL else "30"

    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", KILLED, str(path), moments],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout, done.stderr) == (f"kept {moments}\n", "")
