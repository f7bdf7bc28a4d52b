"""Layers and functions of no course are read by what they take and do."""

import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from im2col_cnn.testing import HomeworkError, check_module
from im2col_cnn.testing.dialects import trials
from im2col_cnn.testing.dialects.dialect import Offer
from im2col_cnn.testing.dialects.pairs import called_inside
from im2col_cnn.testing.dialects.table import readings
from im2col_cnn.testing.grading.grader import grade
from im2col_cnn.testing.grading.reading import choose
from tests.profile import in_turn
from tests.testing.families import MISTAKES, POOL_MISTAKES, PRELUDE, source_of
from tests.testing.own_shapes import POOLS, SHAPES
from tests.testing.test_families import names_of


def read(name: str, old: str = "", new: str = "") -> Offer:
    """Return the only reading of its kind; what helps is of another."""
    source = PRELUDE + SHAPES[name]
    source = source.replace(old, new) if old else source
    kind = "max_pool" if name in POOLS else "conv"
    names = names_of(source)
    chosen, _ = choose(readings(names, None), called_inside(names))
    (offer,) = (offer for _, offer in chosen if offer.kind == kind)
    return offer


def paste_of(offer: Offer) -> str:
    arrays = np.ones((1, 4, 4, 1)), np.ones((3, 3, 1, 1)), np.ones(1)
    assert offer.paste is not None
    return offer.paste(arrays, {}, None, None, "y")


def statuses(offer: Offer, examples: int) -> set[str]:
    verdicts, _ = grade(offer, 0, examples, None)
    return {verdict.status for verdict in verdicts if not verdict.law.advice}


@in_turn(6)
@pytest.mark.parametrize("name", SHAPES)
def test_what_is_right_is_read_with_its_backward_and_passes(name: str) -> None:
    offer = read(name)

    assert offer.graded == ("forward", "backward")
    assert statuses(offer, 4) == {"holds"}


@in_turn(12)
@pytest.mark.parametrize("name", [n for n in SHAPES if n not in POOLS])
def test_a_kernel_whose_gradients_are_assigned_does_not_pass(name: str) -> None:
    assert "broken" in statuses(read(name, *MISTAKES[1]), 4)


@in_turn(3)
@pytest.mark.parametrize("name", POOLS)
def test_a_maximum_in_the_wrong_place_does_not_pass(name: str) -> None:
    assert "broken" in statuses(read(name, *POOL_MISTAKES[2]), 20)


@pytest.mark.parametrize("name", ["kernel", "numbers"])
def test_kernels_are_handed_in_where_a_layer_has_them(name: str) -> None:
    source = source_of("gatech", "self.weight", f"self.{name}")
    source = source.replace("return convolve(x", "return 2 * convolve(x")
    source = source.replace("def backward", "def later")
    source = source.replace("self.bias = np.zeros(", "self.bias = np.zeros((1, ")
    source = source.replace("(1, out_channels)", "(1, out_channels))")
    names = names_of(source)

    chosen, _ = choose(readings(names, None), called_inside(names))

    (read_as,) = ((d, offer) for d, offer in chosen if offer.kind == "conv")
    assert read_as[0] == "classes"  # and not Georgia Tech's, whose it would not use
    assert f"layer.{name} = 1.0 * w" in paste_of(read_as[1])


@in_turn(3)
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timer here")
def test_a_function_that_does_not_return_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trials, "SECONDS", 0.02)
    names: dict[str, Any] = {}
    exec("def conv_forward(x, w, b, stride=1):\n    while True: pass", names)

    found = readings(names, None)

    assert "native" in {dialect for dialect, _ in found}


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timer here")
@pytest.mark.parametrize("line", ["while True: pass", "raise SystemExit"])
def test_a_layer_whose_backward_does_not_return_is_read(
    line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trials, "SECONDS", 0.1)
    names = names_of(source_of("classes", "    def backward(", STOPPING.format(line)))

    assert "classes" in {dialect for dialect, _ in readings(names, None)}


STOPPING = """\
    def backward(self, dout, learning_rate):
        {}

    def is_never_called("""


