"""Batches come in the order asked for, from memory or read ahead from a file."""

import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import NoReturn

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from im2col_cnn._typing import Array
from im2col_cnn.files import DIGITS, Dataset, open_dataset
from im2col_cnn.files.stored_images import StoredImages
from im2col_cnn.nn import SGD, Dense, Flatten, Rescale, Sequential, fit
from im2col_cnn.nn.batches import batches
from im2col_cnn.tiling import threads
from tests.profile import IN_FULL


@pytest.fixture
def digits() -> Iterator[Dataset]:
    with open_dataset(DIGITS) as dataset:
        yield dataset


def stored(dataset: Dataset) -> StoredImages:
    assert isinstance(dataset.train.images, StoredImages)
    return dataset.train.images


def refuse(*_: object) -> NoReturn:
    raise RuntimeError("can't start new thread")


@pytest.mark.parametrize("length", [0, 1, 7, 8, 9])
@pytest.mark.parametrize("threads_start", [True, False])
def test_a_file_gives_what_memory_gives_with_a_thread_or_without(
    digits: Dataset,
    monkeypatch: pytest.MonkeyPatch,
    length: int,
    threads_start: bool,
) -> None:
    images = stored(digits)
    order = np.random.default_rng(0).permutation(len(images))[:length]
    if not threads_start:
        monkeypatch.setattr(threads, "start_new_thread", refuse)

    found = list(batches(images, order, 4))

    wanted = list(batches(images[:], order, 4))
    assert len(found) == len(wanted) == -(-length // 4)
    for (indices, here), (same, there) in zip(found, wanted, strict=True):
        assert np.array_equal(indices, same)
        assert np.array_equal(here, there)


def test_what_goes_wrong_in_the_thread_is_raised_where_images_are_asked_for(
    digits: Dataset,
) -> None:
    order = np.array([0, 1, len(stored(digits))])
    taken: list[Array] = []

    with pytest.raises(IndexError):
        taken.extend(images for _, images in batches(stored(digits), order, 2))

    assert [len(images) for images in taken] == [2]


class SignalError(BaseException):
    """What the handler of a signal raises: no ``Exception``, as Ctrl-C is none."""


# Python can only report what is raised while an object is being finalized.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timer here")
def test_a_signal_at_any_moment_ends_training_from_a_file_at_once(
    digits: Dataset,
) -> None:
    images, labels = stored(digits), digits.train.labels
    rng = np.random.default_rng(0)
    network = Sequential([Rescale(16), Flatten(), Dense(10)])
    network.build(images.shape[1:], rng=rng)
    train = partial(fit, epochs=1, batch_size=100)
    train(network, images, labels, optimizer=SGD(), rng=rng)
    delays, fired = [], 0.0

    def interrupt(*_: object) -> None:
        nonlocal fired
        fired = time.monotonic()
        raise SignalError

    previous = signal.signal(signal.SIGALRM, interrupt)
    try:
        with threadpool_limits(2, "blas"):
            before = [library["num_threads"] for library in threadpool_info()]
            for moment in rng.uniform(1e-3, 2e-2, 500 if IN_FULL else 30):
                fired = 0.0
                with suppress(SignalError):
                    signal.setitimer(signal.ITIMER_REAL, moment)
                    while not fired:
                        train(network, images, labels, optimizer=SGD(), rng=rng)
                delays.append(time.monotonic() - fired)
                after = [library["num_threads"] for library in threadpool_info()]
                assert after == before
    finally:
        signal.signal(signal.SIGALRM, previous)

    assert max(delays) < 1
