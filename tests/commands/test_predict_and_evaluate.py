"""`im2col-cnn predict` and `evaluate` say what a saved network sees."""

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from im2col_cnn.cli import run
from im2col_cnn.commands.evaluation_table import draw_confusion
from im2col_cnn.files.archive import write_archive
from im2col_cnn.nn import (
    Add,
    Conv,
    Dense,
    Flatten,
    Graph,
    Layer,
    Network,
    Rescale,
    Sequential,
    Softmax,
    save_onnx,
)
from tests.files.hdf5 import arrays, write
from tests.files.keras import sequential, write_by_name
from tests.files.photos import Image, make_folder


def brightness(
    path: Path,
    shape: tuple[int, ...] = (6, 5, 1),
    scale: float = 16,
    *,
    as_graph: bool = False,
) -> Path:
    """Save a network that tells bright images from dark ones."""
    layers: list[Layer] = [Rescale(scale), Flatten(), Dense(2)]
    network: Network = Sequential(layers)
    if as_graph:
        network = Graph(network.layers)
    network.build(shape, rng=np.random.default_rng(0))
    network.classes = ("bright", "dark")
    w, b = network.parameters["dense1.w"], network.parameters["dense1.b"]
    w[...] = np.array([8, -8]) / len(w)  # of a mean from 0 to 1
    b[...] = [-4, 4]
    network.save(path)
    return path


@pytest.mark.parametrize("as_graph", [False, True])
@pytest.mark.parametrize(("shape", "scale"), [((6, 5, 1), 16), ((4, 4, 3), 1)])
def test_an_image_is_scaled_as_the_network_expects_and_named(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    shape: tuple[int, ...],
    scale: float,
    as_graph: bool,
) -> None:
    weights = brightness(tmp_path / "weights.h5", shape, scale, as_graph=as_graph)
    folder = make_folder(tmp_path / "photos", each=1)
    images = [str(folder / "bright" / "0.png"), str(folder / "dark" / "0.png")]

    status = run(["predict", str(weights), *images])

    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert status == 0
    assert lines[0][:3] == ["image", "class", "probability"]
    assert [(line[0], line[1], line[4]) for line in lines[1:]] == [
        (images[0], "bright", "dark"),
        (images[1], "dark", "bright"),
    ]
    for line in lines[1:]:
        assert float(line[2]) > 90
        assert float(line[2]) + float(line[5]) == pytest.approx(100, abs=0.11)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["predict", "none.h5", "a.png"], "none.h5: there is no such file"),
        (["predict", "weights.h5", "all"], "all: holds no images, but folders: name "),
        (["predict", "weights.h5", "all/none"], "none: holds no images\n"),
        (["predict", "weights.h5"], "Missing argument 'IMAGE"),
        (["predict", "a.png", "a.png"], "a.png: does not start like weights"),
        (
            ["predict", "map.h5", "a.png"],
            "must read grey or colour images and give one",
        ),
        (["predict", "two.h5", "a.png"], "must read .* give one score per class"),
        (["evaluate", "two.h5"], "two.h5: must read images and give one score per"),
        (["evaluate", "map.h5"], "map.h5: must read images and give one score per"),
        (["evaluate", "net.onnx"], "net.onnx: is no network that train --save wrote: "),
        (["evaluate", "none.h5"], "none.h5: there is no such file"),
        (["evaluate", "weights.h5"], "reads images of 6x5x1, .*digits.h5 holds 8x8x1"),
        (["evaluate", "weights.h5", "data.h5"], "knows the classes bright, dark, "),
        (
            ["evaluate", "weights.h5", "data.svg", "--confusion", "data.svg"],
            "in use already",
        ),
        (
            ["evaluate", "weights.h5", "data.h5", "--confusion", "c.png"],
            "its name ends in .svg",
        ),
        (["predict", "run.h5", "a.png"], "run.h5: holds a checkpoint, not weights"),
        (
            ["evaluate", "weights.h5", "data.h5", "--confusion", "none/c.svg"],
            "no folder",
        ),
    ],
)
def test_bad_input_is_refused_in_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    words: str,
) -> None:
    brightness(tmp_path / "weights.h5")
    (tmp_path / "all" / "none").mkdir(parents=True)
    network = Sequential([Conv(1, 1)]).build((2, 2, 1), rng=np.random.default_rng(0))
    network.save(tmp_path / "map.h5")
    two = Graph({"add": Add()}, inputs=("a", "b"))
    shapes = dict.fromkeys("ab", (3, 3, 1))
    two.build(shapes, rng=np.random.default_rng(0)).save(tmp_path / "two.h5")
    write(tmp_path / "data.h5", arrays())
    (tmp_path / "net.onnx").write_bytes(b"\x08\x0a\x12\x07pytorch" + bytes(80))
    write_archive(tmp_path / "run.h5", "checkpoint", {}, {})
    Image.new("L", (3, 3)).save(tmp_path / "a.png")
    monkeypatch.chdir(tmp_path)

    assert run(arguments) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert re.search(words, err), err