KEEPS = """
import numpy as np

def conv2d_forward(x, W, b, stride=1, pad=0):
    x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    out, columns = multiplied(x_pad, W, b, stride)
    return out, columns, x_pad

def multiplied(x, W, b, s):
    KH, KW = W.shape[2:]
    windows = np.lib.stride_tricks.sliding_window_view(x, (KH, KW), (2, 3))
    windows = windows[:, :, ::s, ::s]
    out = np.einsum("ncijyx,fcyx->nfij", windows, W) + b.reshape(1, -1, 1, 1)
    return out, windows

def conv2d_backward(dout, columns, x_pad, W, b, stride=1, pad=0):
    dW = np.einsum("nfij,ncijyx->fcyx", dout, columns)
    dx = np.zeros(x_pad.shape)
    for i, j in np.ndindex(dout.shape[2:]):
        h, w = i * stride, j * stride
        dx[:, :, h:h + W.shape[2], w:w + W.shape[3]] += np.einsum(
            "nf,fcyx->ncyx", dout[:, :, i, j], W)
    H, W = dx.shape[2:]
    return dx[:, :, pad:H - pad, pad:W - pad], dW, dout.sum((0, 2, 3))
"""


@in_turn(3)
def test_what_forward_returns_goes_where_backward_calls_it_so(tmp_path: Path) -> None:
    report = checked(tmp_path, KEEPS)

    assert report.ok, str(report)
    assert "conv2d_forward, conv2d_backward: read as functions" in str(report)


WHOLE_OUTPUT = """
import numpy as np

def avg_pool_forward(x, pool_size, stride):
    N, H, W, C = x.shape
    out = np.zeros([N, H // stride, W // stride, C])
    for i, j in np.ndindex(out.shape[1:3]):
        h, w = i * stride, j * stride
        out[:, i, j] = x[:, h:h + pool_size, w:w + pool_size].mean((1, 2))
    return out
"""


@in_turn(3)
def test_a_function_whose_output_is_too_large_is_read_in_its_layout(
    tmp_path: Path,
) -> None:
    report = checked(tmp_path, WHOLE_OUTPUT)

    assert "avg_pool_forward: read as functions, x (N, H, W, C)" in str(report)
    assert "the output's size is the input's, divided by the stride (E53a)" in str(
        report
    )


HANDS_ON = """
import numpy as np

class PoolLayer:
    def __init__(self, filter_size, stride):
        self.filter_size, self.stride = filter_size, stride

    def forward(self, A_prev):
        N, H, W, C = A_prev.shape
        f, s = self.filter_size, self.stride
        A = np.zeros((N, (H - f) // s + 1, (W - f) // s + 1, C))
        for h, w in np.ndindex(A.shape[1:3]):
            A[:, h, w] = A_prev[:, h * s:h * s + f, w * s:w * s + f].max((1, 2))
        return A, (A_prev, f, s)

    def backward(self, dA, cache):
        A_prev, f, s = cache
        dx = np.zeros(A_prev.shape)
        for n, h, w, c in np.ndindex(dA.shape):
            i, j = h * s, w * s
            patch = A_prev[n, i:i + f, j:j + f, c]
            dx[n, i:i + f, j:j + f, c] += (patch == patch.max()) * dA[n, h, w, c]
        return dx
"""


@in_turn(2)
@pytest.mark.parametrize("start", ["h * s, w * s", "h, w"])
def test_a_layer_that_hands_its_cache_on_gets_it_back(
    tmp_path: Path, start: str
) -> None:
    report = checked(
        tmp_path, HANDS_ON.replace("i, j = h * s, w * s", f"i, j = {start}")
    )

    laws = {verdict.law.name for verdict in report.verdicts}
    assert "dx equals the loops" in laws
    assert report.ok == (start == "h * s, w * s")


def checked(folder: Path, source: str, examples: int = 3) -> Any:
    path = folder / "layers.py"
    path.write_text(source, encoding="utf-8")
    return check_module(path, examples=examples)


RIGHT_MASK = "def create_mask_from_window(x): return x == np.max(x)\n"


