"""Models in ONNX files are compared by their answers."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from im2col_cnn._typing import Shape
from im2col_cnn.cli import run
from im2col_cnn.compare import race as racing
from im2col_cnn.compare.contestant import CannotError
from im2col_cnn.compare.models import (
    Model,
    answering,
    fits,
    pages_of_digits,
    read_model,
)
from im2col_cnn.files.datasets import DIGITS, read_dataset
from tests.nn.formats.onnx_files import loaded, node

pytest.importorskip("onnx")

with_onnxruntime = pytest.mark.frameworks


def convolution(folder: Path, sizes: list[Any]) -> str:
    """Write a model of one convolution and a sigmoid."""
    w = np.random.default_rng(0).standard_normal((4, 3, 2, 3)).astype(np.float32)
    nodes = [node("Conv", "x w", "c"), node("Sigmoid", "c", "y")]
    loaded(folder, nodes, sizes, arrays={"w": w}, input_shape=(6, 7, 3))
    return str(folder / "model.onnx")


def test_a_model_is_read_with_the_sizes_it_leaves_open(tmp_path: Path) -> None:
    path = convolution(tmp_path, ["N", 3, "H", "W"])

    model = read_model(f"{path}:6x7x3")

    assert (model.name, model.input, model.layers) == ("model", (1, 6, 7, 3), 2)
    assert Model.read(json.loads(json.dumps(model.written()))) == model
    assert str(model.with_images(16)) == "16x6x7x3: 2 layers, 72 parameters"


def test_a_model_that_leaves_sizes_open_is_refused_without_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = convolution(tmp_path, ["N", 3, "H", "W"])

    with pytest.raises(ValueError, match=r"'x': leaves sizes of images open"):
        read_model(path)
    assert run(["compare", "--models", "--suite", path]) == 2
    assert "--models compares files" in capsys.readouterr().err


def test_sizes_fit_where_they_are_left_open() -> None:
    assert fits((6, 7, 3), ["H", None, 3])
    assert fits((6, 7, 3), [6, -1, "C"])
    assert not fits((6, 7, 3), [3, "H", "W"])


@pytest.mark.parametrize("shape", [(2, 50, 37, 3), (1, 5, 6, 1), (3, 32, 16, 2)])
def test_models_of_images_read_pages_of_digits(shape: Shape) -> None:
    pages = pages_of_digits(shape)

    assert pages.shape == shape
    assert pages.dtype == np.float32
    assert (pages == pages[..., :1]).all()
    assert pages.min() < pages.max() == 1
    assert (pages[:, 16:32] == 1).all()  # paper between two lines


def test_a_page_begins_with_the_first_digits() -> None:
    digits = read_dataset(DIGITS).test.images[:2].squeeze(-1)

    (page,) = pages_of_digits((1, 32, 32, 1))[..., 0]

    assert np.array_equal(16 - 16 * page[:16:2, ::2], np.hstack(list(digits)))


@with_onnxruntime
def test_both_give_the_same_answers(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("onnxruntime")
    monkeypatch.setattr(racing, "SECONDS_PER_ROUND", 0.001)
    path = convolution(tmp_path, ["N", 3, "H", "W"])

    status = run(["compare", "--models", f"{path}:6x7x3", "--rounds", "1", "--json"])

    found = json.loads(capsys.readouterr().out)
    assert status == 0
    assert found["base"] == "onnxruntime"
    assert found["layers"].keys() == {"model x 1", "model x 16"}
    for layer in found["layers"].values():
        assert all(result["equal"] for result in layer["results"].values())


@with_onnxruntime
def test_another_answer_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnxruntime")
    path = convolution(tmp_path, [1, 3, 6, 7])
    model = read_model(path)
    network = loaded(
        tmp_path,
        [node("Conv", "x w", "c"), node("HardSigmoid", "c", "y")],
        [1, 3, 6, 7],
        arrays={"w": np.ones((4, 3, 2, 3), np.float32)},
    )
    convolution(tmp_path, [1, 3, 6, 7])
    monkeypatch.setattr("im2col_cnn.compare.models.from_onnx", lambda *_, **__: network)

    _, equal = answering("fast", model)

    assert not equal


@with_onnxruntime
def test_who_reads_one_image_at_a_time_declines_sixteen(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    model = read_model(convolution(tmp_path, [1, 3, 6, 7])).with_images(16)

    with pytest.raises(CannotError, match="made for batches of 1"):
        answering("onnxruntime", model)
