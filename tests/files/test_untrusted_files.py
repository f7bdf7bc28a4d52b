"""A file can come from anyone: it is refused in one line, and leads nowhere else."""

import os
import random
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import settings

from im2col_cnn.files import load_weights, open_dataset, read_dataset
from im2col_cnn.nn import Sequential
from tests.files.forging import forge, harmed, network, seal
from tests.files.hdf5 import arrays, write
from tests.files.hostile_images import DATA
from tests.files.hostile_weights import WEIGHTS
from tests.profile import drawn, in_turn

SECRET = 41.0


@pytest.fixture
def secret(tmp_path: Path) -> str:
    """Return a file that nobody was told to read."""
    path = tmp_path / "secret.h5"
    with h5py.File(path, "w") as file:
        file["secret"] = np.full((2, 2, 1, 2), SECRET, "f4")
    return str(path)


@pytest.mark.parametrize("what", WEIGHTS(""))
def test_weights_that_mean_harm_are_refused_in_one_line(
    tmp_path: Path, secret: str, what: str
) -> None:
    change, words = WEIGHTS(secret)[what]
    path = forge(tmp_path / "weights.h5", change)

    with pytest.raises(
        (OSError, ValueError), match=rf"weights\.h5: .*{words}"
    ) as refusal:
        Sequential.load(path)

    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("what", DATA(""))
def test_images_that_mean_harm_are_refused_in_one_line(
    tmp_path: Path, secret: str, what: str
) -> None:
    change, words = DATA(secret)[what]
    path = harmed(tmp_path / "data.h5", change)

    with pytest.raises((OSError, ValueError), match=rf"data\.h5: .*{words}") as refusal:
        read_dataset(path)

    assert "\n" not in str(refusal.value)


READ = """
import sys
from im2col_cnn.files import read_dataset
from im2col_cnn.nn import Sequential

for path in sys.argv[1:]:
    try:
        Sequential.load(path) if "weights" in path else read_dataset(path)
    except (OSError, ValueError) as error:
        print("refused")
"""


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_nothing_outside_the_file_is_opened(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)  # whoever opens it waits for ever
    paths = []
    for what in "external link", "external storage", "virtual":
        change, _ = WEIGHTS(str(pipe))[what]
        paths.append(forge(tmp_path / f"weights of {what}.h5", change))
        change, _ = DATA(str(pipe))[what]
        paths.append(harmed(tmp_path / f"images of {what}.h5", change))

    done = subprocess.run(
        [sys.executable, "-c", READ, *map(str, paths)],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert (done.stdout, done.stderr) == ("refused\n" * len(paths), "")


def test_a_forged_file_without_harm_is_read(tmp_path: Path) -> None:
    forge(tmp_path / "weights.h5", lambda file: file.attrs.create("note", "hello"))

    load_weights(tmp_path / "weights.h5", network())


def test_every_bit_counts(tmp_path: Path) -> None:
    path = tmp_path / "weights.h5"
    network().save(path)
    content = path.read_bytes()
    rng = random.Random(0)
    for _ in range(300):
        flipped = bytearray(content)
        flipped[rng.randrange(512, len(content))] ^= 1 << rng.randrange(8)
        path.write_bytes(flipped)
        with pytest.raises(OSError, match=r"weights\.h5: is damaged"):
            Sequential.load(path)
    for _ in range(100):
        path.write_bytes(content[: rng.randrange(len(content))])
        with pytest.raises(
            (OSError, ValueError), match=r"weights\.h5: (is damaged|does)"
        ):
            Sequential.load(path)


MUTATE = """
import os, random, resource, signal, sys
from pathlib import Path
from im2col_cnn.files import open_dataset
from im2col_cnn.nn import Sequential
from tests.files.forging import seal

body, path, start, count, weights = sys.argv[1:]
body, path = Path(body).read_bytes(), Path(path)
resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))
start, count = int(start), int(count)

def mutate(number):
    rng = random.Random(number)
    mutated = bytearray(body)
    for _ in range(rng.choice([1, 1, 2, 4, 16, 64])):
        at = rng.randrange(len(mutated))
        flipped = mutated[at] ^ 1 << rng.randrange(8)
        mutated[at] = rng.choice([0, 255, rng.randrange(256), flipped])
        if rng.random() < 0.2:  # let something point to where another thing points
            there = rng.randrange(len(mutated) - 8)
            at = rng.randrange(len(mutated) - 8)
            mutated[at : at + 8] = mutated[there : there + 8]
    if rng.random() < 0.1:
        del mutated[rng.randrange(len(mutated)):]
    return bytes(mutated)

def read(number):
    signal.alarm(10)
    try:
        if weights == "weights":
            seal(path, mutate(number))
            Sequential.load(path)
        else:
            path.write_bytes(mutate(number))
            with open_dataset(path) as data:
                for split in data.train, data.test:
                    split.images.load()
    except (OSError, ValueError) as error:
        if str(path) not in str(error) or "\\n" in str(error):
            print(number, "said", repr(str(error)), flush=True)
    except BaseException as error:
        print(number, "raised", repr(error), flush=True)

for first in range(start, start + count, 20):
    child = os.fork()
    if child == 0:  # HDF5 is written in C: what harms it must not harm the others
        for number in range(first, min(first + 20, start + count)):
            read(number)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status:
        print("one from", first, "on ended with", status, flush=True)
"""


@in_turn(2)
@drawn
@pytest.mark.parametrize("kind", ["weights", "data"])
def test_mutated_files_are_read_or_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "file.h5"
    if kind == "weights":
        network().save(path)
        body = path.read_bytes()[512:]
    else:
        with h5py.File(path, "w") as file:
            for name, array in arrays().items():
                compressed = {
                    "compression": "gzip",
                    "shuffle": True,
                    "fletcher32": True,
                }
                if name != "list_classes":
                    file.create_dataset(name, data=array, **compressed)
            file["list_classes"] = ["one", "two", "three"]  # of any length
        body = path.read_bytes()
    (tmp_path / "body").write_bytes(body)
    count = 10 * settings().max_examples

    # From 1200 on, as number 1290 once made HDF5 write past the end of a buffer.
    arguments = [tmp_path / "body", path, "1200", str(count), kind]

    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", MUTATE, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_terabytes_are_streamed_without_being_believed(tmp_path: Path) -> None:
    path = write(tmp_path / "data.h5", arrays())
    with h5py.File(path, "r+") as file:
        del file["train_set_x"], file["train_set_y"]
        images = file.create_dataset(
            "train_set_x", (2**22, 512, 512, 1), np.uint8, chunks=(8, 512, 512, 1)
        )
        images[5] = 7
        file.create_dataset("train_set_y", data=np.zeros(2**22, np.uint8))
        del file["test_set_x"], file["test_set_y"]
        file["test_set_x"] = np.zeros((1, 512, 512, 1), np.uint8)
        file["test_set_y"] = [0]

    with open_dataset(path) as data:
        assert data.train.images[[2**22 - 1, 5]].mean(axis=(1, 2, 3)).tolist() == [0, 7]


def test_a_file_that_claims_to_be_large_is_not_read_into_memory(tmp_path: Path) -> None:
    path = tmp_path / "weights.h5"
    seal(path, b"")
    with path.open("r+b") as file:
        file.truncate(2**40)  # a hole: it takes no room on the disk

    with pytest.raises(ValueError, match=r"has 1099511627776 bytes, .* at most"):
        Sequential.load(path)