def test_what_calls_a_missing_file_is_neither_right_nor_wrong(tmp_path: Path) -> None:
    needs = "def distribute_value(dz, shape): return shared(dz, shape)\n"
    source = f"import numpy as np\nfrom beside import shared\n{RIGHT_MASK}{needs}"

    report = checked(tmp_path, source)

    states = {v.status for v in report.verdicts if v.function == "distribute_value"}
    assert report.ok
    assert states == {"not checked"}
    assert "beside (line 2) could not be imported" in str(report)


def test_what_import_star_should_have_brought_is_missing_too(tmp_path: Path) -> None:
    needs = "def distribute_value(dz, shape): return shared(dz, shape)\n"
    source = f"import numpy as np\nfrom beside import *\n{RIGHT_MASK}{needs}"

    assert "shared is not there" in str(checked(tmp_path, source))


def test_a_layer_that_could_not_be_called_is_named(tmp_path: Path) -> None:
    layer = "class Conv2D:\n    def __init__(self, mystery): ...\n"
    layer += "    def forward(self, x): return x\n"

    report = checked(tmp_path, f"import numpy as np\n{RIGHT_MASK}{layer}")

    assert "not read: Conv2D: no way to call it was found" in str(report)


def test_sizes_do_not_go_where_others_belong(tmp_path: Path) -> None:
    layer = "class Conv2D:\n    def __init__(self, kernel_size): self.filters = 1\n"
    layer += "    def forward(self, x): return x\n"
    layer += "    def backprop(self, dy, learn_rate): return None\n"

    report = checked(tmp_path, f"import numpy as np\n{RIGHT_MASK}{layer}")

    assert report.ok  # and Zhou's takes the number of filters


POOL = """
import numpy as np


class MaxPool:
    def __init__(self, size, stride):
        self.size, self.stride = size, stride

    def __call__(self, x):
        self.x = x
        k, s = self.size, self.stride
        {refuse}
        view = np.lib.stride_tricks.sliding_window_view(x, (k, k), (2, 3))
        return view[:, :, ::s, ::s].max((-1, -2)){more}

    def back(self, dy):
        dx = np.zeros(self.x.shape)
        for n, c, i, j in np.ndindex(dy.shape):
            i0, j0 = i * self.stride, j * self.stride
            patch = self.x[n, c, i0 : i0 + self.size, j0 : j0 + self.size]
            i1, j1 = np.unravel_index(np.argmax(patch), patch.shape)
            dx[n, c, i0 + i1, j0 + j1] += dy[n, c, i, j]
        return dx
"""


def test_a_layer_that_is_called_like_a_function_is_read(tmp_path: Path) -> None:
    assert checked(tmp_path, POOL.format(refuse="", more="")).ok


def test_a_layer_that_refuses_a_remainder_is_not_asked_for_one(tmp_path: Path) -> None:
    refuse = "assert (x.shape[2] - k) % s == 0 and (x.shape[3] - k) % s == 0"

    assert checked(tmp_path, POOL.format(refuse=refuse, more="")).ok


@in_turn(3)
def test_a_layer_whose_output_is_too_small_is_read_and_is_wrong(tmp_path: Path) -> None:
    report = checked(tmp_path, POOL.format(refuse="", more="[:, :, 1:]"))

    assert not report.ok
    assert "y has shape" in str(report)


def test_a_layer_that_crashes_for_every_image_is_read(tmp_path: Path) -> None:
    report = checked(tmp_path, POOL.format(refuse="undefined += 1", more=""))

    assert not report.ok
    assert "UnboundLocalError" in str(report)


CROPPED = """
import numpy as np


def conv_forward(x, w, b, stride, pad):
    p = pad
    wide = np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)))
    view = np.lib.stride_tricks.sliding_window_view(wide, w.shape[:2], (1, 2))
    y = np.einsum("nijcyx,yxcf->nijf", view[:, ::stride, ::stride], w)
    return y + b.reshape(-1), (x, w, b, stride, pad)


def conv_backward(dout, cache):
    x, w, b, s, p = cache
    KH, KW, *_ = w.shape
    dx, dw, db = np.zeros(x.shape), np.zeros(w.shape), np.zeros(b.shape)
    wide = np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)))
    dwide = np.zeros(wide.shape)
    for n, i, j, f in np.ndindex(dout.shape):
        here = n, slice(i * s, i * s + KH), slice(j * s, j * s + KW)
        dwide[here] += dout[n, i, j, f] * w[..., f]
        dw[..., f] += dout[n, i, j, f] * wide[here]
        db[:, :, :, f] += dout[n, i, j, f]
    dx[...] = dwide[:, p:-p, p:-p]
    return dx, dw, db
"""


