"""Images in a file, read by several processes at once, forked or spawned."""

import copy
import multiprocessing
import os
import pickle
import threading
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from im2col_cnn.files import Dataset, StoredImages, open_dataset
from tests.profile import in_turn

LAYOUTS: dict[str, dict[str, Any]] = {
    "whole": {},
    "chunks": {"chunks": (4, 8, 8, 3)},
    "gzip": {"chunks": (4, 8, 8, 3), "compression": "gzip"},
}
N = 1200


def stored(path: Path, layout: dict[str, Any], *, shift: int = 0) -> Path:
    """Write images of which number n holds n + shift in every pixel."""
    numbers = (np.arange(N) + shift).astype(np.uint16)
    x = np.broadcast_to(numbers[:, None, None, None], (N, 8, 8, 3))
    with h5py.File(path, "w") as file:
        file.create_dataset("train_set_x", data=x, **layout)
        file["train_set_y"] = np.arange(N) % 2
        file["test_set_x"] = x[:2]
        file["test_set_y"] = [0, 1]
        file["list_classes"] = np.array([b"even", b"odd"])
    return path


def wrong_images(images: StoredImages, seed: int) -> int:
    """Read all images, one by one in random order, and count those that are wrong."""
    images.max_blocks = 1  # so that nearly every image is read from the file
    order = np.random.default_rng(seed).permutation(len(images))
    return sum(bool((images[int(n)] != n).any()) for n in order)


def read_into(images: StoredImages, seed: int, queue: Any) -> None:
    queue.put(wrong_images(images, seed))


def read_of_dataset(data: Dataset) -> int:
    assert isinstance(data.train.images, StoredImages)
    return wrong_images(data.train.images, 0)


@in_turn(3)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
@pytest.mark.parametrize("layout", LAYOUTS)
def test_forked_readers_of_one_open_file_read_the_right_pixels(
    tmp_path: Path, layout: str
) -> None:
    context: Any = multiprocessing.get_context("fork")
    with open_dataset(stored(tmp_path / "data.h5", LAYOUTS[layout])) as data:
        images: Any = data.train.images
        queue = context.Queue()
        readers = [
            context.Process(target=read_into, args=(images, seed, queue), daemon=True)
            for seed in range(3)
        ]
        for reader in readers:
            reader.start()
        here = wrong_images(images, 3)
        wrong = [queue.get(timeout=20) for _ in readers]
        for reader in readers:
            reader.join()

    assert [here, *wrong] == [0, 0, 0, 0]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_a_child_forked_while_a_thread_reads_can_read(tmp_path: Path) -> None:
    context: Any = multiprocessing.get_context("fork")
    with open_dataset(stored(tmp_path / "data.h5", LAYOUTS["gzip"])) as data:
        images: Any = data.train.images
        with images.lock:  # as a thread of ours may hold it
            queue = context.Queue()
            child = context.Process(
                target=read_into, args=(images, 0, queue), daemon=True
            )
            child.start()
            wrong = queue.get(timeout=20)
            child.join()

    assert wrong == 0


@pytest.mark.parametrize("layout", LAYOUTS)
def test_pickled_images_are_the_same_images(tmp_path: Path, layout: str) -> None:
    with open_dataset(stored(tmp_path / "data.h5", LAYOUTS[layout])) as data:
        images: Any = data.train.images
        pickled = pickle.dumps(images)
    again = pickle.loads(pickled)

    assert len(pickled) < 2000  # a path, not pixels
    assert (again.shape, again.dtype, again.name) == (
        images.shape,
        images.dtype,
        images.name,
    )
    assert wrong_images(again, 0) == 0


@in_turn(2)
def test_a_spawned_process_reads_a_pickled_dataset(tmp_path: Path) -> None:
    with open_dataset(stored(tmp_path / "data.h5", LAYOUTS["gzip"])) as data:
        context = multiprocessing.get_context("spawn")
        with context.Pool(1) as pool:
            assert pool.apply_async(read_of_dataset, (data,)).get(timeout=20) == 0


def test_copied_images_are_read_on_when_the_first_file_is_closed(
    tmp_path: Path,
) -> None:
    with open_dataset(stored(tmp_path / "data.h5", LAYOUTS["chunks"])) as data:
        again: Any = copy.deepcopy(data.train.images)

    assert (again[7] == 7).all()


def test_a_copy_of_the_file_is_the_same_file(tmp_path: Path) -> None:
    path = stored(tmp_path / "data.h5", LAYOUTS["chunks"])
    with open_dataset(path) as data:
        pickled = pickle.dumps(data.train.images)
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content)  # as on another machine

    assert (pickle.loads(pickled)[7] == 7).all()


def test_another_file_under_the_same_name_is_refused(tmp_path: Path) -> None:
    path = stored(tmp_path / "data.h5", LAYOUTS["chunks"])
    with open_dataset(path) as data:
        pickled = pickle.dumps(data.train.images)
    stored(path, LAYOUTS["chunks"], shift=1)  # of the same length

    both = r"it has (\d+ bytes) with digest (\w+), that one \1 with digest (?!\2)\w+"
    with pytest.raises(OSError, match=rf"data\.h5: is not the file .* on .+: {both}"):
        pickle.loads(pickled)


def test_what_is_no_data_under_the_same_name_is_refused(tmp_path: Path) -> None:
    path = stored(tmp_path / "data.h5", LAYOUTS["chunks"])
    with open_dataset(path) as data:
        pickled = pickle.dumps(data.train.images)
    path.write_text("hello", encoding="utf-8")

    with pytest.raises(OSError, match=r"data\.h5: is not an HDF5 file"):
        pickle.loads(pickled)


def test_images_of_a_closed_file_are_not_pickled(tmp_path: Path) -> None:
    with open_dataset(stored(tmp_path / "data.h5", {})) as data:
        images = data.train.images

    with pytest.raises(ValueError, match=r"data\.h5: is closed"):
        pickle.dumps(images)


def test_threads_read_the_right_pixels(tmp_path: Path) -> None:
    wrong = []
    with open_dataset(stored(tmp_path / "data.h5", LAYOUTS["chunks"])) as data:
        images: Any = data.train.images
        threads = [
            threading.Thread(target=lambda n=n: wrong.append(wrong_images(images, n)))
            for n in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert wrong == [0, 0]


@pytest.mark.frameworks
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
@pytest.mark.filterwarnings("ignore:os.fork.. was called:RuntimeWarning")  # by JAX
@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_a_torch_data_loader_with_workers_reads_every_image(
    tmp_path: Path, torch: Any, start: str
) -> None:
    with open_dataset(stored(tmp_path / "data.h5", LAYOUTS["gzip"])) as data:
        images: Any = data.train.images
        loader = torch.utils.data.DataLoader(
            images, batch_size=100, num_workers=2, multiprocessing_context=start
        )
        batches = [batch.numpy() for batch in loader]

    assert (np.concatenate(batches)[:, 0, 0, 0] == np.arange(N)).all()
