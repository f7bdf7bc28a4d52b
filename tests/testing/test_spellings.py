"""Bugs as people write them, a line or two of common homework, get their names."""

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from im2col_cnn.testing.grading.diagnosis import name_the_bug
from im2col_cnn.testing.grading.kinds import KINDS, subject_of
from im2col_cnn.testing.grading.search import Trial, draw_trials, try_again
from im2col_cnn.testing.laws.subject import Subject
from im2col_cnn.testing.laws.table import Law, laws_for
from im2col_cnn.testing.support import Support
from tests.profile import in_turn

CONV = """
def forward(A_prev, W, b, *, stride, padding):
    m, n_H_prev, n_W_prev, n_C_prev = A_prev.shape
    f, f, n_C_prev, n_C = W.shape
    n_H = (n_H_prev + 2 * padding - f) // stride + 1
    n_W = (n_W_prev + 2 * padding - f) // stride + 1
    Z = np.zeros((m, n_H, n_W, n_C))
    pads = ((0, 0), (padding, padding), (padding, padding), (0, 0))
    A_prev_pad = np.pad(A_prev, pads)
    for i in range(m):
        a_prev_pad = A_prev_pad[i]
        for h in range(n_H):
            for w in range(n_W):
                for c in range(n_C):
                    up, left = h * stride, w * stride
                    a_slice = a_prev_pad[up : up + f, left : left + f, :]
                    Z[i, h, w, c] = np.sum(a_slice * W[..., c]) + b[c]
    return Z, (A_prev, W, b, stride, padding)

def backward(dZ, cache):
    A_prev, W, b, stride, padding = cache
    m, n_H, n_W, n_C = dZ.shape
    f, f, n_C_prev, n_C = W.shape
    dA_prev, dW, db = np.zeros(A_prev.shape), np.zeros(W.shape), np.zeros(b.shape)
    pads = ((0, 0), (padding, padding), (padding, padding), (0, 0))
    A_prev_pad = np.pad(A_prev, pads)
    dA_prev_pad = np.pad(dA_prev, pads)
    for i in range(m):
        a_prev_pad, da_prev_pad = A_prev_pad[i], dA_prev_pad[i]
        for h in range(n_H):
            for w in range(n_W):
                up, left = h * stride, w * stride
                here = slice(up, up + f), slice(left, left + f)
                for c in range(n_C):
                    da_prev_pad[here] += W[..., c] * dZ[i, h, w, c]
                    dW[..., c] += a_prev_pad[here] * dZ[i, h, w, c]
                    db[c] += dZ[i, h, w, c]
        _, H, V, _ = A_prev.shape
        dA_prev[i] = da_prev_pad[padding : padding + H, padding : padding + V]
    return dA_prev, dW, db
"""
STRANGE = """if padding:
        np.zeros(2).reshape(3)
    return dA_prev, dW, db
"""
POOL = """
def forward(x, kernel_size, *, stride):
    N, H, W, C = x.shape
    size, size = kernel_size
    H_ = (H - size) // stride + 1
    W_ = (W - size) // stride + 1
    out = np.zeros((N, H_, W_, C))
    for n in range(N):
        for i in range(H_):
            for j in range(W_):
                window = x[n, i * stride : i * stride + size, j * stride :, :]
                out[n, i, j] = window[:, :size].max(axis=(0, 1))
    return out, (x, size, stride)

def backward(dout, cache):
    x, size, stride = cache
    N, H_, W_, C = dout.shape
    dx = np.zeros(x.shape)
    for n in range(N):
        for c in range(C):
            for i in range(H_):
                for j in range(W_):
                    r, s = i * stride, j * stride
                    window = x[n, r : r + size, s : s + size, c]
                    k, l = np.unravel_index(window.argmax(), window.shape)
                    dx[n, r + k, s + l, c] += dout[n, i, j, c]
    return dx
"""
AVERAGE = POOL.replace("max(axis", "mean(axis")
SQUARE = Support(
    axes=(2,),
    kernel="one",
    stride="one",
    paddings=(),
    dilation="none",
    groups=False,
    ceil_mode=False,
    empty_batch=False,
    bias_shapes=False,
)
SUPPORT = {
    "conv": replace(SQUARE, paddings=("int",)),
    "max_pool": SQUARE,
    "avg_pool": SQUARE,
}


def first(text: str, *lines: str) -> str:
    """Replace lines where they stand first: a line, another, a line, another, ..."""
    for right, wrong in zip(lines[::2], lines[1::2], strict=True):
        assert right in text
        text = text.replace(right, wrong, 1)
    return text


def last(text: str, *lines: str) -> str:
    """Replace lines where they stand last."""
    for right, wrong in zip(lines[::2], lines[1::2], strict=True):
        assert right in text
        text = wrong.join(text.rsplit(right, 1))
    return text


