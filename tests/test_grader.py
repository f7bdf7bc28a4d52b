"""The grader is honest both ways: what is right passes, what is wrong is named."""

import json
from functools import partial
from typing import Any

import numpy as np
import pytest

import im2col_cnn as fast
from im2col_cnn import loops
from im2col_cnn._typing import Array
from im2col_cnn.testing import (
    Support,
    as_pair,
    check_conv,
    check_im2col,
    check_pool,
)
from im2col_cnn.testing.autograding import as_json
from im2col_cnn.testing.page import as_html


@pytest.mark.parametrize("module", [fast, loops])
def test_what_is_right_passes_to_the_letter(module: Any) -> None:
    pairs = {
        name: (getattr(module, f"{name}_forward"), getattr(module, f"{name}_backward"))
        for name in ("conv", "max_pool", "avg_pool")
    }
    reports = [
        check_conv(*pairs["conv"], examples=3, strict=True),
        check_pool(*pairs["max_pool"], examples=3, strict=True),
        check_pool(*pairs["avg_pool"], mode="average", examples=3, strict=True),
    ]
    if module is fast:
        reports.append(check_im2col(fast.im2col, fast.col2im, examples=3, strict=True))

    for report in reports:
        assert report.ok, str(report)


def correlate_by_fft(images: Array, kernel: Array) -> Array:
    """Multiply two spectra; where the kernel does not wrap around, it is right."""
    spectra = (np.fft.fft2(array, images.shape[1:]) for array in (images, kernel))
    image, turned = spectra
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


def test_rounding_is_no_bug() -> None:
    report = check_conv(conv_by_fft, examples=10)

    assert report.ok, str(report)


@pytest.mark.frameworks
def test_pytorch_passes() -> None:
    torch = pytest.importorskip("torch")
    takes: dict[str, Any] = {"axes": (2,), "empty_batch": False, "bias_shapes": False}

    def enter(array: Array) -> Any:
        native = array.astype(array.dtype.newbyteorder("="))  # PyTorch has no other
        return torch.from_numpy(np.ascontiguousarray(native)).requires_grad_()

    pair = as_pair(
        torch.nn.functional.conv2d,
        enter=enter,
        leave=lambda tensor: tensor.detach().numpy(),
        gradients=partial(torch.autograd.grad, retain_graph=True),
    )

    report = check_conv(*pair, support=Support(**takes, paddings=("int", "each")))

    assert report.ok, str(report)


def in_float32(x: Array, w: Array, b: Array, **settings: Any) -> tuple[Array, Any]:
    arrays = (array.astype(np.float32) for array in (x, w, b))
    return fast.conv_forward(*arrays, **settings)


def test_whole_numbers_are_exact_in_float32() -> None:
    report = check_conv(in_float32, fast.conv_backward, examples=10)

    assert report.ok, str(report)


@pytest.mark.parametrize("ties", ["first", "split", "all"])
def test_the_rule_for_ties_is_found_and_held_to_if_asked(ties: Any) -> None:
    def forward(x: Array, kernel_size: Any, stride: Any = None) -> tuple[Array, Any]:
        return fast.max_pool_forward(x, kernel_size, stride=stride, ties=ties)

    any_rule = check_pool(forward, fast.max_pool_backward, examples=5)
    first = check_pool(forward, fast.max_pool_backward, examples=5, ties="first")

    assert any_rule.ok
    assert f'share by the rule "{ties}"' in "".join(any_rule.remarks)
    assert first.ok == (ties == "first")


def rows_and_columns_swapped(dy: Array, cache: Any) -> Any:
    dx, dw, db = fast.conv_backward(dy.swapaxes(1, 2), cache)
    return dx, dw, db


def test_an_unknown_bug_is_shown_on_a_small_input() -> None:
    def forward(x: Array, w: Array, b: Array) -> tuple[Array, Any]:
        y, cache = fast.conv_forward(x, w, b)
        return y + (y.shape[-2] > 2), cache

    report = check_conv(forward, examples=20)
    bug = report.findings[0]

    assert bug.exhibit is None
    assert bug.got.size <= 9
    assert (bug.got == bug.expected + 1).all()
    assert "smallest input that shows it" in str(report)


def test_a_report_scores_and_draws() -> None:
    report = check_conv(
        fast.conv_forward,
        lambda dy, cache: fast.conv_backward(dy, cache)[:2],
        examples=3,
    )

    scores = json.loads(as_json(report, {"forward equals the loops": 10}))
    page = as_html(report)

    assert not report.ok
    assert scores["out_of"] == scores["laws"].__len__() + 9 - advice(report)
    assert scores["score"] >= 10
    assert scores["bugs"][0]["problem"].startswith("conv_backward returned 2 values")
    assert page.startswith("<!doctype html>")
    assert "http" not in page


def advice(report: Any) -> int:
    return sum(verdict.law.advice for verdict in report.verdicts)


def test_the_same_seed_gives_the_same_report() -> None:
    reports = [
        check_conv(fast.conv_forward, rows_and_columns_swapped, examples=3, seed=7)
        for _ in range(2)
    ]

    assert str(reports[0]) == str(reports[1])
