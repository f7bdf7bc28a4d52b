"""Other people's convolutions: PyTorch, JAX and onnxruntime agree with ours.

Geometries are drawn, numbers are random float64, and gradients are compared with those
of automatic differentiation. A library that is not installed is skipped.
"""

from collections.abc import Callable, Mapping
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from numpy.testing import assert_allclose

import im2col_cnn as ours
from im2col_cnn import Window
from im2col_cnn._typing import Array
from im2col_cnn.testing.strategies import Case, convolutions

pytestmark = pytest.mark.frameworks

seeds = st.integers(0, 2**32 - 1)


def assert_close(found: Any, wanted: Any) -> None:
    """Compare two results in float64; only the order of additions may differ."""
    assert_allclose(found, wanted, rtol=1e-9, atol=1e-9)


@pytest.fixture(scope="module")
def torch() -> Any:
    return pytest.importorskip("torch", reason="PyTorch is not installed")


@pytest.fixture(scope="module")
def jax() -> Any:
    jax = pytest.importorskip("jax", reason="JAX is not installed")
    jax.config.update("jax_enable_x64", True)
    return jax


@pytest.fixture(scope="module")
def onnx_run() -> Callable[..., list[Array]]:
    onnx = pytest.importorskip("onnx", reason="onnx is not installed")
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    return lambda *args, **settings: run_onnx(onnx, runtime, *args, **settings)


# PyTorch -----------------------------------------------------------------------------


def channels_first(x: Array) -> Array:
    return np.ascontiguousarray(np.moveaxis(x, -1, 1))


def channels_last(x: Any) -> Array:
    return np.moveaxis(np.asarray(x), 1, -1)


def kernels_first(w: Array) -> Array:
    """Turn (*kernel, C, F) into (F, C, *kernel)."""
    return np.ascontiguousarray(np.moveaxis(w, (-1, -2), (0, 1)))


def kernels_last(w: Any) -> Array:
    return np.moveaxis(np.asarray(w), (0, 1), (-1, -2))


def leaf(torch: Any, array: Array) -> Any:
    return torch.tensor(np.array(array), requires_grad=True)


def functional(torch: Any, name: str, axes: int) -> Any:
    return getattr(torch.nn.functional, f"{name}{axes}d")


def torch_padding(window: Window) -> list[int]:
    """List (before, after) from the last axis to the first, as torch's pad wants."""
    return [side for pair in reversed(window.padding) for side in pair]


def randomized(case: Case, seed: int) -> list[Array]:
    rng = np.random.default_rng(seed)
    return [rng.normal(size=array.shape) for array in case.arrays]


def window_of(x: Array, w: Array, settings: Mapping[str, Any]) -> Window:
    names = ("stride", "padding", "dilation")
    chosen = {name: settings[name] for name in names}
    return Window(x.shape[1:-1], w.shape[:-2], **chosen)


@given(case=convolutions(), seed=seeds)
def test_convolution_is_pytorchs(torch: Any, case: Case, seed: int) -> None:
    x, w, b = randomized(case, seed)
    window = window_of(x, w, case.settings)
    y, cache = ours.conv_forward(x, w, b, **case.settings)
    dy = np.random.default_rng(seed).normal(size=y.shape)

    X, W, B = (leaf(torch, a) for a in (channels_first(x), kernels_first(w), b.ravel()))
    padded = torch.nn.functional.pad(X, torch_padding(window))
    Y = functional(torch, "conv", x.ndim - 2)(
        padded,
        W,
        B,
        stride=window.stride,
        dilation=window.dilation,
        groups=case.settings["groups"],
    )
    Y.backward(torch.tensor(channels_first(dy)))

    dx, dw, db = ours.conv_backward(dy, cache)
    assert db is not None
    assert_close(y, channels_last(Y.detach()))
    assert_close(dx, channels_last(X.grad))
    assert_close(dw, kernels_last(W.grad))
    assert_close(db.ravel(), B.grad.numpy())