@in_turn(4)
def test_where_backward_runs_at_a_padding_only_its_gradients_are_found(
    tmp_path: Path,
) -> None:
    report = checked(tmp_path, CROPPED)

    assert [f.exhibit.key for f in report.findings if report.decides(f)] == ["S4"]


@in_turn(6)
def test_what_others_do_their_work_with_is_not_held_to_ways_of_ours(
    tmp_path: Path,
) -> None:
    helper = "def im2col(x, kernel_size): return x.sum()\n"
    used = CROPPED.replace("    p = pad\n", "    p = pad\n    im2col(x, 1)\n")

    report = checked(tmp_path, used + helper)

    assert {verdict.kind for verdict in report.verdicts} == {"conv"}


def test_a_pooling_whose_stride_is_its_kernel_is_not_asked_for_another(
    tmp_path: Path,
) -> None:
    refuse = "assert s == k"

    report = checked(tmp_path, POOL.format(refuse=refuse, more=""))

    assert report.ok
    assert "windows that overlap" in str(report)


ONE_FILTER = """
import numpy as np


def convolve2d(image, kernel, stride=1):
    view = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return np.einsum("ijyx,yx->ij", view[::stride, ::stride], kernel)
"""


@in_turn(3)
def test_one_filter_over_one_image_is_read(tmp_path: Path) -> None:
    assert checked(tmp_path, ONE_FILTER).ok
    assert not checked(tmp_path, ONE_FILTER.replace("[::stride, ::", "[:, ::")).ok


@in_turn(3)
def test_sizes_that_are_no_whole_numbers_are_a_bug_of_the_function(
    tmp_path: Path,
) -> None:
    source = ONE_FILTER.replace("    return", "    np.zeros(4 / 2)\n    return")

    report = checked(tmp_path, source)

    assert not report.ok
    assert "single integer, got '2.0'" in str(report)


TILED = """
import numpy as np


class MaxPool:
    def forward(self, X):
        self.X = X
        N, C, H, W = X.shape
        tiles = X.reshape(N, C, H // 2, 2, W // 2, 2)
        self.mask = tiles == tiles.max(axis=(3, 5), keepdims=True)
        return tiles.max(axis=(3, 5))

    def backward(self, d_out):
        return (d_out[:, :, :, None, :, None] * self.mask).reshape(self.X.shape)
"""


@in_turn(3)
def test_a_pooling_by_reshaping_is_asked_for_even_sides_alone(tmp_path: Path) -> None:
    assert checked(tmp_path, TILED).ok
    assert not checked(tmp_path, TILED.replace("=(3, 5))\n\n", "=(2, 5))\n\n")).ok


ALONE = """
import numpy as np


def conv_backprop(prev_layer, input, filter, stride):
    d_input, d_filter = np.zeros(input.shape), np.zeros(filter.shape)
    F, C, K, _ = filter.shape
    for f, i, j in np.ndindex(prev_layer.shape):
        rows, columns = (slice(n * stride, n * stride + K) for n in (i, j))
        here = slice(None), rows, columns
        d_input[here] += prev_layer[f, i, j] * filter[f]
        d_filter[f] += prev_layer[f, i, j] * input[here]
    return d_input, d_filter, prev_layer.sum((1, 2)).reshape(-1, 1)
"""


@in_turn(6)
def test_a_backward_alone_is_read_by_what_it_returns(tmp_path: Path) -> None:
    assert checked(tmp_path, ALONE).ok
    assert not checked(
        tmp_path, ALONE.replace("d_input[here] +=", "d_input[here] =")
    ).ok


SEVERAL = """
import numpy as np


class GlobalAvgPool:
    def forward(self, x): return x.mean(axis=(1, 2))


class MaxPool:
    def forward(self, x, pool_size):
        k, (H, W) = pool_size, x.shape
        rows = x[: H // k * k, : W // k * k].reshape(H // k, k, W // k, k)
        self.wins = rows == rows.max((1, 3), keepdims=True)
        return rows.max((1, 3))

    def backward(self, dy):
        return None, None, 1.0 * (self.wins * dy[:, None, :, None])
"""


