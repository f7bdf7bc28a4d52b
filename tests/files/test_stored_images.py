"""Images in a file are indexed like an array, and an epoch unpacks each chunk once."""

import pickle
from collections import Counter
from pathlib import Path
from typing import Any

import h5py
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from numpy.testing import assert_array_equal

from im2col_cnn.files import StoredImages, open_dataset, read_dataset, stored_images
from im2col_cnn.files.hdf5.chunks import read_rows
from im2col_cnn.files.hdf5.source import open_hdf5
from im2col_cnn.nn import SGD, Dense, Flatten, Sequential, evaluate, fit
from tests.files.hdf5 import arrays, write

N, SHAPE = 23, (5, 4, 2)
FILTERS = {"compression": "gzip", "shuffle": True, "fletcher32": True}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stored") / "images.h5"


@st.composite
def layouts(draw: st.DrawFn) -> dict[str, Any]:
    """Draw how images lie in a file: whole, or in chunks under any filters."""
    if draw(st.booleans(), label="contiguous"):
        return {}
    chunks = tuple(draw(st.integers(1, size + 2)) for size in (N, *SHAPE))
    chunks = tuple(min(c, size) for c, size in zip(chunks, (N, *SHAPE), strict=True))
    return {
        "chunks": chunks,
        **{name: on for name, on in FILTERS.items() if draw(st.booleans(), label=name)},
    }


@given(
    layout=layouts(),
    dtype=st.sampled_from(["u1", "<u2", ">u2", "<f2", "<f4", ">f4", "<f8"]),
    indices=st.lists(st.integers(-N, N - 1), max_size=30),
    seed=st.integers(0, 2**16),
)
def test_images_are_those_of_an_array_for_indices_in_any_order_and_repeats(
    path: Path, layout: dict[str, Any], dtype: str, indices: list[int], seed: int
) -> None:
    x = np.random.default_rng(seed).integers(0, 256, (N, *SHAPE)).astype(dtype)
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=x, **layout)

    with open_hdf5(path) as source:
        images = StoredImages(source.find("x"), source)
        assert (len(images), images.shape, images.ndim) == (N, x.shape, 4)
        assert images.dtype == x.dtype.newbyteorder("=")
        assert_array_equal(images[indices], x[np.array(indices, int)])
        assert_array_equal(images[np.array(indices, int)], x[np.array(indices, int)])
        for key in (slice(None), slice(3, 17, 5), slice(None, None, -1), slice(9, 2)):
            assert_array_equal(images[key], x[key])
        for index in indices[:3]:
            assert_array_equal(images[index], x[index])
        assert_array_equal(images.load(), x)


def test_what_was_never_written_is_0(path: Path) -> None:
    with h5py.File(path, "w") as file:
        x = file.create_dataset("x", (9, 2, 2, 1), "u1", chunks=(4, 2, 2, 1))
        x[5] = 1

    with open_hdf5(path) as source:
        images = StoredImages(source.find("x"), source)
        assert images[:].mean(axis=(1, 2, 3)).tolist() == [0, 0, 0, 0, 0, 1, 0, 0, 0]


def test_another_value_for_what_was_never_written_is_refused(path: Path) -> None:
    with h5py.File(path, "w") as file:
        x = file.create_dataset(
            "x", (9, 2, 2, 1), "u1", chunks=(4, 2, 2, 1), fillvalue=7
        )
        x[5] = 1

    with open_hdf5(path) as source:
        images = StoredImages(source.find("x"), source)
        assert images[4].max() == 7
        with pytest.raises(
            OSError, match=r"x cannot be read: the chunk at \(0, 0, 0, 0"
        ):
            images[0]


@pytest.mark.parametrize(
    ("key", "error", "words"),
    [
        (N, IndexError, "index must lie between 0 and 22, got 23"),
        ([0, -N - 1], IndexError, "got -24 to 0"),
        ([0.5], TypeError, "by an index, a slice or a list"),
        # An array would give row 2 of image 1: not the same as images 1 and 2.
        ((1, 2), TypeError, r"a list of indices, got \(1, 2\)$"),
        (np.zeros((2, 2), int), TypeError, "by an index, a slice or a list"),
    ],
)
def test_other_keys_are_refused(
    path: Path, key: Any, error: type[Exception], words: str
) -> None:
    with h5py.File(path, "w") as file:
        file["x"] = np.zeros((N, *SHAPE))

    with open_hdf5(path) as source, pytest.raises(error, match=words):
        StoredImages(source.find("x"), source)[key]


@given(chunk=st.integers(1, 9), kept=st.integers(1, 5), seed=st.integers(0, 2**16))
def test_an_epoch_sees_every_image_once_and_unpacks_every_chunk_once(
    path: Path, chunk: int, kept: int, seed: int
) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset(
            "x", data=np.arange(N).reshape(N, 1, 1, 1), chunks=(chunk, 1, 1, 1)
        )
    read: Counter[int] = Counter()

    def watched(dataset: Any, source: Any, start: int, stop: int) -> Any:
        read[start] += 1
        return read_rows(dataset, source, start, stop)

    with open_hdf5(path) as source, pytest.MonkeyPatch.context() as patch:
        patch.setattr(stored_images, "read_rows", watched)
        images = StoredImages(source.find("x"), source)
        images.max_blocks = 2 * kept  # blocks in memory
        order = images.shuffled(np.random.default_rng(seed))
        for start in range(0, N, 4):
            batch = order[start : start + 4]
            assert_array_equal(images[batch].ravel(), batch)
        assert len(images.cached) <= 2 * kept

    assert sorted(order) == list(range(N))
    assert read == dict.fromkeys(range(0, N, chunk), 1)


