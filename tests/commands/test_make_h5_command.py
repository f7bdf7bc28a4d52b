"""`im2col-cnn make-h5` loses no image silently."""

import re
from pathlib import Path

import numpy as np
import pytest

from im2col_cnn.cli import run
from im2col_cnn.commands import arguments
from im2col_cnn.files import read_dataset
from im2col_cnn.files.photos import read_photo
from tests.files.photos import Image, make_folder


def test_every_image_of_every_class_is_in_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = make_folder(tmp_path / "photos"), tmp_path / "photos.h5"

    status = run(
        ["make-h5", str(folder), str(out), "--size", "6x5", "--test-share", "0.34"]
    )

    data = read_dataset(out)
    assert status == 0
    assert data.classes == ("bright", "dark")
    assert (data.shape, data.pixel_maximum) == ((6, 5, 3), 255)
    for split, each in (data.train, 4), (data.test, 2):
        assert np.bincount(split.labels).tolist() == [each, each]
        means = np.asarray(split.images).mean(axis=(1, 2, 3))
        assert ((means > 150) == (split.labels == 0)).all()
    assert "8 images to learn from, 4 to be tested on, 6x5x3" in capsys.readouterr().out


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "photos")
    for name, seed in ("one.h5", "3"), ("same.h5", "3"), ("other.h5", "4"):
        assert run(["make-h5", str(folder), str(tmp_path / name), "--seed", seed]) == 0

    one, same, other = (
        (tmp_path / f"{n}.h5").read_bytes() for n in ("one", "same", "other")
    )
    assert one == same != other


def test_what_cannot_be_read_is_reported_and_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = make_folder(tmp_path / "photos", each=10), tmp_path / "photos.h5"
    whole = (folder / "dark" / "1.jpg").read_bytes()
    (folder / "dark" / "1.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "dark" / "2.png").write_bytes(b"no image")
    (folder / "bright" / "notes.txt").write_text("not an image")
    (folder / "bright" / "more").mkdir()
    (folder / "loose.png").write_bytes(b"")

    status = run(["make-h5", str(folder), str(out)])

    report = capsys.readouterr().out
    data = read_dataset(out)
    assert status == 1
    assert len(data.train.images) + len(data.test.images) == 18
    for name, words in (
        ("dark/1.jpg", "cannot be read as an image: ."),
        ("dark/2.png", "is no PNG, JPEG, WebP, BMP, TIFF or GIF image$"),
    ):
        assert re.search(rf"^\S*{name}: {words}", report, re.MULTILINE)
    for name in "bright/notes.txt", "bright/more", "loose.png":
        assert re.search(rf"^\S*{name}: left out", report, re.MULTILINE)
    assert "2 unreadable, 3 left out" in report


def test_a_folder_without_images_is_no_class_and_hidden_files_are_no_images(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = make_folder(tmp_path / "photos"), tmp_path / "photos.h5"
    image = (folder / "dark" / "0.png").read_bytes()
    (folder / "an empty one").mkdir()
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints" / "1.png").write_bytes(image)
    (folder / "dark" / "._0.png").write_bytes(b"what a Mac leaves")
    (folder / "dark" / "more").mkdir()
    (folder / "dark" / "more" / "1.png").write_bytes(image)
    (folder / "dark" / "gone.png").symlink_to("nowhere")
    (folder / "README").write_text("two classes")

    status = run(["make-h5", str(folder), str(out)])

    report = capsys.readouterr().out
    assert status == 0
    assert read_dataset(out).classes == ("bright", "dark")
    for name, what in (
        ("an empty one", "it holds no images itself"),
        (r"\.ipynb_checkpoints", "its name starts with a dot"),
        (r"dark/\._0\.png", "its name starts with a dot"),
        ("dark/more", "it is a folder inside a class"),
        (r"dark/gone\.png", "it is no file"),
        ("README", "it is in no folder of a class"),
    ):
        assert re.search(rf"/{name}: left out, {what}$", report, re.MULTILINE)
    assert "0 unreadable, 6 left out" in report


def test_a_folder_that_no_table_could_show_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_folder(tmp_path / "photos")
    (folder / "dark").rename(folder / "\x1b[31mdark")

    assert run(["make-h5", str(folder), str(tmp_path / "out.h5")]) == 2

    err = capsys.readouterr().err
    assert "must be printable names of up to 200 letters, got '\\x1b[31mdark'" in err
    assert "\x1b" not in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["none", "out.h5"], "none: is not a folder"),
        (
            ["empty", "out.h5"],
            "must hold a folder of images for every class, got none: name",
        ),
        (["photos", "none/out.h5"], "there is no folder none"),
        (["photos", "out.h5", "--size", "64"], "--size must be rows x columns"),
        (["photos", "out.h5", "--size", "axb"], "--size must be whole numbers"),
        (
            ["photos", "out.h5", "--test-share", "2"],
            "test_share must lie between 0 and 1",
        ),
        (
            ["photos", "out.h5", "--test-share", "0.01"],
            "photos: a test_share of 0.01 of 12 images leaves 12 to learn from and 0",
        ),
        (["photos", "out.h5", "--max-pixels", "0"], "'--max-pixels'"),
        (["photos", "out.h5", "--fit", "bend"], "'--fit'.*'bend'"),
    ],
)
def test_bad_usage_is_refused_in_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    words: str,
) -> None:
    make_folder(tmp_path / "photos")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)

    assert run(["make-h5", *arguments]) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert re.search(words, err), err
    assert not (tmp_path / "out.h5").exists()


