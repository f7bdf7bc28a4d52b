"""The cases that ONNX tries its operators by are answered as it says, or refused.

Each is a model of one operator, or of some that say the same, with what goes in and
what comes out. What is read first is taken for images, all else for constants; images
come first here, and channels last.
"""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from im2col_cnn._typing import Array, Shape
from im2col_cnn.nn import Graph
from im2col_cnn.nn.formats.onnx_layers import TRANSLATIONS

pytestmark = pytest.mark.frameworks

onnx = pytest.importorskip("onnx")

LAST_OPSET = 23
MIN_ANSWERED = 150


def cases() -> list[Any]:
    """Return the cases that onnx brings."""
    from onnx.backend.test.case.node import collect_testcases  # noqa: PLC0415 - slow

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what they divide by 0
        return [case for case in collect_testcases(None) if case.model is not None]


def arrangements(x: Array) -> Iterator[Array]:
    """Yield an array with any axis first, and what was second as it is, or last."""
    for axis in range(x.ndim):
        first = np.moveaxis(x, axis, 0)
        yield first
        if first.ndim > 2:
            yield np.moveaxis(first, 1, -1)


def is_answer(found: Array, wanted: Array) -> bool:
    """Tell whether these are the same numbers, however they are arranged."""
    lone = [wanted[:, np.newaxis]] if wanted.ndim == 1 else []
    return any(
        one.shape == found.shape
        and np.allclose(found, one, rtol=1e-3, atol=1e-4, equal_nan=True)
        for one in (*arrangements(wanted), *lone)
    )


def answers(network: Graph, x: Array, shape: Shape) -> Iterator[list[Array]]:
    """Yield all outputs, for every way to read an array as images of that shape."""
    for images in arrangements(x):
        if images.shape[1:] == shape:
            found: Any = network.predict(images)
            yield list(found.values()) if isinstance(found, dict) else [found]


def test_cases_of_onnx_are_answered_as_it_says_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "case.onnx"
    answered, operators, wrong = 0, set(), []
    for case in cases():
        model, (inputs, outputs) = case.model, case.data_sets[0]
        names = [value.name for value in model.graph.input]
        arrays = [*inputs, *outputs]
        if len(names) != len(inputs) or not inputs or not all(map(is_array, arrays)):
            continue
        for opset in model.opset_import:
            opset.version = min(opset.version, LAST_OPSET)
        path.write_bytes(model.SerializeToString())
        try:
            fixed = dict(zip(names[1:], inputs[1:], strict=True))
            network = Graph.from_onnx(path, fixed=fixed)
        except ValueError:
            continue
        (shape,) = network.input_shapes.values()
        found = list(answers(network, inputs[0], shape))
        right = [all(map(is_answer, one, outputs)) for one in found]
        if any(right):
            answered += 1
            operators |= {node.op_type for node in model.graph.node}
        elif found:
            wrong.append(case.name)

    assert not wrong
    assert answered >= MIN_ANSWERED
    assert len(operators & TRANSLATIONS.keys()) > len(TRANSLATIONS) // 2


def is_array(value: Any) -> bool:
    """Tell whether a case holds numbers here, not a sequence or nothing."""
    return isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "biuf"
