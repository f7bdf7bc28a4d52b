"""Workers of Dask, of MPI and of loky learn the same bits as one process alone."""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from im2col_cnn._typing import Array
from im2col_cnn.commands import workers as workers_asked
from im2col_cnn.nn import (
    Cluster,
    WorkerError,
)
from tests.commands.command import in_here, process
from tests.nn.learning import learn

pytestmark = pytest.mark.frameworks


@contextmanager
def workers(distributed: Any, count: int) -> Iterator[Any]:
    """Start processes of Dask, and hand out a client."""
    settings = {"n_workers": count, "threads_per_worker": 1, "dashboard_address": None}
    with (
        distributed.LocalCluster(**settings) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@dataclass(frozen=True)
class Killing:
    """An `augment` that kills its process, once."""

    done: Path
    chance: float = 0.2

    def __call__(self, x: Array, rng: np.random.Generator) -> Array:
        """Return the images, noisy."""
        if rng.random() < self.chance and not self.done.exists():
            self.done.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return x + rng.normal(size=x.shape)


@pytest.mark.parametrize("count", [1, 2])
def test_dask_learns_the_same_bits(count: int) -> None:
    distributed = pytest.importorskip("distributed")
    with workers(distributed, count) as client:
        assert learn(executor=client.get_executor()) == learn()


@pytest.mark.parametrize("count", [1, 2])
def test_dask_goes_on_to_the_same_bits_when_a_worker_is_killed_in_a_step(
    tmp_path: Path, count: int
) -> None:
    distributed = pytest.importorskip("distributed")
    killing = Killing(tmp_path / "killed")
    with workers(distributed, count) as client:
        found = learn(executor=client.get_executor(), augment=killing)

    assert killing.done.exists()
    assert found == learn(augment=killing)


@dataclass(frozen=True)
class Hanging:
    """An `augment` that takes longer than a test."""

    def __call__(self, x: Array, rng: np.random.Generator) -> Array:
        """Return the images, late."""
        if rng.random() < 0.2:
            threading.Event().wait(60)
        return x


def test_a_task_of_dask_that_hangs_ends_the_run_in_time() -> None:
    distributed = pytest.importorskip("distributed")
    with workers(distributed, 1) as client:
        cluster = Cluster(client.get_executor(), timeout=2)
        with pytest.raises(
            WorkerError, match="no result within 2 s: the network is as"
        ):
            learn(executor=cluster, augment=Hanging())


def test_a_scheduler_that_is_gone_ends_the_run_with_one_error() -> None:
    distributed = pytest.importorskip("distributed")
    with workers(distributed, 1) as client:

        def close(progress: Any) -> None:
            if (progress.epoch, progress.step) == (1, 2):
                client.cluster.close()

        cluster = Cluster(client.get_executor(), timeout=20)
        with pytest.raises(WorkerError, match="before step 3 of epoch 1"):
            learn(executor=cluster, on_step=close)


SHARE = """
import numpy as np
def distribute_value(dz, shape):
    return np.full(shape, dz / (shape[0] * shape[1]))
"""


def test_commands_share_work_among_workers_of_dask(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    train = ["train", "--epochs", "1", "--accumulate", "2", "--save"]
    alone, shared = tmp_path / "alone.h5", tmp_path / "shared.h5"
    homework, photo = tmp_path / "class", tmp_path / "8.png"
    homework.mkdir()
    (homework / "anna.py").write_text(SHARE, encoding="utf-8")
    image = np.arange(64, dtype=np.uint8).reshape(8, 8)
    pytest.importorskip("PIL.Image").fromarray(image).save(photo)
    check: list[str | Path] = ["check", homework, "--examples", "2"]
    there: list[str | Path] = ["--json", tmp_path / "dask.json", "--results"]
    here: list[str | Path] = ["--json", tmp_path / "alone.json", "--results"]
    questions: list[list[str | Path]] = [
        ["evaluate", shared, "--json"],
        ["predict", shared, photo, "--json"],
    ]
    with workers(distributed, 2) as client:
        to_dask = ["--scheduler", client.cluster.scheduler_address]

        told = process(*train, shared, *to_dask)
        checked = process(*check, *there, tmp_path / "there", *to_dask)
        answers = [process(*question, *to_dask) for question in questions]
    process(*train, alone)
    process(*check, *here, tmp_path / "here", "--jobs", "1")

    assert (told.status, told.err) == (0, "")
    assert "%  2 workers\n" in told.out
    assert shared.read_bytes() == alone.read_bytes()
    assert checked.status == 0
    assert without_time(tmp_path / "dask.json") == without_time(tmp_path / "alone.json")
    assert answers == [process(*question) for question in questions]
    assert [answer.status for answer in answers] == [0, 0]


def without_time(path: Path) -> str:
    """Return a file of JSON without how long it took."""
    return re.sub(r'"seconds": [0-9.]+', "", path.read_text(encoding="utf-8"))


def test_a_scheduler_that_is_not_there_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(workers_asked, "MAX_SECONDS_TO_CONNECT", 1)

    told = in_here(capsys, "train", "--scheduler", "tcp://127.0.0.1:9")

    assert told.status == 2
    assert told.err.startswith("im2col-cnn: Timed out trying to connect to tcp://127.")
    assert told.err.count("\n") == 1


def test_loky_learns_the_same_bits() -> None:
    loky = pytest.importorskip("loky")
    with loky.ProcessPoolExecutor(2) as executor:
        assert learn(executor=executor) == learn()


def by_mpi(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    """Run this file with one process that trains and two that compute for it."""
    pytest.importorskip("mpi4py")
    mpiexec = shutil.which("mpiexec")
    if mpiexec is None:
        pytest.skip("needs mpiexec: apt-get install openmpi-bin")
    program = [sys.executable, "-m", "mpi4py.futures", __file__, *arguments]
    return subprocess.run(
        [mpiexec, "-n", "3", *program],
        cwd=Path(__file__).parents[2],
        env={
            **os.environ,
            "OMPI_ALLOW_RUN_AS_ROOT": "1",
            "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
            "OMPI_MCA_rmaps_base_oversubscribe": "1",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_mpi_learns_the_same_bits() -> None:
    found = by_mpi()

    assert found.stdout.strip() == learn()[0], found.stderr


def test_mpi_ends_all_when_a_worker_is_killed_and_resuming_learns_the_same_bits(
    tmp_path: Path,
) -> None:
    killing = Killing(tmp_path / "killed", chance=0.5)
    run = tmp_path / "run.h5"
    killing.done.touch()
    whole = learn(augment=killing)
    learn(augment=killing, epochs=1, checkpoint=run)
    killing.done.unlink()

    found = by_mpi(killing.done, run)

    assert killing.done.exists()
    assert found.returncode != 0
    assert "Killed" in found.stderr
    assert learn(augment=killing, resume=run) == whole


if __name__ == "__main__":
    from mpi4py.futures import MPIPoolExecutor

    settings: dict[str, Any] = {}
    if len(sys.argv) > 1:
        done, run = map(Path, sys.argv[1:])
        settings = {
            "augment": Killing(done, chance=0.5),
            "resume": run,
            "checkpoint": run,
        }
    with MPIPoolExecutor() as of_mpi:
        sys.stdout.write(learn(executor=of_mpi, **settings)[0])