def test_without_pillow_it_says_what_brings_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(arguments, "find_spec", lambda _: None)

    assert run(["make-h5", "photos", "out.h5"]) == 2
    assert "make-h5 needs Pillow: python -m pip install 'im2col-cnn[images]'" in (
        capsys.readouterr().err
    )


def test_an_image_is_upright_opaque_and_of_8_bits(tmp_path: Path) -> None:
    wide = np.zeros((2, 4, 3), np.uint8)
    wide[:, 2:] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter, clockwise
    Image.fromarray(wide).save(tmp_path / "turned.png", exif=exif)
    clear = np.zeros((2, 2, 4), np.uint8)
    Image.fromarray(clear).save(tmp_path / "clear.png")
    deep = np.full((2, 2), 0x8000, np.uint16)
    Image.fromarray(deep).save(tmp_path / "deep.png")

    turned = read_photo(tmp_path / "turned.png", (4, 2, 3))[..., 0]

    assert turned.tolist() == [[0, 0], [0, 0], [255, 255], [255, 255]]
    assert (read_photo(tmp_path / "clear.png", (2, 2, 3)) == 255).all()
    assert (read_photo(tmp_path / "deep.png", (2, 2, 1)) == 0x80).all()


@pytest.mark.parametrize(
    ("fit", "expected"),
    [("crop", [255, 255]), ("pad", [0, 255]), ("stretch", [255, 255])],
)
def test_other_proportions_are_cut_filled_or_distorted(
    tmp_path: Path, fit: str, expected: list[int]
) -> None:
    Image.new("L", (8, 4), 255).save(tmp_path / "wide.png")

    y = read_photo(tmp_path / "wide.png", (8, 8, 1), fit)  # type: ignore[arg-type]

    assert [y[0, 4, 0], y[4, 4, 0]] == expected


def test_an_image_of_too_many_pixels_is_not_unpacked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_folder(tmp_path / "photos")
    Image.new("1", (1000, 1000)).save(folder / "dark" / "bomb.png")

    arguments = ["make-h5", str(folder), str(tmp_path / "out.h5"), "--max-pixels"]
    assert run([*arguments, "999999"]) == 1
    assert "1000x1000 = 1000000 pixels, 999999 are read" in capsys.readouterr().out
    assert run([*arguments, "1000000"]) == 0


@pytest.mark.parametrize("test", ["test", "val", "valid", "validation"])
def test_folders_that_are_split_already_stay_so(tmp_path: Path, test: str) -> None:
    make_folder(tmp_path / "photos" / "train", each=3)
    make_folder(tmp_path / "photos" / test, each=1)

    status = run(["make-h5", str(tmp_path / "photos"), str(tmp_path / "out.h5")])

    data = read_dataset(tmp_path / "out.h5")
    assert (status, data.classes) == (0, ("bright", "dark"))
    assert np.bincount(data.train.labels).tolist() == [3, 3]
    assert np.bincount(data.test.labels).tolist() == [1, 1]


def test_a_class_may_be_in_one_part_only(tmp_path: Path) -> None:
    make_folder(tmp_path / "photos" / "train", each=3)
    make_folder(tmp_path / "photos" / "test", each=1)
    (tmp_path / "photos" / "test" / "bright").rename(tmp_path / "photos/test/other")

    run(["make-h5", str(tmp_path / "photos"), str(tmp_path / "out.h5")])

    data = read_dataset(tmp_path / "out.h5")
    assert data.classes == ("bright", "dark", "other")
    assert sorted(data.test.labels) == [1, 2]


def test_of_test_and_val_the_first_is_taken_and_the_other_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for part in "train", "test", "val":
        make_folder(tmp_path / "photos" / part, each=1)

    assert run(["make-h5", str(tmp_path / "photos"), str(tmp_path / "out.h5")]) == 0

    assert "photos/val: left out, the test images are those in test" in (
        capsys.readouterr().out
    )


def test_all_images_may_go_to_one_part(tmp_path: Path) -> None:
    folder, train, test = (tmp_path / n for n in ("photos", "train.h5", "test.h5"))
    make_folder(folder)

    assert run(["make-h5", str(folder), str(train), "--test-share", "0"]) == 0
    assert run(["make-h5", str(folder), str(test), "--test-share", "1"]) == 0

    data = read_dataset(train, test)
    assert (len(data.train.images), len(data.test.images)) == (12, 12)
    with pytest.raises(ValueError, match="name that file too"):
        read_dataset(train)