@in_turn(3)
def test_what_pools_whole_images_is_not_held_to_windows(tmp_path: Path) -> None:
    report = checked(tmp_path, SEVERAL)

    assert {verdict.function for verdict in report.verdicts} == {"MaxPool"}
    assert "GlobalAvgPool" not in str(report)


def test_what_imports_in_a_function_what_is_not_here_is_not_wrong(
    tmp_path: Path,
) -> None:
    needs = "def distribute_value(dz, shape): import not_here\n"

    report = checked(tmp_path, f"import numpy as np\n{RIGHT_MASK}{needs}")

    states = {v.status for v in report.verdicts if v.function == "distribute_value"}
    assert report.ok
    assert states == {"not checked"}


def test_not_implemented_is_not_written_yet(tmp_path: Path) -> None:
    needs = "def distribute_value(dz, shape): return NotImplemented\n"

    report = checked(tmp_path, f"import numpy as np\n{RIGHT_MASK}{needs}")

    states = {v.status for v in report.verdicts if v.function == "distribute_value"}
    assert states <= {"not written", "not checked"}


@in_turn(3)
def test_a_base_class_that_import_star_should_have_brought_is_lent(
    tmp_path: Path,
) -> None:
    source = source_of("fau").replace("import numpy as np", "from .Base import *")

    report = checked(tmp_path, source.replace("class Conv:", "class Conv(BaseLayer):"))

    assert report.ok
    assert "BaseLayer could not be imported" in str(report)


def test_images_that_are_to_be_padded_are_no_padding() -> None:
    source = source_of("fau", "self, input_tensor):", "self, input_pad):")
    names = names_of(source.replace("(input_tensor)", "(input_pad)"))

    chosen, _ = choose(readings(names, None), called_inside(names))

    assert {dialect for dialect, _ in chosen} == {"fau"}


@in_turn(3)
def test_images_of_one_axis_and_of_two_are_checked_and_advice_names_no_wrong_numbers(
    tmp_path: Path,
) -> None:
    report = checked(tmp_path, source_of("fau"))

    convolutions = {v.function for v in report.verdicts if v.kind == "conv"}
    assert convolutions == {"Conv, axes=2", "Conv, axes=1"}
    named = {finding.exhibit.key for finding in report.findings if finding.exhibit}
    assert named <= {"S6", "S7", "S8", "S9"}


@in_turn(3)
def test_what_takes_images_of_two_axes_alone_is_held_to_them(tmp_path: Path) -> None:
    source = source_of("fau", "        self.is_line =", "        N, C, H, W = x = ")
    source = source.replace("= x =  self.weights.ndim == 3", "= input_tensor.shape")
    source = source.replace("self.is_line", "False")

    report = checked(tmp_path, source)

    assert report.ok
    assert {v.function for v in report.verdicts if v.kind == "conv"} == {"Conv"}


UNFOLD = """
import numpy as np


def im2col(x, height, width, pad, stride):
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    view = np.lib.stride_tricks.sliding_window_view(x, (height, width), (2, 3))
    view = view[:, :, ::stride, ::stride]
    return view.transpose(1, 4, 5, {order}).reshape(x.shape[1] * height * width, -1)
"""


@pytest.mark.parametrize("order", ["0, 2, 3", "2, 3, 0"])
def test_windows_as_columns_are_read_in_their_order(tmp_path: Path, order: str) -> None:
    assert checked(tmp_path, UNFOLD.format(order=order)).ok


UNCALLED = """
class Conv2D:
    def __init__(self, in_channels, out_channels, kernel_size):
        self.W = np.ones((out_channels, in_channels, kernel_size, kernel_size))

    def forward(self, x):
        N, C, H, W = x.shape
        F, _, k, _ = self.W.shape
        y = np.zeros((N, F, H - k + 1, W - k + 1))
        for i in range(H - k + 1):
            for j in range(W - k + 1):
                window = x[:, :, i : i + k, j : j + k]
                y[:, :, i, j] = np.tensordot(window, self.W, ((1, 2, 3), (1, 2, 3)))
        return y

    def backward(self, dout, cache):
        return np.zeros_like(cache["x"]), 0 * self.W
"""


