"""Photographs are read as cameras, phones and programs leave them."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from im2col_cnn.files.photos import Fit, read_photo
from tests.files.photos import Image
from tests.profile import in_turn


def jpeg(path: Path, **settings: object) -> Path:
    """Save a red photograph of 40x30."""
    Image.new("RGB", (40, 30), (200, 0, 0)).save(path, **settings)
    return path


def with_exif(path: Path, block: bytes) -> Path:
    """Put a block of Exif data into a photograph, right after its head."""
    content = jpeg(path).read_bytes()
    segment = b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block
    path.write_bytes(content[:2] + segment + content[2:])
    return path


def tag(number: int, kind: int, count: int, value: int) -> bytes:
    return struct.pack(">HHII", number, kind, count, value)


HEAD = b"Exif\0\0MM\0*\0\0\0\x08"
TAIL = b"\0" * 4


def one_tag(number: int, kind: int, count: int, value: int) -> bytes:
    return HEAD + b"\0\x01" + tag(number, kind, count, value) + TAIL


DAMAGED = {
    "cut after its head": HEAD,
    "no TIFF inside": b"Exif\0\0garbage, and more of it",
    "more tags than there are": HEAD + b"\xff\xff" + tag(274, 3, 1, 6 << 16),
    "two values where one belongs": one_tag(296, 3, 2, 0),
    "a maker note past the end": one_tag(37500, 7, 999, 9999),
    "an orientation that is none": one_tag(274, 3, 1, 99 << 16),
    "a text for an orientation": one_tag(274, 2, 4, 0x61626300),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_photograph_with_damaged_exif_data_is_read(
    tmp_path: Path, damage: str
) -> None:
    path = with_exif(tmp_path / "photo.jpg", DAMAGED[damage])

    pixels = read_photo(path, (8, 8, 3))

    assert abs(pixels.astype(int) - (200, 0, 0)).max() <= 4


def test_a_malformed_index_of_further_images_is_no_matter(tmp_path: Path) -> None:
    path = jpeg(tmp_path / "photo.jpg")
    content = path.read_bytes()
    mpf = b"MPF\0MM\0*\0\0\0\x08\0\x01" + tag(45056, 7, 4, 0) + b"\0" * 4
    segment = b"\xff\xe2" + struct.pack(">H", len(mpf) + 2) + mpf
    path.write_bytes(content[:2] + segment + content[2:])

    assert abs(read_photo(path, (8, 8, 3)).astype(int) - (200, 0, 0)).max() <= 4


@in_turn(3)
def test_a_large_photograph_is_read_up_to_a_limit_that_can_be_set(
    tmp_path: Path,
) -> None:
    Image.new("1", (12_000, 9_000), 1).save(tmp_path / "large.png")

    assert (read_photo(tmp_path / "large.png", (4, 4, 1)) == 255).all()
    with pytest.raises(
        OSError, match=r"has 12000x9000 = 108000000 pixels, 100000000 are read at most"
    ):
        read_photo(tmp_path / "large.png", (4, 4, 1), max_pixels=10**8)


def chunk(kind: bytes, content: bytes) -> bytes:
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def test_a_grey_image_of_16_bits_is_white_where_it_is_transparent(
    tmp_path: Path,
) -> None:
    rows = b"".join(b"\0" + struct.pack(">HH", 0x1234, 0x8000) for _ in range(2))
    (tmp_path / "deep.png").write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 16, 0, 0, 0, 0))
        + chunk(b"tRNS", struct.pack(">H", 0x1234))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )

    pixels = read_photo(tmp_path / "deep.png", (2, 2, 1), "stretch")

    assert pixels[..., 0].tolist() == [[255, 0x80], [255, 0x80]]


@pytest.mark.parametrize("size", [(100, 1), (1, 100), (1, 1), (3000, 2)])
@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
def test_an_image_of_any_proportions_is_brought_to_size(
    tmp_path: Path, size: tuple[int, int], fit: Fit
) -> None:
    Image.new("L", size, 255).save(tmp_path / "thin.png")

    pixels = read_photo(tmp_path / "thin.png", (9, 8, 1), fit)

    assert pixels.shape == (9, 8, 1)
    assert pixels.max() == 255
    assert (pixels.min() == 0) == (fit == "pad")  # 9x8 is not square


@pytest.mark.parametrize("kind", ["webp", "bmp", "tiff", "tif", "gif", "png", "jpeg"])
def test_images_of_many_kinds_are_read(tmp_path: Path, kind: str) -> None:
    path = jpeg(tmp_path / f"photo.{kind}")

    assert abs(read_photo(path, (8, 8, 3)).astype(int) - (200, 0, 0)).max() <= 4


@pytest.mark.parametrize("mode", ["F", "I"])
def test_pixels_of_unknown_scale_are_refused(tmp_path: Path, mode: str) -> None:
    Image.new(mode, (4, 4), 1).save(tmp_path / "odd.tiff")

    with pytest.raises(OSError, match=r"odd\.tiff: cannot be read as an image: .*32"):
        read_photo(tmp_path / "odd.tiff", (4, 4, 1))


def test_a_photograph_that_is_cut_short_is_still_refused(tmp_path: Path) -> None:
    path = with_exif(tmp_path / "photo.jpg", DAMAGED["no TIFF inside"])
    path.write_bytes(path.read_bytes()[:-200])

    with pytest.raises(OSError, match=r"photo\.jpg: cannot be read as an image"):
        read_photo(path, (8, 8, 3))


def test_noise_is_no_image(tmp_path: Path) -> None:
    (tmp_path / "noise.png").write_bytes(np.random.default_rng(0).bytes(99))

    with pytest.raises(OSError, match=r"noise\.png: is no PNG, JPEG, WebP, BMP, TIFF"):
        read_photo(tmp_path / "noise.png", (8, 8, 3))
