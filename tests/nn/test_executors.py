"""Any number of workers, of any kind, learn the same bits as one process alone."""

import multiprocessing
import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from im2col_cnn._typing import Array
from im2col_cnn.files.datasets import DIGITS, open_dataset
from im2col_cnn.nn import (
    Adam,
    BatchNorm,
    Cluster,
    Conv,
    Dense,
    Dropout,
    Flatten,
    Sequential,
    WorkerError,
    evaluate,
    executors,
    fit,
)
from im2col_cnn.nn.executors import fingerprint
from im2col_cnn.nn.workers import Workers
from tests.nn.learning import IMAGES, LABELS, SHAPE, digest_of, learn, learned_by
from tests.profile import in_turn


def pool(count: int) -> ProcessPoolExecutor:
    """Return processes that start without what this one has in memory."""
    spawn = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(count, mp_context=spawn)


@pytest.fixture(scope="module")
def processes() -> Iterator[Executor]:
    with pool(2) as executor:
        yield executor


@in_turn(2)
@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("kind", [ThreadPoolExecutor, pool])
def test_workers_learn_the_same_bits_as_none(
    tmp_path: Path, kind: Callable[[int], Executor], count: int
) -> None:
    with kind(count) as executor:
        assert learned_by(executor, tmp_path) == learned_by(None, tmp_path)


def test_the_order_in_which_workers_finish_does_not_matter() -> None:
    class LastFirst(ThreadPoolExecutor):
        """Threads that let the first of four pieces wait for the last."""

        count = 0

        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            self.count += 1
            return super().submit(late, 0.002 * (-self.count % 4), fn, *args)

    def late(seconds: float, fn: Callable[..., Any], *args: Any) -> Any:
        time.sleep(seconds)
        return fn(*args)

    with LastFirst(4) as executor:
        assert learn(executor=executor, epochs=1) == learn(epochs=1)


@pytest.mark.parametrize(("before", "after"), [(1, 0), (0, 1)])
def test_a_run_resumed_with_other_workers_learns_the_same_bits(
    tmp_path: Path, before: int, after: int
) -> None:
    path = tmp_path / "run.h5"
    with ThreadPoolExecutor(2) as executor:
        engines = None, executor
        learn(checkpoint=path, epochs=1, executor=engines[before])

        assert learn(8, resume=path, executor=engines[after]) == learn()


def test_chance_differs_between_shards_and_epochs() -> None:
    drawn: list[float] = []

    def noting(x: Array, rng: np.random.Generator) -> Array:
        drawn.append(rng.random())
        return x

    learn(augment=noting, epochs=2)

    assert len(set(drawn)) == len(drawn) == 2 * 10


def test_layers_that_draw_leave_the_order_of_images_alone() -> None:
    seen: list[list[Array]] = []
    for layers in [Flatten(), Dense(2)], [Flatten(), Dropout(0.5), Dense(2)]:
        rng = np.random.default_rng(0)
        network = Sequential(layers).build(SHAPE, rng=np.random.default_rng(1))
        seen.append([])

        def noting(x: Array, _: np.random.Generator) -> Array:
            seen[-1].append(x)
            return x

        settings: dict[str, Any] = {"epochs": 2, "batch_size": 10, "augment": noting}
        fit(network, IMAGES, LABELS, optimizer=Adam(), rng=rng, **settings)

    assert all(map(np.array_equal, *seen))


def test_running_statistics_are_those_of_the_mean_over_the_images_of_a_step() -> None:
    x = np.arange(10.0).reshape(5, 2)
    network = Sequential([BatchNorm(momentum=0.5), Dense(2)])
    network.build((2,), rng=np.random.default_rng(0), dtype=np.float64)
    settings: dict[str, Any] = {"epochs": 1, "batch_size": 3, "accumulate": 2}

    with pytest.warns(UserWarning, match="images see each other"):
        fit(
            network,
            x,
            [0, 1, 0, 1, 0],
            optimizer=Adam(),
            rng=np.random.default_rng(0),
            **settings,
        )

    found = network.arrays["batch_norm1.running_mean"]
    assert found == pytest.approx(0.5 * x.mean(axis=0))


def test_images_of_a_file_travel_as_its_path(
    tmp_path: Path, processes: Executor
) -> None:
    path = tmp_path / "data.h5"
    rng = np.random.default_rng(0)
    with h5py.File(path, "w") as file:
        for part in "train", "test":
            x = rng.integers(0, 255, (24, *SHAPE), np.uint8)
            file[f"{part}_set_x"], file[f"{part}_set_y"] = x, np.arange(24) % 2
        file["list_classes"] = np.array([b"a", b"b"])
    found = []
    for executor in None, processes:
        rng = np.random.default_rng(0)
        network = Sequential([Flatten(), Dense(2)]).build(SHAPE, rng=rng)
        with open_dataset(path) as dataset:
            settings: dict[str, Any] = {"epochs": 1, "batch_size": 4, "accumulate": 3}
            fit(
                network,
                *dataset.train,
                optimizer=Adam(),
                rng=rng,
                executor=executor,
                **settings,
            )
            seen = evaluate(network, *dataset.test, batch_size=5, executor=executor)
            found.append((digest_of(network), seen.loss))
    assert found[0] == found[1]


