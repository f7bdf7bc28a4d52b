"""Convolutions and poolings are onnxruntime's, which runs them in float32."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from numpy.testing import assert_allclose

import im2col_cnn as ours
from im2col_cnn import Window
from im2col_cnn._typing import Array
from im2col_cnn.testing.strategies import Case, convolutions
from tests.frameworks.agreement import (
    channels_first,
    channels_last,
    kernels_first,
    pools,
    randomized,
    seeds,
    window_of,
)

pytestmark = pytest.mark.frameworks


@pytest.fixture(scope="module")
def onnx_run() -> Callable[..., list[Array]]:
    onnx = pytest.importorskip("onnx", reason="onnx is not installed")
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    return lambda *args, **settings: run_onnx(onnx, runtime, *args, **settings)


def run_onnx(
    onnx: Any, runtime: Any, operator: str, arrays: list[Array], **settings: Any
) -> list[Array]:
    """Run one operator of ONNX's opset 22."""
    names = [f"input{n}" for n in range(len(arrays))]
    helper = onnx.helper
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(np.float32))
    node = helper.make_node(operator, names, ["y"], **settings)
    graph = helper.make_graph(
        [node],
        "one",
        [
            helper.make_tensor_value_info(name, kind, array.shape)
            for name, array in zip(names, arrays, strict=True)
        ],
        [helper.make_tensor_value_info("y", kind, None)],
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10
    )
    session = runtime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    feeds = {
        name: array.astype(np.float32)
        for name, array in zip(names, arrays, strict=True)
    }
    return list(session.run(None, feeds))


WORDS = {"same": "SAME_UPPER", "same_lower": "SAME_LOWER", "valid": "VALID"}


def onnx_padding(padding: Any, window: Window) -> dict[str, Any]:
    if isinstance(padding, str) and max(window.dilation) == 1:
        return {"auto_pad": WORDS[padding]}
    before, after = zip(*window.padding, strict=True)
    return {"pads": [*before, *after]}


@given(case=convolutions(), seed=seeds)
def test_convolution_is_onnxruntimes(
    onnx_run: Callable[..., list[Array]], case: Case, seed: int
) -> None:
    x, w, b = randomized(case, seed)
    if len(x) == 0:
        x = np.ones((1, *x.shape[1:]))
    window = window_of(x, w, case.settings)
    y, _ = ours.conv_forward(x, w, b, **case.settings)

    (Y,) = onnx_run(
        "Conv",
        [channels_first(x), kernels_first(w), b.ravel()],
        strides=window.stride,
        dilations=window.dilation,
        group=case.settings["groups"],
        **onnx_padding(case.settings["padding"], window),
    )

    assert_allclose(y, channels_last(Y), rtol=1e-4, atol=1e-4)  # it runs in float32


@pytest.mark.parametrize(
    ("operator", "forward", "options"),
    [
        ("MaxPool", ours.max_pool_forward, {}),
        ("AveragePool", ours.avg_pool_forward, {"count_include_pad": False}),
        ("AveragePool", ours.avg_pool_forward, {"count_include_pad": True}),
        ("LpPool", ours.lp_pool_forward, {"p": 3}),
    ],
    ids=["max", "mean", "mean-with-padding", "norm"],
)
@given(pool=pools(dilated=True), seed=seeds)
def test_pooling_is_onnxruntimes(
    *,
    onnx_run: Callable[..., list[Array]],
    operator: str,
    forward: Callable[..., tuple[Array, Any]],
    options: dict[str, int],
    pool: Any,
    seed: int,
) -> None:
    size, settings = pool
    x = np.random.default_rng(seed).normal(size=(2, *size, 3))

    (Y,) = onnx_run(
        operator,
        [channels_first(x)],
        kernel_shape=settings["kernel_size"],
        strides=settings["stride"],
        dilations=settings["dilation"],
        pads=settings["padding"] * 2,
        ceil_mode=int(settings["ceil_mode"]),
        **{name: int(value) for name, value in options.items()},
    )

    y, _ = forward(x, **settings, **options)
    assert_allclose(y, channels_last(Y), rtol=1e-4, atol=1e-4)  # it runs in float32
