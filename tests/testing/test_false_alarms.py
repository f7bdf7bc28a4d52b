"""What is right passes, whoever wrote it and whichever inputs are drawn."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

import im2col_cnn as fast
from im2col_cnn import loops
from im2col_cnn._typing import Array
from im2col_cnn.testing import (
    Report,
    Support,
    as_pair,
    check_conv,
    check_im2col,
    check_pool,
)
from im2col_cnn.testing.laws.contract import LAYOUTS
from tests.profile import IN_FULL, in_turn

EXAMPLES, FEW = 8 if IN_FULL else 4, 4  # JAX compiles for every shape
# In the ci profile, 10 seeds by 8 examples: more than other laws of many cases.
every_seed = pytest.mark.parametrize("seed", range(10 if IN_FULL else 1))

Check = Callable[..., Report]


def checks_of(module: Any) -> dict[str, Check]:
    """Return checks of all that a module has, to the letter."""
    pairs = {
        name: (getattr(module, f"{name}_forward"), getattr(module, f"{name}_backward"))
        for name in ("conv", "max_pool", "avg_pool")
    }
    return {
        "convolution": partial(check_conv, *pairs["conv"], strict=True),
        "max pooling": partial(check_pool, *pairs["max_pool"], strict=True),
        "average pooling": partial(
            check_pool, *pairs["avg_pool"], mode="average", strict=True
        ),
    }


def correlate_by_fft(images: Array, kernel: Array) -> Array:
    """Multiply two spectra; where the kernel does not wrap around, it is right."""
    image, turned = (np.fft.fft2(array, images.shape[1:]) for array in (images, kernel))
    whole = np.fft.ifft2(image * turned.conj()).real
    (H, W), (KH, KW) = images.shape[1:], kernel.shape
    return np.asarray(whole[:, : H - KH + 1, : W - KW + 1])


def conv_by_fft(
    x: Array, w: Array, b: Array, stride: int = 1, padding: int = 0
) -> tuple[Array, Any]:
    """Convolve by a Fourier transform, which rounds."""
    sides = ((padding, padding), (padding, padding))
    padded = np.pad(x, ((0, 0), *sides, (0, 0)))
    y = np.stack(
        [
            sum(
                correlate_by_fft(padded[..., c], w[..., c, f])
                for c in range(w.shape[2])
            )
            for f in range(w.shape[3])
        ],
        axis=-1,
    )
    return y[:, ::stride, ::stride] + b, None


def in_float32(x: Array, w: Array, b: Array, **settings: Any) -> tuple[Array, Any]:
    arrays = (array.astype(np.float32) for array in (x, w, b))
    return fast.conv_forward(*arrays, **settings)


def pool_in_float32(
    x: Array, kernel_size: Any, *, stride: Any = None, padding: Any = 0
) -> tuple[Array, Any]:
    settings = {"stride": stride, "padding": padding}
    return fast.avg_pool_forward(x.astype(np.float32), kernel_size, **settings)


CHECKS: dict[str, Check] = {
    **{f"{name}, fast": check for name, check in checks_of(fast).items()},
    **{f"{name}, loops": check for name, check in checks_of(loops).items()},
    "im2col": partial(check_im2col, fast.im2col, fast.col2im, strict=True),
    "max pooling, forward alone": partial(check_pool, fast.max_pool_forward),
    "convolution, by FFT": partial(check_conv, conv_by_fft),
    "convolution, in float32": partial(check_conv, in_float32, fast.conv_backward),
    "average pooling, in float32": partial(
        check_pool, pool_in_float32, fast.avg_pool_backward, mode="average"
    ),
}


@in_turn(3)
@every_seed
@pytest.mark.parametrize("name", CHECKS)
def test_what_is_right_passes(name: str, seed: int) -> None:
    report = CHECKS[name](examples=EXAMPLES, seed=seed)

    assert report.ok, str(report)


def native(array: Array) -> Array:
    """Copy an array into memory as frameworks want it: in order, in native bytes."""
    return np.ascontiguousarray(array.astype(array.dtype.newbyteorder("=")))


# No float16: PyTorch 2.13 ends the process on some of its grouped convolutions.
TAKES = partial(
    Support,
    axes=(2,),
    ceil_mode=False,
    empty_batch=False,
    bias_shapes=False,
    dtypes=("float32", "float64"),
)


@pytest.mark.frameworks
@every_seed
@pytest.mark.parametrize("kind", ["conv", "max_pool", "avg_pool"])
def test_pytorch_passes(kind: str, seed: int) -> None:
    torch = pytest.importorskip("torch")
    pair = as_pair(
        {
            "conv": torch.nn.functional.conv2d,
            "max_pool": torch.nn.functional.max_pool2d,
            "avg_pool": torch.nn.functional.avg_pool2d,
        }[kind],
        enter=lambda array: torch.from_numpy(native(array)).requires_grad_(),
        leave=lambda tensor: tensor.detach().numpy(),
        gradients=partial(torch.autograd.grad, retain_graph=True),
    )
    drawn: dict[str, Any] = {"examples": EXAMPLES, "seed": seed}

    if kind == "conv":
        report = check_conv(*pair, support=TAKES(paddings=("int", "each")), **drawn)
    else:
        mode = "max" if kind == "max_pool" else "average"
        takes = TAKES(paddings=(), dilation="none")
        report = check_pool(*pair, mode=mode, support=takes, **drawn)

    assert report.ok, str(report)


@pytest.mark.frameworks
@every_seed
def test_the_convolution_of_jax_passes(seed: int) -> None:
    jax = pytest.importorskip("jax")

    def forward(
        x: Array,
        w: Array,
        b: Array,
        *,
        stride: Any,
        padding: Any = "VALID",
        dilation: Any,
        groups: int = 1,
    ) -> tuple[Array, Any]:
        def convolve(x: Any, w: Any, b: Any) -> Any:
            y = jax.lax.conv_general_dilated(
                x,
                w,
                window_strides=stride,
                padding=padding if isinstance(padding, tuple) else padding.upper(),
                rhs_dilation=dilation,
                dimension_numbers=("NHWC", "HWIO", "NHWC"),
                feature_group_count=groups,
            )
            return y + b

        y, pull_back = jax.vjp(
            convolve, *map(jax.numpy.asarray, map(native, (x, w, b)))
        )
        return np.asarray(y), (y, pull_back)

    def backward(dy: Array, cache: Any) -> tuple[Array, ...]:
        y, pull_back = cache
        return tuple(map(np.asarray, pull_back(jax.numpy.asarray(native(dy), y.dtype))))

    takes = TAKES(paddings=("pairs", "valid", "same", "same_lower"))
    report = check_conv(forward, backward, support=takes, examples=EXAMPLES, seed=seed)

    assert report.ok, str(report)


@pytest.mark.frameworks
@every_seed
@pytest.mark.parametrize("mode", ["max", "average"])
def test_the_pooling_of_jax_passes(mode: str, seed: int) -> None:
    jax = pytest.importorskip("jax")

    def forward(
        x: Array, kernel_size: Any, *, stride: Any, dilation: Any = (1, 1), **_: Any
    ) -> tuple[Array, Any]:
        def pool(x: Any) -> Any:
            lowest, combine = -np.inf, jax.lax.max
            if mode == "average":
                lowest, combine = 0.0, jax.lax.add
            y = jax.lax.reduce_window(
                x,
                lowest,
                combine,
                (1, *kernel_size, 1),
                (1, *stride, 1),
                "VALID",
                window_dilation=(1, *dilation, 1),
            )
            return y if mode == "max" else y / np.prod(kernel_size)

        y, pull_back = jax.vjp(pool, jax.numpy.asarray(native(x)))
        return np.asarray(y), (y, pull_back)

    def backward(dy: Array, cache: Any) -> Array:
        y, pull_back = cache
        (dx,) = pull_back(jax.numpy.asarray(native(dy), y.dtype))
        return np.asarray(dx)

    # JAX has no gradient of a max pooling with dilation.
    takes = TAKES(paddings=("valid",), dilation="none" if mode == "max" else "each")
    report = check_pool(
        forward, backward, mode=mode, support=takes, examples=FEW, seed=seed
    )

    assert report.ok, str(report)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_a_layout_holds_the_same_numbers_in_the_same_dtype(
    layout: str, dtype: str
) -> None:
    array = np.arange(24, dtype=dtype).reshape(2, 3, 4)

    laid_out = LAYOUTS[layout](array)

    np.testing.assert_array_equal(laid_out, array)
    assert laid_out.dtype == np.dtype(dtype) or laid_out.dtype.newbyteorder() == dtype
    assert laid_out.strides != array.strides or not laid_out.dtype.isnative