def test_a_backward_that_cannot_be_called_is_said_and_does_not_pass(
    tmp_path: Path,
) -> None:
    report = checked(tmp_path, "import numpy as np\n" + UNCALLED)

    said = {verdict.law.name: verdict.status for verdict in report.verdicts}
    assert said["forward equals the loops"] == "holds"
    assert said["dx equals the loops"] == said["dw equals the loops"] == "not checked"
    assert (
        "\n  not read: Conv2D.backward, which looks like the backward of Conv2D: no "
        in str(report)
    )
    assert not report.ok


# Right for square images of one channel alone, and nothing says that it takes no other.
RIGHT_ON_FEW = """
import numpy as np


def convolve(x, w, b):
    N, C, H, W = x.shape
    F, _, KH, KW = w.shape
    out = np.zeros((N, F, H - KH + 1, W - KW + 1))
    for i in range(H - KH + 1):
        for j in range(W - KW + 1):
            rows = x[:, :, i:i + KH, j:j + KW].reshape(N, -1)
            out[:, :, i, j] = rows @ w.reshape(F, -1).T + b
    return out


def conv_forward(x, w, b):
    return convolve(x, w, b)


class ConvLayer:
    def __init__(self, in_channels, num_filters, kernel_size):
        self.weights = np.zeros((num_filters, in_channels, kernel_size, kernel_size))
        self.bias = np.zeros(num_filters)

    def forward(self, x):
        return convolve(x, self.weights, self.bias)


class MaxPool:
    def __init__(self, size):
        self.size = size

    def forward(self, x):
        N, C, H, W = x.shape
        k = self.size
        out = np.zeros((N, C, H // k, W // k))
        for i in range(H // k):
            for j in range(W // k):
                block = x[:, :, i * k:i * k + k, j * k:j * k + k]
                out[:, :, i, j] = block.max((2, 3))
        return out
"""
ORDERS = ".reshape(N, -1)", ".transpose(0, 2, 3, 1).reshape(N, -1)"
BOUNDS = (
    "for i in range(H - KH + 1):\n        for j in range(W - KW + 1):",
    "for i in range(W - KW + 1):\n        for j in range(H - KH + 1):",
)
POOL_BOUNDS = (
    "for i in range(H // k):\n            for j in range(W // k):",
    "for i in range(W // k):\n            for j in range(H // k):",
)


@in_turn(4)
@pytest.mark.parametrize("change", [ORDERS, BOUNDS])
def test_what_is_right_on_square_images_or_on_one_channel_alone_does_not_pass(
    change: tuple[str, str], tmp_path: Path
) -> None:
    right = checked(tmp_path, RIGHT_ON_FEW)
    wrong = checked(tmp_path, RIGHT_ON_FEW.replace(*change), examples=12)
    pool = checked(tmp_path, RIGHT_ON_FEW.replace(*POOL_BOUNDS))

    assert right.ok
    assert broken(wrong) == {"conv_forward", "ConvLayer"}
    assert broken(pool) == {"MaxPool"}


@in_turn(4)
def test_what_refuses_other_images_or_is_told_one_side_is_asked_for_no_others(
    tmp_path: Path,
) -> None:
    refuses = "N, C, H, W = x.shape\n    assert H == W and C == 1"
    source = RIGHT_ON_FEW.replace(*BOUNDS).replace("N, C, H, W = x.shape", refuses, 1)
    side = (
        "def __init__(self, size, image_size):\n        self.side = image_size // size"
    )
    told = source.replace("def __init__(self, size):", side).replace(*POOL_BOUNDS)
    told = told.replace("(N, C, H // k, W // k)", "(N, C, self.side, self.side)")

    report = checked(tmp_path, told)

    assert report.ok
    assert "asked for: images that are not square, several channels" in str(report)


def broken(report: Any) -> set[str]:
    return {v.function for v in report.verdicts if v.status == "broken"}