HEIGHTS = "for h in range(n_H):", "for h in range(n_W):"
WIDTHS = "for w in range(n_W):", "for w in range(n_H):"
WINNER = "k, l = "
IN_PLACE = """most = window.max()
                    window[window < most] = 0
                    window[window == most] = 1
                    dx[n, r : r + size, s : s + size, c] += window * dout[n, i, j, c]
    return dx
"""
CROP = "[padding : padding + H, padding : padding + V]"
EDGES = "left = h * stride, w * stride", "left = h * stride, h * stride"
ROWS_OF_POOL = "i in range(H_)", "i in range(W_)"
COLUMNS_OF_POOL = "j in range(W_)", "j in range(H_)"
BY_STRIDE = "(H - size) // stride + 1", "H // stride"
REACHED = "(N, stride * (H_ - 1) + size, stride * (W_ - 1) + size, C)"
ADDED = "W[..., c] * dZ[i, h, w, c]", "W[..., c] + dZ[i, h, w, c]"
WRONG = "dZ.sum(axis=(0, 1, 3))"
PER_IMAGE = CONV[CONV.index("    for i in range(m):\n        a_prev_pad, da") :]
AT_ONCE = (
    PER_IMAGE,
    """    for h in range(n_H):
        for w in range(n_W):
            up, left = h * stride, w * stride
            here = slice(None), slice(up, up + f), slice(left, left + f)
            dZ_here = dZ[:, h, w]
            dA_prev_pad[here] += np.tensordot(dZ_here, W, (1, 3))
            dW += np.tensordot(A_prev_pad[here], dZ_here, (0, 0))
    _, H, V, _ = A_prev.shape
    dA_prev = dA_prev_pad[:, padding : padding + H, padding : padding + V]
    return dA_prev, dW, dZ.sum((0, 1, 2))
""",
)
SPELLINGS = [
    ("C3", "conv", first(CONV, *AT_ONCE, "here] += np", "here] = np")),
    ("E1", "conv", first(CONV, *AT_ONCE, "dW += ", "dW = ")),
    ("E24", "conv", first(CONV, "prev + 2 * padding", "prev + padding")),
    ("C4a", "conv", first(CONV, "up, left = h * stride", "up, left = h")),
    (
        "C17a",
        "conv",
        last(CONV, "return dA_prev, dW, db", "return dA_prev, dW, " + WRONG),
    ),
    ("C8", "conv", first(CONV, CROP, "[:H, :V]")),
    ("E59", "conv", last(CONV, "(A_prev, W, b, s", "(A_prev_pad, W, b, s")),
    ("E60", "max_pool", first(POOL, "dx[n, r + k, s + l, c]", "dx[n, k, l, c]")),
    ("E27", "conv", first(CONV, "W[..., c]) + b[c]", "W[..., c] + b[c])")),
    ("E29", "conv", first(CONV, "dW, db = np.zeros(", "dW, db = rng.random(")),
    ("E32", "conv", first(CONV, "        dA_prev[i]", "    dA_prev[i]")),
    ("E34", "conv", first(CONV, CROP, "[1:-1, 1:-1]")),
    ("E36", "conv", first(CONV, "        dA_prev[i] = ", "        _ = ")),
    ("E40", "conv", first(CONV, "= A_prev_pad[i]\n", "= A_prev_pad[0]\n")),
    ("E41", "conv", first(CONV, "= A_prev_pad[i], ", "= A_prev_pad[0], ")),
    ("E43", "conv", first(CONV, "    return dA", "        return dA")),
    ("C1j", "conv", first(CONV, "n_W = (n_W_prev", "n_W = (n_H_prev")),
    ("E46", "conv", first(CONV, *HEIGHTS, *WIDTHS)),
    ("E47", "conv", last(CONV, *HEIGHTS, *WIDTHS)),
    ("E48", "conv", first(CONV, *EDGES)),
    ("E49", "conv", last(CONV, *EDGES)),
    ("E52", "conv", first(CONV, "// stride", "/ stride")),
    ("E30", "max_pool", first(POOL, "+= dout", "= dout")),
    ("E44m", "max_pool", first(POOL, "c in range(C)", "c in range(1)")),
    ("S13m and E44m", "max_pool", first(POOL, "    return dx", f"{' ' * 12}return dx")),
    ("C1km", "max_pool", first(POOL, "W_ = (W - size)", "W_ = (H - size)")),
    ("E46m", "max_pool", first(POOL, *ROWS_OF_POOL, *COLUMNS_OF_POOL)),
    ("E46a", "avg_pool", first(AVERAGE, *ROWS_OF_POOL, *COLUMNS_OF_POOL)),
    ("E47m", "max_pool", last(POOL, *ROWS_OF_POOL, *COLUMNS_OF_POOL)),
    (
        "E53m",
        "max_pool",
        first(POOL, *BY_STRIDE, BY_STRIDE[0].replace("H", "W"), "W // stride"),
    ),
    (
        "E55m",
        "max_pool",
        last(POOL, "  for n in range(N):", "  for n in range(N):\n        dx[:] = 0"),
    ),
    ("E57", "max_pool", POOL[: POOL.index(WINNER)] + IN_PLACE),
    ("C13m", "max_pool", last(POOL, "np.zeros(x.shape)", f"np.zeros({REACHED})")),
    ("E72", "conv", last(CONV, "a_prev_pad[here] * dZ", "a_prev[here] * dZ")),
    ("E73", "conv", last(CONV, "up, left = h * s", "up, left = left + h * s")),
    ("E74", "conv", last(CONV, "up, left = h", "W = w; up, left = h")),
    ("E75", "conv", first(CONV, *ADDED)),
    (
        "E84",
        "conv",
        first(CONV, " + b[c]\n    return Z", "\n    Z[i] += b\n    return Z"),
    ),
    ("E86", "conv", last(CONV, "up, left = h * stride", "up, left = h * stride / 1")),
    ("E87", "conv", first(CONV, "(padding, padding), (0, 0))", "(padding, padding))")),
    ("E103", "conv", first(CONV, "= A_prev_pad[i], ", "= None, ")),
    ("E104", "conv", first(CONV, "= A_prev_pad[i], ", "= [[]], ")),
    ("E105", "conv", first(CONV, "np.zeros(A_prev.shape)", "np.zeros(A_prev.shape())")),
    ("E106", "conv", first(CONV, "np.zeros(A_prev.shape)", "np.zeros[A_prev.shape]")),
    ("E107", "conv", first(CONV, "np.zeros(b.shape)", "np.zeros(b.size, 3)")),
]
# What several lines do together.
SEVERAL = {
    "C3 and E32": first(
        CONV,
        *("        dA_prev[i]", "    dA_prev[i]", "db[c] +=", "db[c] ="),
        *("da_prev_pad[here] += ", "da_prev_pad[here] = "),
    ),
    "E75 and S4 and C4b": last(
        first(CONV, CROP, "[padding:-padding, padding:-padding]", *ADDED),
        *("up, left = h * stride, w * stride", "up, left = h, w"),
    ),
}


