"""A network comes back from its file alone, and no moment of writing is a bad one."""

import subprocess
import sys
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from numpy.testing import assert_array_equal

from im2col_cnn.nn import BatchNorm, Dense, Dropout, Flatten, Sequential, he_uniform
from tests.nn.strategies import KINDS, layered
from tests.profile import IN_FULL, drawn


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("saved") / "network.h5"


@pytest.mark.parametrize("kind", sorted(KINDS))
@given(data=st.data(), dtype=st.sampled_from(["float16", "float32", "float64"]))
def test_every_kind_of_layer_comes_back_with_every_setting(
    path: Path, kind: str, data: st.DataObject, dtype: str
) -> None:
    layer, x = data.draw(layered(kind), label="layer, x")
    rng = np.random.default_rng(0)
    saved = Sequential([layer]).build(x.shape[1:], rng=rng, dtype=dtype)
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