@st.composite
def transposed(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a transposed convolution that PyTorch can say: symmetric padding."""
    axes = draw(st.integers(1, 3))
    each = st.lists(st.integers(1, 3), min_size=axes, max_size=axes).map(tuple)
    kernel, stride, dilation, size = (draw(each) for _ in range(4))
    room = [
        (n - 1) * s + d * (k - 1)
        for n, s, d, k in zip(size, stride, dilation, kernel, strict=True)
    ]
    return {
        "size": size,
        "kernel": kernel,
        "stride": stride,
        "dilation": dilation,
        "padding": tuple(draw(st.integers(0, n // 2)) for n in room),
        "output_padding": tuple(draw(st.integers(0, s - 1)) for s in stride),
        "groups": draw(st.integers(1, 2)),
    }


@given(layer=transposed(), seed=seeds)
def test_transposed_convolution_is_pytorchs(
    torch: Any, layer: dict[str, Any], seed: int
) -> None:
    rng, settings = np.random.default_rng(seed), dict(layer)
    size, kernel, groups = settings.pop("size"), settings.pop("kernel"), layer["groups"]
    x = rng.normal(size=(2, *size, 2 * groups))
    w = rng.normal(size=(*kernel, 3, 2 * groups))  # (*kernel, F // groups, C)
    b = rng.normal(size=3 * groups)
    y, cache = ours.conv_transpose_forward(x, w, b, **settings)
    dy = rng.normal(size=y.shape)

    X, W, B = (leaf(torch, a) for a in (channels_first(x), kernels_first(w), b))
    Y = functional(torch, "conv_transpose", len(size))(X, W, B, **settings)
    Y.backward(torch.tensor(channels_first(dy)))

    dx, dw, db = ours.conv_transpose_backward(dy, cache)
    assert_close(y, channels_last(Y.detach()))
    assert_close(dx, channels_last(X.grad))
    assert_close(dw, kernels_last(W.grad))
    assert_close(db, B.grad.numpy())


@st.composite
def pools(draw: st.DrawFn, *, dilated: bool) -> tuple[tuple[int, ...], dict[str, Any]]:
    """Draw a pooling that PyTorch takes: it pads by half a kernel at the most."""
    axes = draw(st.integers(1, 3))
    each = st.lists(st.integers(1, 3), min_size=axes, max_size=axes).map(tuple)
    kernel, stride, dilation = (draw(each) for _ in range(3))
    if not dilated:
        dilation = (1,) * axes
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    size = tuple(draw(st.integers(span, span + 5)) for span in spans)
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    settings = {
        "kernel_size": kernel,
        "stride": stride,
        "padding": padding,
        "ceil_mode": draw(st.booleans()),
    }
    return size, settings | ({"dilation": dilation} if dilated else {})


@given(pool=pools(dilated=True), seed=seeds)
def test_max_pooling_is_pytorchs(torch: Any, pool: Any, seed: int) -> None:
    size, settings = pool
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(2, *size, 3))
    y, cache = ours.max_pool_forward(x, **settings)
    dy = rng.normal(size=y.shape)

    X = leaf(torch, channels_first(x))
    Y, indices = functional(torch, "max_pool", len(size))(
        X, **settings, return_indices=True
    )
    Y.backward(torch.tensor(channels_first(dy)))

    assert_close(y, channels_last(Y.detach()))
    assert (cache.argmax == channels_last(indices)).all()
    assert_close(ours.max_pool_backward(dy, cache), channels_last(X.grad))


@given(pool=pools(dilated=False), include=st.booleans(), seed=seeds)
def test_average_pooling_is_pytorchs(
    torch: Any, pool: Any, include: bool, seed: int
) -> None:
    size, settings = pool
    settings = {**settings, "count_include_pad": include}
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(2, *size, 3))
    y, cache = ours.avg_pool_forward(x, **settings)
    dy = rng.normal(size=y.shape)

    X = leaf(torch, channels_first(x))
    Y = functional(torch, "avg_pool", len(size))(X, **settings)
    Y.backward(torch.tensor(channels_first(dy)))

    assert_close(y, channels_last(Y.detach()))
    assert_close(ours.avg_pool_backward(dy, cache), channels_last(X.grad))


@pytest.mark.parametrize("kind", ["max", "avg"])
@given(
    size=st.lists(st.integers(1, 8), min_size=1, max_size=3),
    bins=st.lists(st.integers(1, 8), min_size=3, max_size=3),
    seed=seeds,
)
def test_adaptive_pooling_is_pytorchs(
    torch: Any, kind: str, size: list[int], bins: list[int], seed: int
) -> None:
    output_size = tuple(bins[: len(size)])
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(2, *size, 3))
    y, cache = getattr(ours, f"adaptive_{kind}_pool_forward")(x, output_size)
    dy = rng.normal(size=y.shape)

    X = leaf(torch, channels_first(x))
    Y = functional(torch, f"adaptive_{kind}_pool", len(size))(X, output_size)
    Y.backward(torch.tensor(channels_first(dy)))

    dx = getattr(ours, f"adaptive_{kind}_pool_backward")(dy, cache)
    assert_close(y, channels_last(Y.detach()))
    assert_close(dx, channels_last(X.grad))


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("relu", lambda torch, x: torch.relu(x)),
        ("leaky_relu", lambda torch, x: torch.nn.functional.leaky_relu(x, 0.01)),
        ("sigmoid", lambda torch, x: torch.sigmoid(x)),
        ("tanh", lambda torch, x: torch.tanh(x)),
        ("softmax", lambda torch, x: torch.softmax(x, -1)),
        ("log_softmax", lambda torch, x: torch.log_softmax(x, -1)),
    ],
)
@given(seed=seeds)
def test_activations_are_pytorchs(
    torch: Any, name: str, theirs: Callable[[Any, Any], Any], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    x, dy = rng.normal(0, 5, (3, 4)), rng.normal(size=(3, 4))
    y, cache = getattr(ours, f"{name}_forward")(x)

    X = leaf(torch, x)
    Y = theirs(torch, X)
    Y.backward(torch.tensor(dy))

    assert_close(y, Y.detach().numpy())
    dx = getattr(ours, f"{name}_backward")(dy, cache)
    assert_close(dx, X.grad.numpy())


@pytest.mark.parametrize("training", [True, False])
@given(seed=seeds)
def test_batch_normalization_is_pytorchs(torch: Any, training: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, dy = rng.normal(3, 2, (4, 3, 2, 5)), rng.normal(size=(4, 3, 2, 5))
    gamma, beta, mean = rng.normal(size=(3, 5))
    var = rng.uniform(1, 2, 5)
    y, cache = ours.batch_norm_forward(x, gamma, beta, mean, var, training=training)

    X, G, B = (leaf(torch, a) for a in (channels_first(x), gamma, beta))
    M, V = torch.tensor(mean), torch.tensor(var)
    Y = torch.nn.functional.batch_norm(X, M, V, G, B, training=training)
    Y.backward(torch.tensor(channels_first(dy)))

    dx, dgamma, dbeta = ours.batch_norm_backward(dy, cache)
    assert_close(y, channels_last(Y.detach()))
    assert_close(dx, channels_last(X.grad))
    assert_close(dgamma, G.grad.numpy())
    assert_close(dbeta, B.grad.numpy())
    assert_close(cache.running_mean, M.numpy())
    assert_close(cache.running_var, V.numpy())


@given(seed=seeds)
def test_losses_are_pytorchs(torch: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores, targets = rng.normal(0, 5, (4, 3)), rng.dirichlet([1] * 3, 4)
    labels = rng.integers(0, 3, 4)
    theirs = torch.nn.functional
    pairs: list[tuple[tuple[float, Array], Callable[[Any], Any]]] = [
        (
            ours.softmax_cross_entropy(scores, labels),
            lambda X: theirs.cross_entropy(X, torch.tensor(labels)),
        ),
        (
            ours.softmax_cross_entropy(scores, targets),
            lambda X: theirs.cross_entropy(X, torch.tensor(targets)),
        ),
        (
            ours.mean_squared_error(scores, targets),
            lambda X: theirs.mse_loss(X, torch.tensor(targets)),
        ),
        (
            ours.binary_cross_entropy(scores, targets),
            lambda X: theirs.binary_cross_entropy_with_logits(X, torch.tensor(targets)),
        ),
    ]
    for found, loss_of in pairs:
        X = leaf(torch, scores)
        loss = loss_of(X)
        loss.backward()
        assert_close(found[0], loss.item())
        assert_close(found[1], X.grad.numpy())


# JAX ---------------------------------------------------------------------------------


@given(case=convolutions(), seed=seeds)
def test_convolution_is_jaxs(jax: Any, case: Case, seed: int) -> None:
    x, w, _ = randomized(case, seed)
    if len(x) == 0:
        x = np.ones((1, *x.shape[1:]))  # JAX differentiates no empty batch
    window = window_of(x, w, case.settings)
    y, cache = ours.conv_forward(x, w, **case.settings)
    dy = np.random.default_rng(seed).normal(size=y.shape)
    space = "DHW"[3 - len(window.spatial) :]

    words = {"same": "SAME", "same_lower": "SAME_LOWER"}
    word = words.get(str(case.settings["padding"]), "VALID")
    # XLA aborts on some gradients of a padding wider than the kernel: pad beforehand.
    pairs = [(0, 0)] * x.ndim if word != "VALID" else [(0, 0), *window.padding, (0, 0)]

    def convolve(x: Any, w: Any) -> Any:
        return jax.lax.conv_general_dilated(
            jax.numpy.pad(x, pairs),
            w,
            window.stride,
            word,
            rhs_dilation=window.dilation,
            dimension_numbers=(f"N{space}C", f"{space}IO", f"N{space}C"),
            feature_group_count=case.settings["groups"],
        )

    Y, pull_back = jax.vjp(convolve, x, w)
    dX, dW = pull_back(dy)

    dx, dw, _ = ours.conv_backward(dy, cache)
    assert_close(y, Y)
    assert_close(dx, dX)
    assert_close(dw, dW)


# onnxruntime -------------------------------------------------------------------------


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