def test_a_file_that_was_closed_says_so(path: Path) -> None:
    with open_dataset(write(path, arrays())) as data:
        images: Any = data.train.images
        assert images[0].shape == (6, 5, 1)

    for read in (lambda: images[0], images.load):
        with pytest.raises(ValueError, match=r"images\.h5: is closed: use its images"):
            read()


def test_orders_differ_from_epoch_to_epoch(path: Path) -> None:
    with open_dataset(write(path, arrays())) as data:
        images, rng = data.train.images, np.random.default_rng(0)
        assert isinstance(images, StoredImages)
        assert images.shuffled(rng).tolist() != images.shuffled(rng).tolist()


def test_a_network_learns_from_a_file_as_it_does_from_memory(path: Path) -> None:
    write(path, arrays())
    results = []
    for keep_open in True, False:
        rng = np.random.default_rng(0)
        network = Sequential([Flatten(), Dense(3)]).build((6, 5, 1), rng=rng)
        settings: dict[str, Any] = {
            "epochs": 3,
            "batch_size": 5,
            "optimizer": SGD(1e-5),
        }
        with open_dataset(path) as data:
            train, test = data.train, data.test
            if not keep_open:
                # The same images in memory, shuffled as the file shuffles them.
                train = read_dataset(path).train
                shuffled = data.train.images.shuffled  # type: ignore[union-attr]
                rng = Permuting(rng, shuffled)
            history = fit(network, *train, validation=test, rng=rng, **settings)
            loss = evaluate(network, *test).loss
        results.append((history, loss, network.parameters["dense1.w"]))

    (history, loss, w), (its_history, its_loss, its_w) = results
    assert history == its_history
    assert loss == its_loss
    assert_array_equal(w, its_w)


class Permuting(np.random.Generator):
    """A random generator whose permutations are somebody else's."""

    def __init__(self, rng: np.random.Generator, shuffled: Any) -> None:
        super().__init__(rng.bit_generator)
        self.rng, self.shuffled = rng, shuffled

    def permutation(self, *_: Any, **__: Any) -> Any:
        """Return another's."""
        return self.shuffled(self.rng)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_pixels_are_checked_as_they_come(path: Path, value: float) -> None:
    content = arrays()
    for name in "train_set_x", "test_set_x":
        content[name] = content[name].astype("f4")
    content["train_set_x"][7, 1, 1] = value
    write(path, content, {"pixel_maximum": 255})

    with (
        open_dataset(path) as data,
        pytest.raises(
            ValueError,
            match=r"train_set_x must hold finite numbers, .* in images 0 to 11",
        ),
    ):
        data.train.images[3]


def test_memory_stays_flat_while_a_large_file_is_read(tmp_path: Path) -> None:
    """Learn from 2 GB of images that were never written, with 400 MB to do it in."""
    path = tmp_path / "large.h5"
    n = 2**31 // (64 * 64)
    with h5py.File(path, "w") as file:
        for part, count in ("train", n), ("test", 8):
            file.create_dataset(
                f"{part}_set_x",
                (count, 64, 64, 1),
                "u1",
                chunks=(min(1024, count), 64, 64, 1),
            )
            file[f"{part}_set_y"] = np.arange(count) % 2
        file["list_classes"] = ["a", "b"]
    import resource  # noqa: PLC0415  # not on every system

    with open_dataset(path) as data:
        order = data.train.images.shuffled(np.random.default_rng(0))  # type: ignore[union-attr]
        data.train.images[order[:64]]
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for start in range(64, n, n // 100):
            data.train.images[order[start : start + 64]]
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before

    assert grown < 150 * 1024  # kibibytes


@pytest.mark.parametrize("rng", [None, 0, np.random.RandomState])
def test_shuffled_wants_a_generator(path: Path, rng: Any) -> None:
    with h5py.File(path, "w") as file:
        file["x"] = np.zeros((N, *SHAPE))

    with (
        open_hdf5(path) as source,
        pytest.raises(TypeError, match=r"rng must be a numpy\.random\.Generator, got "),
    ):
        StoredImages(source.find("x"), source).shuffled(rng)


@pytest.mark.parametrize("layout", [{}, {"chunks": True}, {"compression": "gzip"}])
@pytest.mark.parametrize("before", [512, 4096])
def test_a_file_may_begin_with_bytes_of_other_programs(
    path: Path, before: int, layout: dict[str, Any]
) -> None:
    x = np.arange(N * 5).reshape(N, 5, 1, 1).astype(np.uint16)
    with h5py.File(path, "w", userblock_size=before) as file:  # as MATLAB writes
        file.create_dataset("x", data=x, **layout)

    with open_hdf5(path) as source:
        images = StoredImages(source.find("x"), source)
        assert_array_equal(images[:], x)
        assert_array_equal(pickle.loads(pickle.dumps(images))[:], x)
