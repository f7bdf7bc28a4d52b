"""Workers of Dask, of MPI and of loky learn the same bits as one process alone."""

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import pytest

from im2col_cnn._typing import Array
from im2col_cnn.commands import workers as workers_asked
from im2col_cnn.nn import Cluster, History, WorkerError
from im2col_cnn.nn.executors import Engine
from tests.commands.command import in_here, process, started
from tests.nn.learning import learn, learned_by

pytestmark = pytest.mark.frameworks


@contextmanager
def workers(distributed: Any, count: int) -> Iterator[Any]:
    """Start processes of Dask, and hand out a client."""
    settings = {"n_workers": count, "threads_per_worker": 1, "dashboard_address": ":0"}
    with (
        distributed.LocalCluster(**settings) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@dataclass(frozen=True)
class Failing:
    """An `augment` by which a worker fails, but once only."""

    how: str  # "killed", as the system does where memory is short, or "memory"
    done: Path
    chance: float = 0.2

    def __call__(self, x: Array, rng: np.random.Generator) -> Array:
        """Return the images, noisy."""
        if rng.random() < self.chance and not self.done.exists():
            self.done.touch()
            if self.how == "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            fill_memory()
        return x + rng.normal(size=x.shape)


def fill_memory() -> None:
    """Take memory until the system refuses it."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = pages * resource.getpagesize() + 2**26
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    held = []
    try:
        while True:
            held.append(np.ones(2**20))
    finally:
        held.clear()
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@dataclass
class Interrupted:
    """A run that a worker has to go on with, and what one process alone makes of it."""

    augment: Failing
    checkpoint: Path
    whole: tuple[str, History]

    @classmethod
    def made(cls, how: str, folder: Path) -> Self:
        """Learn for an epoch, and let the next worker fail."""
        augment, run = Failing(how, folder / "failed", chance=0.5), folder / "run.h5"
        augment.done.touch()
        whole = learn(augment=augment)
        learn(augment=augment, epochs=1, checkpoint=run)
        augment.done.unlink()
        return cls(augment, run, whole)

    def goes_on(self, executor: Engine = None) -> bool:
        """Resume the run; return whether the bits are those of the whole one."""
        run, augment = self.checkpoint, self.augment
        again = learn(augment=augment, resume=run, checkpoint=run, executor=executor)
        assert self.augment.done.exists()
        return again == self.whole


@pytest.mark.parametrize("count", [1, 2])
def test_dask_learns_the_same_bits(tmp_path: Path, count: int) -> None:
    distributed = pytest.importorskip("distributed")
    with workers(distributed, count) as client:
        found = learned_by(client.get_executor(), tmp_path)

    assert found == learned_by(None, tmp_path)


@pytest.mark.parametrize("count", [1, 2])
def test_dask_goes_on_to_the_same_bits_when_a_worker_is_killed_in_a_step(
    tmp_path: Path, count: int
) -> None:
    distributed = pytest.importorskip("distributed")
    run = Interrupted.made("killed", tmp_path)
    with workers(distributed, count) as client:
        assert run.goes_on(client.get_executor())


MEMORY = r"worker \d+ on .* ran out of memory: the network is as it was before step"
KILLED = "gave no result: TerminatedWorkerError: .*kill processes: the network is as it"


def test_a_worker_of_dask_without_memory_says_so_and_resuming_learns_the_same_bits(
    tmp_path: Path,
) -> None:
    distributed = pytest.importorskip("distributed")
    run = Interrupted.made("memory", tmp_path)
    with (
        workers(distributed, 2) as client,
        pytest.raises(WorkerError, match=MEMORY),
    ):
        run.goes_on(client.get_executor())

    assert run.goes_on()


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


class Daemons(NamedTuple):
    """A scheduler of Dask and its only worker, as processes of their own."""

    address: str
    scheduler: "subprocess.Popen[bytes]"
    worker: "subprocess.Popen[bytes]"


@pytest.fixture
def daemons(tmp_path: Path) -> Iterator[Daemons]:
    """Start both, and kill what is left of them."""
    pytest.importorskip("distributed")
    contact = tmp_path / "scheduler.json"
    both = ["--scheduler-file", str(contact), "--dashboard-address", ":0"]
    commands = [
        ["scheduler", "--host", "127.0.0.1", "--port", "0", *both],
        ["worker", "--no-nanny", *both],
    ]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "dask", *command], stderr=subprocess.DEVNULL
        )
        for command in commands
    ]
    try:
        while not (contact.exists() and contact.stat().st_size):
            assert processes[0].poll() is None
            time.sleep(0.05)
        address = json.loads(contact.read_text(encoding="utf-8"))["address"]
        distributed = pytest.importorskip("distributed")
        with distributed.Client(address) as client:
            client.wait_for_workers(1)
        yield Daemons(address, *processes)
    finally:
        for each in processes:
            each.kill()
            each.wait()


@contextmanager
def training(daemons: Daemons) -> Iterator["subprocess.Popen[str]"]:
    """Start the command, and wait for its first epoch."""
    train = "train", "--epochs", "9999", "--accumulate", "2", "--scheduler"
    with started(*train, daemons.address) as running:
        assert running.stdout is not None
        next(line for line in running.stdout if line.startswith("epoch"))
        yield running


def test_a_scheduler_that_is_killed_ends_a_command_with_one_line(
    daemons: Daemons,
) -> None:
    with training(daemons) as running:
        daemons.scheduler.kill()
        _, err = running.communicate(timeout=60)

    assert running.returncode == 2
    assert re.fullmatch(r"im2col-cnn: a worker gave no result: .* bits\n", err), err


def test_ctrl_c_ends_a_command_after_the_step(daemons: Daemons) -> None:
    with training(daemons) as running:
        os.killpg(running.pid, signal.SIGINT)
        out, err = running.communicate(timeout=60)

    assert (running.returncode, err) == (0, "")
    assert "stopped in epoch" in out


def test_a_second_ctrl_c_ends_a_command_whose_worker_hangs(daemons: Daemons) -> None:
    with training(daemons) as running:
        daemons.worker.send_signal(signal.SIGSTOP)
        for _ in range(2):
            os.killpg(running.pid, signal.SIGINT)
            time.sleep(1)  # signals that come at once are one
        _, err = running.communicate(timeout=60)

    assert (running.returncode, err) == (130, "im2col-cnn: interrupted\n")


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


@pytest.mark.parametrize("count", [1, 2])
def test_loky_learns_the_same_bits(tmp_path: Path, count: int) -> None:
    loky = pytest.importorskip("loky")
    with loky.ProcessPoolExecutor(count) as executor:
        assert learned_by(executor, tmp_path) == learned_by(None, tmp_path)


@pytest.mark.parametrize(("how", "words"), [("killed", KILLED), ("memory", MEMORY)])
def test_a_worker_of_loky_that_fails_says_so_and_resuming_learns_the_same_bits(
    tmp_path: Path, how: str, words: str
) -> None:
    loky = pytest.importorskip("loky")
    run = Interrupted.made(how, tmp_path)
    with (
        loky.ProcessPoolExecutor(2) as executor,
        pytest.raises(WorkerError, match=words),
    ):
        run.goes_on(executor)

    assert run.goes_on()


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


def test_mpi_learns_the_same_bits(tmp_path: Path) -> None:
    found = by_mpi(tmp_path)

    assert found.stdout.split() == learned_by(None, tmp_path), found.stderr


@pytest.mark.parametrize(("how", "words"), [("killed", "Killed"), ("memory", MEMORY)])
def test_a_worker_of_mpi_that_fails_says_so_and_resuming_learns_the_same_bits(
    tmp_path: Path, how: str, words: str
) -> None:
    run = Interrupted.made(how, tmp_path)

    found = by_mpi(tmp_path, how)

    assert found.returncode != 0
    assert re.search(words, found.stderr), found.stderr
    assert run.goes_on()


if __name__ == "__main__":
    from mpi4py.futures import MPIPoolExecutor

    folder, *failing = sys.argv[1:]
    with MPIPoolExecutor() as of_mpi:
        if failing:
            augment = Failing(failing[0], Path(folder) / "failed", chance=0.5)
            run = Path(folder) / "run.h5"
            learn(augment=augment, resume=run, checkpoint=run, executor=of_mpi)
        else:
            sys.stdout.write(" ".join(learned_by(of_mpi, Path(folder))))
