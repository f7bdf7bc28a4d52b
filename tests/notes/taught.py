"""Teach a network in whole numbers, so that every machine draws the same picture of it.

Fixed kernels look for strokes; only the dense layer learns. All sums are of integers:
nothing is rounded, so the order in which a machine adds does not matter.
"""

from functools import cache
from typing import NamedTuple

import numpy as np

from im2col_cnn import (
    conv_forward,
    dense_backward,
    dense_forward,
    max_pool_forward,
    relu_forward,
)
from im2col_cnn._typing import Array
from im2col_cnn.files import DIGITS, read_dataset

__all__ = ["Taught", "taught"]

SEEN = 0, 16, 32, 64, 128, 256, 512, 1024, 1436  # digits, when it is asked
BATCH = 2
EDGE = np.array([[-1, -1, -1], [0, 0, 0], [1, 1, 1]])
SLOPE = np.array([[-1, -1, 0], [-1, 0, 1], [0, 1, 1]])
KERNELS = np.stack([np.rot90(k, turn) for k in (EDGE, SLOPE) for turn in range(4)], -1)


class Taught(NamedTuple):
    """Test digits, one of each class, and what was said of them as it learned."""

    images: Array
    labels: Array
    seen: tuple[int, ...]  # training digits, at every asking
    answers: Array  # (len(seen), 10)
    right: list[int]  # of all test digits, at every asking
    tested: int


@cache
def taught() -> Taught:
    """Let the dense layer learn from its mistakes, and ask it now and then."""
    digits = read_dataset(DIGITS)
    images, tests = np.asarray(digits.train.images), np.asarray(digits.test.images)
    train, test = features(images), features(tests)
    w = np.zeros((train.shape[1], len(digits.classes)), int)
    said = []
    for start in range(0, SEEN[-1] + 1, BATCH):
        if start in SEEN:
            said.append(answers(test, w))
        batch = slice(start, start + BATCH)
        w = corrected(w, train[batch], digits.train.labels[batch])
    labels = digits.test.labels
    chosen = [int(np.argmax(labels == label)) for label in range(len(digits.classes))]
    return Taught(
        tests[chosen, :, :, 0],
        labels[chosen],
        SEEN,
        np.array(said)[:, chosen],
        [int((each == labels).sum()) for each in said],
        len(labels),
    )


def features(images: Array) -> Array:
    """Look for strokes in eight directions, and keep the strongest nearby."""
    y, _ = conv_forward(images.astype(int), KERNELS[:, :, None], padding="same")
    y, _ = relu_forward(y)
    y, _ = max_pool_forward(y, 2)
    return y.reshape(len(y), -1)


def answers(x: Array, w: Array) -> Array:
    """Name the class of the largest score."""
    scores, _ = dense_forward(x, w)
    return np.asarray(np.argmax(scores, axis=1))


def corrected(w: Array, x: Array, labels: Array) -> Array:
    """Step downhill on how far the largest score lies above that of the label."""
    scores, dense = dense_forward(x, w)
    dy, rows = np.zeros_like(scores), np.arange(len(x))
    np.add.at(dy, (rows, scores.argmax(axis=1)), 1)
    np.add.at(dy, (rows, labels), -1)
    _, dw, _ = dense_backward(dy, dense)
    return w - dw