@in_turn(8)
@pytest.mark.parametrize(
    ("key", "kind", "text"), SPELLINGS, ids=[key for key, *_ in SPELLINGS]
)
def test_a_bug_is_named_as_people_write_it(key: str, kind: str, text: str) -> None:
    subject = handed_in(text, kind)

    found = name_the_bug(broken(subject), subject)

    assert found is not None
    assert found.key == key


@in_turn(4)
@pytest.mark.parametrize("keys", SEVERAL)
def test_several_bugs_as_people_write_them_are_all_named(keys: str) -> None:
    subject = handed_in(SEVERAL[keys], "conv")

    found = name_the_bug(broken(subject), subject)

    assert found is not None
    assert found.key == keys


@in_turn(4)
def test_what_two_bugs_do_to_one_gradient_is_named_by_both() -> None:
    text = last(CONV, "return dA_prev, dW, db", "return dA_prev, dW / m, db")
    again = "        dW = np.zeros(W.shape)\n        a_prev_pad, da"
    subject = handed_in(first(text, "        a_prev_pad, da", again), "conv")

    found = name_the_bug(broken(subject), subject)

    assert found is not None
    assert found.key == "C19b and C19a"


@in_turn(4)
def test_calls_that_fail_with_padding_alone_have_no_name() -> None:
    text = last(CONV, "return dA_prev, dW, db", STRANGE)
    subject = handed_in(text, "conv")

    assert name_the_bug(broken(subject), subject) is None


@in_turn(2)
def test_right_homework_breaks_no_law() -> None:
    for text, kind in (CONV, "conv"), (POOL, "max_pool"):
        assert not broken(handed_in(text, kind))


def handed_in(text: str, kind: str) -> Subject:
    """Run a text, and return its functions as the laws take them."""
    names: dict[str, Any] = {"np": np, "rng": np.random.default_rng(0)}
    exec(text, names)
    return subject_of(kind, names["forward"], names["backward"], SUPPORT[kind])


def broken(subject: Subject) -> list[Trial]:
    """Return the trials of the first law about numbers that is broken."""
    for law in laws_for(subject):
        if law.oracle and not law.follows:
            trials = right_trials(subject.kind, law)
            again = [try_again(subject, trial) for trial in trials]
            if any(trial.failure for trial in again):
                return sorted(again, key=lambda trial: trial.failure is None)
    return []


@cache
def right_trials(kind: str, law: Law) -> list[Trial]:
    """Put a law about numbers to what is right, on inputs that all bugs share."""
    subject = subject_of(kind, *KINDS[kind].oracle, SUPPORT[kind])
    return draw_trials([law], subject, count=40, seed=0)[law.name]