def test_a_worker_that_does_not_see_the_file_says_which_one_it_is(
    tmp_path: Path, processes: Executor
) -> None:
    path = tmp_path / "data.h5"
    path.write_bytes(DIGITS.read_bytes())
    with open_dataset(path) as dataset:
        network = Sequential([Flatten(), Dense(10)])
        network.build(dataset.shape, rng=np.random.default_rng(0))
        path.rename(tmp_path / "elsewhere.h5")

        with pytest.raises(OSError, match=r"^worker \d+ on \S+: .*data.h5"):
            evaluate(network, *dataset.train, executor=processes)


def test_scores_are_the_same_bits_whoever_computes_them(processes: Executor) -> None:
    rng = np.random.default_rng(0)
    network = Sequential([Conv(3, 2), Flatten(), Dense(2)]).build(SHAPE, rng=rng)

    scores = network.predict(IMAGES, batch_size=7, executor=processes)

    alone = network.predict(IMAGES, batch_size=7)
    assert scores.tobytes() == alone.tobytes()


class Counted:
    """A number that counts how often it has been sent."""

    def __init__(self, number: int) -> None:
        self.number, self.sent = number, 0

    def __reduce__(self) -> tuple[type[int], tuple[int]]:
        """Arrive as an int."""
        self.sent += 1
        return int, (self.number,)


@in_turn(2)
@pytest.mark.parametrize("kind", ["of the standard library", "of the commands"])
def test_what_pieces_share_goes_to_processes_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processes: Executor, kind: str
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    pieces = [(exponent,) for exponent in range(9)]
    with Workers(2, seconds=60) as workers:
        executor = workers if kind == "of the commands" else processes
        for base in 2, 3:
            shared = Counted(base)

            found = list(Cluster(executor).compute(pow, shared, pieces, ahead=4))

            assert found == [base**exponent for exponent in range(9)]
            assert shared.sent == 1
    assert not any(tmp_path.iterdir())


def test_what_finds_no_room_goes_beside_every_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processes: Executor
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))

    assert list(Cluster(processes).compute(pow, 3, [(2,), (3,)])) == [9, 27]


def test_an_error_leaves_no_file_and_workers_that_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processes: Executor
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    pieces = [(1,), ("one",), *[(2,)] * 20]

    with pytest.raises(TypeError, match="unsupported operand"):
        list(Cluster(processes).compute(pow, 3, pieces))

    assert not any(tmp_path.iterdir())
    assert list(Cluster(processes).compute(pow, 3, [(2,)])) == [9]


def test_a_worker_unlike_this_process_is_refused_unless_that_is_accepted(
    monkeypatch: pytest.MonkeyPatch, processes: Executor
) -> None:
    ours = fingerprint() | {"BLAS kernels": "Z80"}
    monkeypatch.setattr(executors, "fingerprint", lambda: ours)
    words = r"worker \d+ on .* has BLAS kernels .*, this process Z80: the last bits"

    with pytest.raises(WorkerError, match=words):
        list(Cluster(processes).compute(pow, 2, [(10,)]))

    cluster = Cluster(processes, any_machine=True)
    with pytest.warns(UserWarning, match=words):
        assert list(cluster.compute(pow, 2, [(10,)])) == [1024]


class Stopping:
    """An `augment` by which a worker is lost, but once only: in step 3 of epoch 2."""

    def __init__(self, done: Path, kind: str) -> None:
        self.done, self.kind = done, kind

    def __call__(self, x: Array, rng: np.random.Generator) -> Array:
        """Return the images."""
        if rng.random() < 0.262 and not self.done.exists():
            self.done.touch()
            if self.kind == "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            if self.kind == "memory":
                np.empty(2**45)  # more than a process has addresses
            threading.Event().wait(5)
        return x

    def __repr__(self) -> str:
        return "Stopping()"


@in_turn(3)
@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("killed", "a worker gave no result: BrokenProcessPool: .* kill processes"),
        ("memory", r"worker \d+ on .* ran out of memory"),
        ("hangs", "no result within 3 s"),
    ],
)
def test_a_worker_lost_in_a_step_leaves_the_last_whole_one_to_go_on_from(
    tmp_path: Path, kind: str, words: str
) -> None:
    path, done = tmp_path / "run.h5", tmp_path / "done"
    done.touch()
    augment = Stopping(done, kind)
    whole = learn(augment=augment)
    learn(augment=augment, epochs=1, checkpoint=path)
    done.unlink()
    spawn = multiprocessing.get_context("spawn")
    words += ": the network is as it was before step 3 of epoch 2"
    with ProcessPoolExecutor(1, mp_context=spawn) as executor:
        executor.submit(fingerprint).result()  # it has started
        cluster = Cluster(executor, timeout=3 if kind == "hangs" else None)
        with pytest.raises(WorkerError, match=words):
            learn(augment=augment, resume=path, executor=cluster)

    assert learn(augment=augment, resume=path) == whole


def test_what_is_no_executor_is_refused() -> None:
    network = Sequential([Flatten(), Dense(2)])
    network.build(SHAPE, rng=np.random.default_rng(0))

    with pytest.raises(TypeError, match=r"ThreadPoolExecutor\(2\) is, got 4"):
        network.predict(IMAGES, executor=4)  # type: ignore[arg-type]  # refused


@in_turn(2)
def test_an_executor_that_is_closed_is_a_lost_worker() -> None:
    executor = ThreadPoolExecutor(1)
    executor.shutdown()

    with pytest.raises(WorkerError, match="cannot schedule new futures"):
        learn(executor=executor)
