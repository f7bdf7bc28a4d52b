"""A convolution with PyTorch's signature, on NumPy arrays."""

import numpy as np


def conv2d(x, w, b, stride=1, padding=0, dilation=1, groups=1):
    (SH, SW), (PH, PW), (DH, DW) = (
        (n, n) if isinstance(n, int) else n for n in (stride, padding, dilation)
    )
    x = np.pad(x, ((0, 0), (0, 0), (PH, PH), (PW, PW)))
    F, depth, KH, KW = w.shape
    N, C, H, W = x.shape
    OH = (H - DH * (KH - 1) - 1) // SH + 1
    OW = (W - DW * (KW - 1) - 1) // SW + 1
    y = np.zeros((N, F, OH, OW))
    for f in range(F):
        g = f // (F // groups)
        for i in range(OH):
            for j in range(OW):
                rows = slice(i * SH, i * SH + DH * (KH - 1) + 1, DH)
                cols = slice(j * SW, j * SW + DW * (KW - 1) + 1, DW)
                patch = x[:, g * depth : (g + 1) * depth, rows, cols]
                y[:, f, i, j] = (patch * w[f]).sum(axis=(1, 2, 3)) + b[f]
    return y