POOL_LOOPS = """
import numpy as np


class PoolLayer:
    def {0}(self, image, kernel_size=2, stride=2):
        C, H, W = image.shape
        k, s = kernel_size, stride
        out = np.zeros((C, (H - k) // s + 1, (W - k) // s + 1))
        for c, i, j in np.ndindex(out.shape):
            out[c, i, j] = image[c, s * i:s * i + k, s * j:s * j + k].max()
        return out

    def {0}Backward(self, dPool, conv_in, kernel_size, stride):
        k, s = kernel_size, stride
        dx = np.zeros(conv_in.shape)
        for c, i, j in np.ndindex(dPool.shape):
            patch = conv_in[c, s * i:s * i + k, s * j:s * j + k]
            a, b = np.unravel_index(np.argmax(patch), patch.shape)
            dx[c, s * i + a, s * j + b] += dPool[c, i, j]
        return dx
"""


@in_turn(3)
def test_methods_that_are_functions_are_read_with_their_backward(
    tmp_path: Path,
) -> None:
    source = POOL_LOOPS.format("maxpool")
    right = checked(tmp_path, source)
    wrong = checked(tmp_path, source.replace("+ b] +=", "+ b] ="), examples=25)

    assert right.ok
    assert "PoolLayer.maxpool, PoolLayer.maxpoolBackward: read as" in str(right)
    assert "(E30)" in str(wrong)


KERNEL_BY_SIDES = """
class ConvolutionLayer:
    def __init__(self, num_filters, inputs_channel, width, height, learning_rate, name):
        self.weights = np.zeros((num_filters, inputs_channel, width, height))
        self.lr = learning_rate

    def forward(self, inputs):
        self.inputs = inputs
        return convolve(inputs, self.weights, np.zeros(len(self.weights)))

    def backward(self, dy):
        dx, dw, db = convolve_back(dy, self.inputs, self.weights)
        self.weights -= self.lr * dw
        return dx
"""
IMAGE_BY_Z = KERNEL_BY_SIDES.replace("inputs_channel, width, height", "z_shape, size")
IMAGE_BY_Z = IMAGE_BY_Z.replace("inputs_channel, width, height", "z_shape[0], 3, 3")
POOL_OF_A = """
def max_pool(X, size=2):
    return pool(X, size, size, size, size)


def max_pool_backward(dA, A, size=2):
    return pool_back(dA, A, size, size, size, size)
"""


@in_turn(3)
@pytest.mark.parametrize("lines", [KERNEL_BY_SIDES, IMAGE_BY_Z, POOL_OF_A])
def test_what_names_mean_is_told_by_what_else_there_is(
    lines: str, tmp_path: Path
) -> None:
    report = checked(tmp_path, PRELUDE + lines)

    assert report.ok
    assert {"holds"} == {
        v.status for v in report.verdicts if v.law.name == "dx equals the loops"
    }


@in_turn(2)
def test_a_layer_whose_backward_only_passes_is_not_written_yet(tmp_path: Path) -> None:
    report = checked(tmp_path, PRELUDE + BACKWARD_PASSES)

    assert "MaxPool.backward gave None for dx" in str(report)
    assert not broken(report)


BACKWARD_PASSES = """
class MaxPool:
    def __init__(self, pool_size, stride):
        self.pool_size, self.stride = pool_size, stride

    def forward(self, X):
        self.X = X
        return pool(X, *self.both())

    def both(self):
        return self.pool_size, self.pool_size, self.stride, self.stride

    def backward(self, d_out):
        pass
"""
OF_ANOTHER_KIND = """
class ConvLayer:
    def __init__(self, kShape, kNumber):
        self.weights = np.zeros((kShape[0], kShape[1], kNumber))

    def forward(self, x):
        return x[kShape]


class MaxPool1D:
    def __init__(self, size, stride):
        self.size, self.stride = size, stride

    def forward(self, x):
        return x[:, ::self.stride]
"""


@in_turn(2)
def test_a_name_that_many_use_alone_does_not_make_it_wrong(tmp_path: Path) -> None:
    report = checked(tmp_path, PRELUDE + RIGHT_MASK + OF_ANOTHER_KIND)

    assert report.ok
    for name in ("ConvLayer", "MaxPool1D"):
        assert f"not read: {name}: no way to call it was found" in str(report)


