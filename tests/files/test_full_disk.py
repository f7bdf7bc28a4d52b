"""A disk that is full costs the new file, never the old one, and says so in one line.

Here the disk is a limit on the size of files, which this process sets itself.
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands.command import Answer, environment, in_here
from tests.files.photos import make_folder
from tests.profile import in_turn

resource = pytest.importorskip("resource", reason="files have no limit of size here")

Command = Callable[..., Answer]


@pytest.fixture
def on_a_small_disk(capsys: pytest.CaptureFixture[str]) -> Command:
    """Run the command where a file may have no more than so many bytes."""

    def run(size: int, *arguments: str | Path) -> Answer:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        try:
            return in_here(capsys, *arguments)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return run


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_folder(tmp_path_factory.mktemp("small") / "photos", each=90)


@pytest.mark.parametrize("option", ["--save", "--checkpoint"])
def test_what_was_learned_before_is_kept(
    on_a_small_disk: Command, tmp_path: Path, option: str
) -> None:
    path = tmp_path / "learned.h5"
    path.write_bytes(b"old")

    status, _, err = on_a_small_disk(10_000, "train", "--epochs", "1", option, path)

    said = f"{path}: cannot be written: File too large; what it held is kept"
    assert (status, err) == (2, f"im2col-cnn: {said}\n")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("size", [1, 3000, 20_000, 90_000])  # at the start, in between
@pytest.mark.parametrize("exists", [True, False])
def test_images_are_in_the_file_all_of_them_or_none(
    on_a_small_disk: Command, tmp_path: Path, photos: Path, size: int, exists: bool
) -> None:
    path = tmp_path / "images.h5"
    if exists:
        path.write_bytes(b"old")

    status, out, err = on_a_small_disk(size, "make-h5", photos, path, "--size", "32x32")

    kept = "what it held is kept" if exists else "nothing is left of it"
    said = f"{path}: cannot be written: File too large; {kept}"
    assert (status, err) == (2, f"im2col-cnn: {said}\n")
    assert "written" not in out
    assert list(tmp_path.iterdir()) == ([path] if exists else [])
    assert not exists or path.read_bytes() == b"old"


def test_a_disk_that_is_large_enough_is_no_matter(
    on_a_small_disk: Command, tmp_path: Path, photos: Path
) -> None:
    path = tmp_path / "images.h5"

    status, _, err = on_a_small_disk(10**7, "make-h5", photos, path, "--size", "32x32")

    assert (status, err) == (0, "")
    assert path.exists()


@in_turn(2)
@pytest.mark.parametrize("option", ["--json", "--html"])
def test_a_report_for_which_there_is_no_room_is_missed_in_one_line(
    on_a_small_disk: Command, tmp_path: Path, option: str
) -> None:
    homework = Path(__file__).parents[1] / "testing" / "homework" / "native.py"

    status, _, err = on_a_small_disk(
        10, "check", homework, "--examples", "1", option, tmp_path / "report"
    )

    said = f"{tmp_path / 'report'}: cannot be written: File too large; nothing is left"
    assert (status, err) == (2, f"im2col-cnn: {said} of it\n")


SMALL = """
import resource, sys
from im2col_cnn.cli import run
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
sys.exit(run(sys.argv[2:]))
"""


@in_turn(2)
@pytest.mark.parametrize("command", ["train --epochs 1 --save", "make-h5 photos"])
def test_hdf5_has_nothing_to_add_when_its_process_ends(
    tmp_path: Path, photos: Path, command: str
) -> None:
    path = tmp_path / "new.h5"
    words = command.replace("photos", str(photos)).split()

    done = subprocess.run(
        [sys.executable, "-c", SMALL, "10000", *words, path],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )

    said = f"{path}: cannot be written: File too large; nothing is left of it"
    assert (done.returncode, done.stderr) == (2, f"im2col-cnn: {said}\n")
