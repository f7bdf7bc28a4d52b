"""A student's convolution under this package's names: stride and padding only."""

import numpy as np

from .resampling import Downsample2d


def im2col(x, kernel_size, stride=1, padding=0):
    KH, KW = kernel_size
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    N, H, W, C = x.shape
    rows = [
        x[n, i : i + KH, j : j + KW].ravel()
        for n in range(N)
        for i in range(0, H - KH + 1, stride)
        for j in range(0, W - KW + 1, stride)
    ]
    return np.array(rows)


def conv_forward(x, w, b, stride=1, padding=0):
    KH, KW, C, F = w.shape
    N, H, W, _ = x.shape
    OH = (H + 2 * padding - KH) // stride + 1
    OW = (W + 2 * padding - KW) // stride + 1
    columns = im2col(x, (KH, KW), stride, padding)
    y = (columns @ w.reshape(-1, F) + b).reshape(N, OH, OW, F)
    return y, None


def conv2d(x, w, b, stride=1, padding=0):
    raise NotImplementedError