RETURNING = BACKWARD_PASSES.replace("MaxPool", "MaxPooling").replace(
    "pass\n", "return pool_back(d_out, self.X, *self.both())\n"
)


@in_turn(2)
def test_where_a_name_of_a_course_is_called_in_another_way_that_is_meant(
    tmp_path: Path,
) -> None:
    report = checked(tmp_path, PRELUDE + RETURNING)

    assert report.ok
    assert "MaxPooling: read as classes" in str(report)


ONE_OF_EACH = """
def conv_forward(X, W):
    KH, KW = W.shape
    OH, OW = X.shape[0] - KH + 1, X.shape[1] - KW + 1
    out = np.zeros((OH, OW))
    for i, j in np.ndindex(OH, OW):
        out[i, j] = np.sum(X[i:i + KH, j:j + KW] * W)
    return out, (X, W)
"""


@in_turn(3)
def test_one_image_and_one_kernel_are_read_though_the_numbers_are_wrong(
    tmp_path: Path,
) -> None:
    right = checked(tmp_path, PRELUDE + ONE_OF_EACH)
    wrong = checked(tmp_path, PRELUDE + ONE_OF_EACH.replace("* W)", "* OW)"))

    assert right.ok
    assert "x (H, W), w (KH, KW)" in str(wrong)
    assert broken(wrong) == {"conv_forward"}


LEAVING_DX = """
class Conv2D:
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        self.weight = np.zeros((out_channels, in_channels, kernel_size, kernel_size))
        self.bias = np.zeros(out_channels)
        self.s, self.p = stride, padding

    def forward(self, x):
        self.x = x
        s, p = self.s, self.p
        return convolve(x, self.weight, self.bias, s, s, p, p)

    def backward(self, dout):
        s, p = self.s, self.p
        x = padded(self.x, p, p)
        dx, self.dw, self.db = convolve_back(dout, x, self.weight, s, s)
        self.dx = dx[:, :, p:dx.shape[2] - p, p:dx.shape[3] - p]
"""


@in_turn(3)
@pytest.mark.parametrize("left", ["dx", "grad_x"])
def test_a_gradient_left_empty_without_padding_is_missed(
    left: str, tmp_path: Path
) -> None:
    source = PRELUDE + LEAVING_DX.replace("self.dx", f"self.{left}")
    right = checked(tmp_path, source)
    wrong = source.replace("p:dx.shape[2] - p, p:dx.shape[3] - p", "p:-p, p:-p")

    assert right.ok
    assert broken(checked(tmp_path, wrong, examples=12)) == {"Conv2D"}


def test_a_backward_alone_that_calls_what_is_not_there_is_not_checked(
    tmp_path: Path,
) -> None:
    source = "from beside import surround\n\ndef conv_backward(dZ, cache):\n"
    source += "    A_prev, W, b, hparameters = cache\n    return surround(A_prev, 1)\n"

    with pytest.raises(HomeworkError, match="nothing was checked: conv_backward"):
        checked(tmp_path, source)


NEEDS_NO_FORWARD = """
def convolution(image, filt, bias, s=1):
    return y


def convolutionBackward(dconv_prev, conv_in, filt, s):
    dx, dw, db = convolve_back(dconv_prev[None], conv_in[None], filt, s, s)
    return dx[0], dw, db.reshape(-1, 1)
"""


@in_turn(3)
def test_a_backward_that_needs_no_forward_is_checked_where_that_crashes(
    tmp_path: Path,
) -> None:
    source = PRELUDE + NEEDS_NO_FORWARD
    right = checked(tmp_path, source)
    wrong = checked(tmp_path, source.replace("conv_in[None], filt,", "0, filt,"))

    for report, status in ((right, "holds"), (wrong, "broken")):
        found = {v.law.name: v.status for v in report.verdicts if "Back" in v.function}
        assert found["forward equals the loops"] == "broken"
        assert found["dx equals the loops"] == status


@in_turn(3)
def test_a_padding_of_rows_alone_is_not_asked_for_on_both_axes(tmp_path: Path) -> None:
    report = checked(tmp_path, PRELUDE, examples=25)

    assert not broken(report)