def test_an_evaluation_counts_as_the_training_did_and_draws_the_matrix(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights, picture = tmp_path / "weights.h5", tmp_path / "matrix.svg"
    assert run(["train", "--epochs", "1", "--save", str(weights)]) == 0
    trained = re.search(r"test accuracy .* images", capsys.readouterr().out)

    assert run(["evaluate", str(weights), "--confusion", str(picture)]) == 0

    out = capsys.readouterr().out
    assert trained is not None
    assert trained[0] in out
    rows = [line.split() for line in out.splitlines() if re.match(r"\d +[\d.]", line)]
    matrix = [row for row in rows if len(row) == 11]
    assert [row[0] for row in matrix] == list("0123456789")
    counts = [[int(n.replace(".", "0")) for n in row[1:]] for row in matrix]
    assert sum(map(sum, counts)) == 360
    assert re.search(rf", {sum(counts[k][k] for k in range(10))} of 360 images", out)
    drawn = ET.fromstring(picture.read_text())
    texts = list(drawn.itertext())
    for count in {n for row in counts for n in row if n}:
        assert str(count) in texts


def test_a_picture_has_room_for_so_many_classes(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    network = Sequential([Flatten(), Dense(61)]).build(
        (6, 5, 1), rng=np.random.default_rng(0)
    )
    network.save(tmp_path / "weights.h5")
    content = arrays() | {"list_classes": np.arange(61)}
    write(tmp_path / "data.h5", content)
    monkeypatch.chdir(tmp_path)

    assert run(["evaluate", "weights.h5", "data.h5"]) == 0
    assert "taken for" in capsys.readouterr().out
    assert run(["evaluate", "weights.h5", "data.h5", "--confusion", "c.svg"]) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert re.search("room for 60 classes, got 61", err)


@pytest.mark.parametrize("command", ["predict weights.h5 a.png", "evaluate weights.h5"])
def test_scores_that_are_no_numbers_name_no_class(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
) -> None:
    network = Sequential([Flatten(), Dense(10), Dense(10)])
    network.build((8, 8, 1), rng=np.random.default_rng(0))
    for array in network.arrays.values():
        array[...] = 3e38
    network.save(tmp_path / "weights.h5")
    Image.new("L", (8, 8), 9).save(tmp_path / "a.png")
    monkeypatch.chdir(tmp_path)

    assert run(command.split()) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "weights.h5: gives scores that are NaN or infinite for these" in err


def test_the_names_of_classes_cannot_break_the_picture() -> None:
    picture = draw_confusion(np.array([[1, 2], [0, 3]]), ("<script>", "a & b"))

    assert ET.fromstring(picture) is not None
    assert b"<script>" not in picture


def test_an_image_that_cannot_be_read_is_named_and_the_others_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = brightness(tmp_path / "weights.h5", (4, 4, 3), 1)
    folder = make_folder(tmp_path / "photos", each=1)
    (tmp_path / "bad.png").write_bytes(b"no image")
    images = [tmp_path / "none.png", folder / "dark", tmp_path / "bad.png"]

    status = run(["predict", str(weights), *map(str, images)])

    out, err = capsys.readouterr()
    assert status == 1
    assert [line.split()[:2] for line in out.splitlines()] == [
        ["image", "class"],
        [str(folder / "dark" / "0.png"), "dark"],
    ]
    missing, bad = err.splitlines()
    assert missing == f"im2col-cnn: {tmp_path / 'none.png'}: there is no such file"
    assert "bad.png: is no PNG, JPEG, WebP, BMP, TIFF or GIF image" in bad


def test_a_folder_stands_for_its_images(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = brightness(tmp_path / "weights.h5", (4, 4, 3), 1)
    folder = make_folder(tmp_path / "photos", each=2) / "dark"
    (folder / "notes.txt").write_text("no image")

    assert run(["predict", str(weights), str(folder)]) == 0

    lines = capsys.readouterr().out.splitlines()[1:]
    names = [str(folder / name) for name in ("0.png", "1.jpg")]
    assert [line.split()[0] for line in lines] == names


def test_predictions_are_written_as_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = brightness(tmp_path / "weights.h5", (4, 4, 3), 1)
    photo = make_folder(tmp_path / "photos", each=1) / "dark" / "0.png"

    assert run(["predict", str(weights), str(photo), "--top", "1", "--json"]) == 0

    (answer,) = json.loads(capsys.readouterr().out)
    (best,) = answer["classes"]
    assert (answer["image"], best["class"]) == (str(photo), "dark")
    assert 0.9 < best["probability"] <= 1


def test_an_evaluation_is_written_as_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = brightness(tmp_path / "weights.h5", scale=255)
    x = np.full((3, 6, 5, 1), 250, np.uint8)
    content = {"test_set_x": x, "test_set_y": [0, 0, 0]}
    names = {"list_classes": np.array([b"bright", b"dark"])}
    labels = {"train_set_y": np.zeros(12, int)}
    data = write(tmp_path / "data.h5", arrays() | content | names | labels)

    assert run(["evaluate", str(weights), str(data), "--json"]) == 0

    found = json.loads(capsys.readouterr().out)
    assert (found["accuracy"], found["correct"], found["images"]) == (1, 3, 3)
    assert found["confusion"] == [[3, 0], [0, 0]]
    assert found["classes"] == [
        {"class": "bright", "accuracy": 1, "images": 3},
        {"class": "dark", "accuracy": None, "images": 0},
    ]


def onnx_file(path: Path) -> Path:
    """Write a network that tells bright images from dark ones, for pixels up to 1."""
    network = Sequential([Flatten(), Dense(2), Softmax()])
    network.build((4, 4, 3), rng=np.random.default_rng(0))
    w, b = network.parameters["dense1.w"], network.parameters["dense1.b"]
    w[...], b[...] = np.array([8, -8]) / len(w), [-4, 4]
    save_onnx(path, network)
    return path


def test_an_onnx_file_names_classes_of_a_list(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("onnx")
    model = onnx_file(tmp_path / "model.onnx")
    labels = tmp_path / "labels.txt"
    labels.write_text("bright\n\n \x1b[2Jdark\n", encoding="utf-8")
    folder = make_folder(tmp_path / "photos", each=1)
    images = [str(folder / "bright" / "0.png"), str(folder / "dark" / "0.png")]
    options = ["--labels", str(labels), "--pixels", "unit", "--json"]

    status = run(["predict", str(model), *images, *options])

    found = json.loads(capsys.readouterr().out)
    assert status == 0
    names = [answer["classes"][0]["class"] for answer in found]
    assert names[0] == "bright"
    assert names[1].endswith("dark")
    assert "\x1b" not in names[1]
    assert sum(
        answer["probability"] for answer in found[0]["classes"]
    ) == pytest.approx(1)


def test_a_model_of_keras_that_leaves_sizes_open_sees_grey_images(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    convolution = {"filters": 2, "kernel_size": [1, 1], "activation": "linear"}
    model = sequential(
        (None, None, 1), ("Conv2D", convolution), ("GlobalAveragePooling2D", {})
    )
    w, b = np.array([8, -8], np.float32), np.array([-4, 4], np.float32)
    weights = {"conv2d_0": [w.reshape(1, 1, 1, 2), b], "globalaveragepooling2d_1": []}
    path = write_by_name(tmp_path / "model.h5", weights, model)
    folder = make_folder(tmp_path / "photos", each=1)
    images = [str(folder / "bright" / "0.png"), str(folder / "dark" / "0.png")]
    options = ["--size", "6x5", "--pixels", "unit", "--json"]

    status = run(["predict", str(path), *images, *options])

    answers = json.loads(capsys.readouterr().out)
    assert status == 0
    assert [answer["classes"][0]["class"] for answer in answers] == ["0", "1"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--size", "5x5"], "input_shape must fit (4, 4, 3), that of one image"),
        (["--size", "5"], "--size must be HxW such as 224x224"),
        (["--labels", "none.txt"], "--labels must be a text file of at most"),
        (["--labels", "labels.txt"], "labels.txt: names 3 classes for 2 scores"),
        ([], "--pixels must say how model.onnx was given pixels: raw (0 to 255), unit"),
    ],
)
def test_what_does_not_fit_an_onnx_file_is_refused(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    said: str,
) -> None:
    pytest.importorskip("onnx")
    onnx_file(tmp_path / "model.onnx")
    (tmp_path / "labels.txt").write_text("a\nb\nc\n", encoding="utf-8")
    make_folder(tmp_path / "photos", each=1)
    monkeypatch.chdir(tmp_path)

    status = run(["predict", "model.onnx", "photos/bright/0.png", *options])

    captured = capsys.readouterr()
    assert status == 2
    assert said in " ".join(captured.err.split())
    assert captured.out == ""
