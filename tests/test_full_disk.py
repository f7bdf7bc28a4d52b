"""A disk that is full costs the new file, never the old one, and says so in one line.

Here the disk is a process that may not write files beyond some size.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import Answer, environment
from tests.photos import make_folder

pytest.importorskip("resource", reason="there is no limit to the size of files")

SMALL = """
import resource, sys
from im2col_cnn.cli import run
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
sys.exit(run(sys.argv[2:]))
"""


def on_a_small_disk(size: int, *arguments: str | Path) -> Answer:
    done = subprocess.run(
        [sys.executable, "-c", SMALL, str(size), *map(str, arguments)],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    return Answer(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_folder(tmp_path_factory.mktemp("small") / "photos", each=90)


@pytest.mark.parametrize("option", ["--save", "--checkpoint"])
def test_what_was_learned_before_is_kept(tmp_path: Path, option: str) -> None:
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
    tmp_path: Path, photos: Path, size: int, exists: bool
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


def test_a_disk_that_is_large_enough_is_no_matter(tmp_path: Path, photos: Path) -> None:
    path = tmp_path / "images.h5"

    status, _, err = on_a_small_disk(10**7, "make-h5", photos, path, "--size", "32x32")

    assert (status, err) == (0, "")
    assert path.exists()


@pytest.mark.parametrize("option", ["--json", "--html"])
def test_a_report_for_which_there_is_no_room_is_missed_in_one_line(
    tmp_path: Path, option: str
) -> None:
    homework = Path(__file__).parent / "homework" / "native.py"

    status, _, err = on_a_small_disk(
        10, "check", homework, "--examples", "1", option, tmp_path / "report"
    )

    said = f"{tmp_path / 'report'}: cannot be written: File too large; nothing is left"
    assert (status, err) == (2, f"im2col-cnn: {said} of it\n")
