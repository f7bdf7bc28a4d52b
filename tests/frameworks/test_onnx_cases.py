"""The cases that ONNX tries its operators by are answered as it says, or refused.

Each is a model of one operator, or of some that say the same, with what goes in and
what comes out. What is read first is taken for images, all else for constants. Answers
are held to the one order of axes that `Graph.from_onnx` promises: images come first,
and where a model has channels second, they are last in all arrays of as many axes.
"""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from im2col_cnn._typing import Array, Shape
from im2col_cnn.nn import Graph
from im2col_cnn.nn.formats.onnx_layers import TRANSLATIONS
from tests.profile import in_turn

pytestmark = pytest.mark.frameworks

onnx = pytest.importorskip("onnx")

LAST_OPSET = 23
MIN_ANSWERED = 190  # of the cases of the oldest onnx; later ones have more
CHANNELS_FIRST = {
    *("AveragePool", "BatchNormalization", "Conv", "ConvTranspose"),
    *("GlobalAveragePool", "GlobalLpPool", "GlobalMaxPool", "LRN", "LpPool", "MaxPool"),
}
# Cases that put images elsewhere than along their axis of what is read.
IMAGES_ELSEWHERE = {
    "test_transpose_default": 2,
    "test_transpose_all_permutations_2": 1,
    "test_transpose_all_permutations_3": 2,
    "test_transpose_all_permutations_4": 1,
    "test_transpose_all_permutations_5": 2,
    "test_unsqueeze_axis_0": 1,
}
# Cases whose answers were others in a later version: means that count what is no
# padding, at the end of an axis.
MENDED_LATER = {
    "test_averagepool_3d_dilations_large_count_include_pad_is_1_ceil_mode_is_True"
}
MENDED_IN = (1, 18)


def cases() -> list[Any]:
    """Return the cases that onnx brings."""
    from onnx.backend.test.case.node import collect_testcases  # noqa: PLC0415 - slow

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what they divide by 0
        found = [case for case in collect_testcases(None) if case.model is not None]
    is_old = tuple(map(int, onnx.__version__.split(".")[:2])) < MENDED_IN
    return [case for case in found if not (is_old and case.name in MENDED_LATER)]


def images_axis(shape: Shape) -> int:
    """Return the axis of images: the first, or one that holds one image, or any."""
    if shape[0] == 1:
        return 0
    return next((shape.index(n) for n in shape if n < 2), 0)


def with_images_first(x: Array, axis: int, axes_of_images: int | None) -> Array:
    """Return an array as a network has it: images first, and channels of images last.

    `axes_of_images` says how many an array has whose channels are the second, if any.
    """
    x = np.moveaxis(x, axis, 0)
    return np.moveaxis(x, 1, -1) if x.ndim == axes_of_images else x


def is_answer(found: Array, wanted: Array) -> bool:
    """Tell whether these are the same numbers; an image has one axis at least."""
    shape = wanted.shape if wanted.ndim > 1 else (*wanted.shape, 1)
    return found.shape == shape and np.allclose(
        found, wanted.reshape(shape), rtol=1e-3, atol=1e-4, equal_nan=True
    )


def is_answered(network: Graph, case: Any) -> bool:
    """Tell whether all outputs of a case are what a network answers."""
    x, *_ = case.data_sets[0][0]
    axis, (shape,) = images_axis(x.shape), network.input_shapes.values()
    channels_first = any(n.op_type in CHANNELS_FIRST for n in case.model.graph.node)
    axes = x.ndim if channels_first else None
    images = with_images_first(x, axis, axes)
    if images.shape[1:] != shape:
        return False
    answer: Any = network.predict(images)
    found = list(answer.values()) if isinstance(answer, dict) else [answer]
    axis = IMAGES_ELSEWHERE.get(case.name, axis)
    wanted = [with_images_first(y, axis, axes) for y in case.data_sets[0][1]]
    return all(map(is_answer, found, wanted)) and len(found) == len(wanted)


@in_turn(4)
def test_cases_of_onnx_are_answered_as_it_says_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "case.onnx"
    answered, otherwise, operators = [], [], set()
    for case in cases():
        model, (inputs, outputs) = case.model, case.data_sets[0]
        names = [value.name for value in model.graph.input]
        arrays = [*inputs, *outputs]
        if len(names) != len(inputs) or not inputs or not all(map(is_array, arrays)):
            continue
        if any(map(is_bfloat16, (*model.graph.input, *model.graph.output))):
            continue  # handed over as whole numbers of as many bits
        for opset in model.opset_import:
            opset.version = min(opset.version, LAST_OPSET)
        path.write_bytes(model.SerializeToString())
        try:
            fixed = dict(zip(names[1:], inputs[1:], strict=True))
            network = Graph.from_onnx(path, fixed=fixed)
        except ValueError:
            continue
        if is_answered(network, case):
            answered.append(case.name)
            operators |= {node.op_type for node in model.graph.node}
        else:
            otherwise.append(case.name)

    assert not otherwise
    assert len(answered) >= MIN_ANSWERED
    assert len(operators & TRANSLATIONS.keys()) > len(TRANSLATIONS) // 2


def is_array(value: Any) -> bool:
    """Tell whether a case holds numbers here, not a sequence or nothing."""
    return isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "biuf"


def is_bfloat16(value: Any) -> bool:
    """Tell whether a model reads or returns numbers that NumPy does not have."""
    return bool(value.type.tensor_type.elem_type == onnx.TensorProto.BFLOAT16)
