"""Workers of Dask, of MPI and of loky learn the same bits as one process alone."""

import os
import re
import shutil
import signal
import subprocess
import sys
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
from tests.commands.command import COURSERA, in_here
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

    def __call__(self, x: Array, rng: np.random.Generator) -> Array:
        """Return the images, noisy."""
        if rng.random() < 0.2 and not self.done.exists():
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


def test_a_scheduler_that_is_gone_ends_the_run_with_one_error() -> None:
    distributed = pytest.importorskip("distributed")
    with workers(distributed, 1) as client:

        def close(progress: Any) -> None:
            if (progress.epoch, progress.step) == (1, 2):
                client.cluster.close()

        cluster = Cluster(client.get_executor(), timeout=20)
        with pytest.raises(WorkerError, match="before step 3 of epoch 1"):
            learn(executor=cluster, on_step=close)


def test_commands_share_work_among_workers_of_dask(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    distributed = pytest.importorskip("distributed")
    train = ["train", "--epochs", "1", "--accumulate", "2", "--save"]
    alone, shared = tmp_path / "alone.h5", tmp_path / "shared.h5"
    homework = tmp_path / "class"
    homework.mkdir()
    (homework / "anna.py").write_text(COURSERA, encoding="utf-8")
    check = ["check", str(homework), "--examples", "2", "--json"]
    results = ["--results", str(tmp_path / "results")]
    with workers(distributed, 2) as client:
        address = client.cluster.scheduler_address

        told = in_here(capsys, *train, shared, "--scheduler", address)
        checked = in_here(
            capsys, *check, tmp_path / "dask.json", *results, "--scheduler", address
        )
    in_here(capsys, *train, alone)
    in_here(capsys, *check, tmp_path / "alone.json", "--jobs", "1")

    assert (told.status, told.err) == (0, "")
    assert "%  2 workers\n" in told.out
    assert shared.read_bytes() == alone.read_bytes()
    assert checked.status == 0
    assert without_time(tmp_path / "dask.json") == without_time(tmp_path / "alone.json")


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


def test_mpi_learns_the_same_bits() -> None:
    pytest.importorskip("mpi4py")
    mpiexec = shutil.which("mpiexec")
    if mpiexec is None:
        pytest.skip("needs mpiexec: apt-get install openmpi-bin")
    found = subprocess.run(
        [mpiexec, "-n", "3", sys.executable, "-m", "mpi4py.futures", __file__],
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

    assert found.stdout.strip() == learn()[0], found.stderr


if __name__ == "__main__":
    from mpi4py.futures import MPIPoolExecutor

    with MPIPoolExecutor() as of_mpi:
        sys.stdout.write(learn(executor=of_mpi)[0])
