"""A right implementation of our own in the interface of every course, and mistakes."""

__all__ = ["FAMILIES", "MISTAKES", "POOL_MISTAKES", "PRELUDE", "source_of"]

PRELUDE = """
import numpy as np


def windows(x, KH, KW, SH, SW):
    view = np.lib.stride_tricks.sliding_window_view(x, (KH, KW), (2, 3))
    return view[:, :, ::SH, ::SW]


def padded(x, p, q):
    return np.pad(x, ((0, 0), (0, 0), (p, p), (q, q)))


def convolve(x, w, b, SH=1, SW=1, p=0, q=0):
    F, C, KH, KW = w.shape
    view = windows(padded(x, p, q), KH, KW, SH, SW)
    return np.einsum("ncijyx,fcyx->nfij", view, w) + b.reshape(-1, 1, 1)


def convolve_back(dy, x, w, SH=1, SW=1, p=0, q=0):
    F, C, KH, KW = w.shape
    N, C, H, W = x.shape
    wide = padded(x, p, q)
    dx = np.zeros(wide.shape)
    dw = np.einsum("nfij,ncijyx->fcyx", dy, windows(wide, KH, KW, SH, SW))
    for n, f, i, j in np.ndindex(dy.shape):
        dx[n, :, i * SH : i * SH + KH, j * SW : j * SW + KW] += dy[n, f, i, j] * w[f]
    db = dy.sum((0, 2, 3))
    return dx[:, :, p : p + H, q : q + W], dw, db


def pool(x, KH, KW, SH, SW):
    return windows(x, KH, KW, SH, SW).max((-1, -2))


def pool_back(dy, x, KH, KW, SH, SW):
    dx = np.zeros(x.shape)
    for n, c, i, j in np.ndindex(dy.shape):
        patch = x[n, c, i * SH : i * SH + KH, j * SW : j * SW + KW]
        y, x_ = np.unravel_index(np.argmax(patch), patch.shape)
        dx[n, c, i * SH + y, j * SW + x_] += dy[n, c, i, j]
    return dx


def first(x):
    return x.transpose(0, 3, 1, 2)


def last(x):
    return x.transpose(0, 2, 3, 1)


"""
MISTAKES = (
    (" + b.reshape(-1, 1, 1)", ""),
    ("+= dy[n, f, i, j] * w[f]", "= dy[n, f, i, j] * w[f]"),
    ('"nfij,ncijyx->fcyx", dy', '"nfij,ncijyx->fcyx", 2 * dy'),
)
POOL_MISTAKES = (
    (".max((-1, -2))", ".max((-1, -2)) + 1"),
    ("+= dy[n, c, i, j]", "= dy[n, c, i, j]"),
    ("i * SH + y", "i + y"),
)
FAMILIES = {
    "saitoh": """
class Convolution:
    def __init__(self, W, b, stride=1, pad=0):
        self.W, self.b, self.s, self.p = W, b, stride, pad

    def forward(self, x):
        self.x = x
        return convolve(x, self.W, self.b, self.s, self.s, self.p, self.p)

    def backward(self, dout):
        s, p = self.s, self.p
        dx, self.dW, self.db = convolve_back(dout, self.x, self.W, s, s, p, p)
        return dx


class Pooling:
    def __init__(self, pool_h, pool_w, stride=1, pad=0):
        self.size = pool_h, pool_w, stride, stride

    def forward(self, x):
        self.x = x
        return pool(x, *self.size)

    def backward(self, dout):
        return pool_back(dout, self.x, *self.size)
""",
    "holberton": """
def around(A_prev, W, padding, stride):
    if padding == "valid":
        return 0, 0
    return W.shape[0] // 2, W.shape[1] // 2


def conv_forward(A_prev, W, b, activation, padding="same", stride=(1, 1)):
    around_it = around(A_prev, W, padding, stride)
    return activation(last(convolve(first(A_prev), W.transpose(3, 2, 0, 1), b, *stride,
                                    *around_it)))


def conv_backward(dZ, A_prev, W, b, padding="same", stride=(1, 1)):
    around_it = around(A_prev, W, padding, stride)
    w = W.transpose(3, 2, 0, 1)
    dx, dw, db = convolve_back(first(dZ), first(A_prev), w, *stride, *around_it)
    return last(dx), dw.transpose(2, 3, 1, 0), db.reshape(1, 1, 1, -1)


def pool_forward(A_prev, kernel_shape, stride=(1, 1), mode="max"):
    if mode == "avg":
        return last(windows(first(A_prev), *kernel_shape, *stride).mean((-1, -2)))
    return last(pool(first(A_prev), *kernel_shape, *stride))


def pool_backward(dA, A_prev, kernel_shape, stride=(1, 1), mode="max"):
    if mode == "avg":
        C = A_prev.shape[3]
        KH, KW = kernel_shape
        w = np.einsum("fc,yx->fcyx", np.eye(C), np.full((KH, KW), 1 / (KH * KW)))
        return last(convolve_back(first(dA), first(A_prev), w, *stride)[0])
    return last(pool_back(first(dA), first(A_prev), *kernel_shape, *stride))
""",
    "dlcourse": """
class Param:
    def __init__(self, value):
        self.value, self.grad = value, np.zeros_like(value)


class ConvolutionalLayer:
    def __init__(self, in_channels, out_channels, filter_size, padding):
        self.W = Param(np.zeros((filter_size, filter_size, in_channels, out_channels)))
        self.B, self.p = Param(np.zeros(out_channels)), padding

    def forward(self, X):
        self.X = X
        w = self.W.value.transpose(3, 2, 0, 1)
        return last(convolve(first(X), w, self.B.value, 1, 1, self.p, self.p))

    def backward(self, d_out):
        w = self.W.value.transpose(3, 2, 0, 1)
        dx, dw, db = convolve_back(first(d_out), first(self.X), w, 1, 1, self.p, self.p)
        self.W.grad += dw.transpose(2, 3, 1, 0)
        self.B.grad += db
        return last(dx)


class MaxPoolingLayer:
    def __init__(self, pool_size, stride):
        self.size = pool_size, pool_size, stride, stride

    def forward(self, X):
        self.X = X
        return last(pool(first(X), *self.size))

    def backward(self, d_out):
        return last(pool_back(first(d_out), first(self.X), *self.size))
""",
    "fau": """
class Conv:
    def __init__(self, stride_shape, convolution_shape, num_kernels):
        self.stride = stride_shape
        self.weights = np.zeros((num_kernels, *convolution_shape))
        self.bias = np.zeros(num_kernels)

    def forward(self, input_tensor):
        self.is_line = self.weights.ndim == 3
        self.x, self.w = self.planes(input_tensor), self.planes(self.weights)
        *_, KH, KW = self.w.shape
        SH, SW = (1, *self.stride) if self.is_line else self.stride
        self.settings = SH, SW, KH // 2, KW // 2
        return self.lines(convolve(self.x, self.w, self.bias, *self.settings))

    def backward(self, error_tensor):
        error_tensor = self.planes(error_tensor)
        dx, dw, db = convolve_back(error_tensor, self.x, self.w, *self.settings)
        self.gradient_weights, self.gradient_bias = self.lines(dw), db
        return self.lines(dx)

    def planes(self, array):
        return array[:, :, None] if self.is_line else array

    def lines(self, array):
        return array[:, :, 0] if self.is_line else array


class Pooling:
    def __init__(self, stride_shape, pooling_shape):
        self.size = (*pooling_shape, *stride_shape)

    def forward(self, input_tensor):
        self.x = input_tensor
        return pool(input_tensor, *self.size)

    def backward(self, error_tensor):
        return pool_back(error_tensor, self.x, *self.size)
""",
    "gatech": """
class Conv2D:
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1, padding=0):
        self.s, self.p = stride, padding
        self.weight = np.zeros((out_channels, in_channels, kernel_size, kernel_size))
        self.bias = np.zeros(out_channels)

    def forward(self, x):
        self.x = x
        return convolve(x, self.weight, self.bias, self.s, self.s, self.p, self.p)

    def backward(self, dout):
        settings = self.s, self.s, self.p, self.p
        found = convolve_back(dout, self.x, self.weight, *settings)
        self.dx, self.dw, self.db = found


class MaxPooling:
    def __init__(self, kernel_size, stride):
        self.size = kernel_size, kernel_size, stride, stride

    def forward(self, x):
        self.x = x
        return pool(x, *self.size)

    def backward(self, dout):
        self.dx = pool_back(dout, self.x, *self.size)
""",
    "alescontrela": """
def convolution(image, filt, bias, s=1):
    return convolve(image[None], filt, bias, s, s)[0]


def convolutionBackward(dconv_prev, conv_in, filt, s):
    dx, dw, db = convolve_back(dconv_prev[None], conv_in[None], filt, s, s)
    return dx[0], dw, db.reshape(-1, 1)


def maxpool(image, f=2, s=2):
    return pool(image[None], f, f, s, s)[0]


def maxpoolBackward(dpool, orig, f, s):
    return pool_back(dpool[None], orig[None], f, f, s, s)[0]
""",
    "zhou": """
class Conv3x3:
    def __init__(self, num_filters):
        self.filters = np.zeros((num_filters, 3, 3))

    def forward(self, input):
        self.x = input[None, None]
        b = np.zeros(len(self.filters))
        return convolve(self.x, self.filters[:, None], b)[0].transpose(1, 2, 0)

    def backprop(self, d_L_d_out, learn_rate):
        dy = d_L_d_out.transpose(2, 0, 1)[None]
        _, dw, _ = convolve_back(dy, self.x, self.filters[:, None])
        self.filters -= learn_rate * dw[:, 0]
""",
    "independent": """
class Convolutional:
    def __init__(self, input_shape, kernel_size, depth):
        C, H, W = input_shape
        self.kernels = np.zeros((depth, C, kernel_size, kernel_size))
        self.biases = np.zeros((depth, H - kernel_size + 1, W - kernel_size + 1))

    def forward(self, input):
        self.x = input[None]
        b = np.zeros(len(self.kernels))
        return convolve(self.x, self.kernels, b)[0] + self.biases

    def backward(self, output_gradient, learning_rate):
        dx, dw, _ = convolve_back(output_gradient[None], self.x, self.kernels)
        self.kernels -= learning_rate * dw
        self.biases -= learning_rate * output_gradient
        return dx[0]
""",
    "cmu": """
class Conv1d:
    def __init__(self, in_channels, out_channels, kernel_size, stride,
                 weight_init_fn=None, bias_init_fn=None):
        self.W = weight_init_fn(out_channels, in_channels, kernel_size)
        self.b, self.s = bias_init_fn(out_channels), stride

    def forward(self, A):
        self.x = A[:, :, None]
        return convolve(self.x, self.W[:, :, None], self.b, 1, self.s)[:, :, 0]

    def backward(self, dLdZ):
        w = self.W[:, :, None]
        dx, dw, self.dLdb = convolve_back(dLdZ[:, :, None], self.x, w, 1, self.s)
        self.dLdW = dw[:, :, 0]
        return dx[:, :, 0]
""",
    "classes": """
class MyConvLayer:
    def __init__(self, n_inputs, n_outputs, filter_size, stride=1, padding=0):
        self.filters = np.zeros((n_outputs, n_inputs, filter_size, filter_size))
        self.offsets, self.s, self.p = np.zeros((1, n_outputs)), stride, padding

    def forward(self, x):
        self.x = x
        s, p = self.s, self.p
        return convolve(x, self.filters, self.offsets, s, s, p, p)

    def backward(self, dout, learning_rate):
        s, p = self.s, self.p
        dx, dw, db = convolve_back(dout, self.x, self.filters, s, s, p, p)
        self.filters = self.filters - learning_rate * dw
        self.offsets = self.offsets - learning_rate * db
        return dx
""",
    "functions": """
def conv_forward(X, W, b, stride=1, padding=1):
    y = convolve(X, W, b, stride, stride, padding, padding)
    return y, (X, W, stride, padding)


def conv_backward(dout, cache):
    X, W, s, p = cache
    dx, dw, db = convolve_back(dout, X, W, s, s, p, p)
    return dx, dw, db.reshape(-1, 1)
""",
}


def source_of(family: str, old: str = "", new: str = "") -> str:
    """Write the homework of a family, with a mistake."""
    text = PRELUDE + FAMILIES[family]
    assert old in text
    return text.replace(old, new) if old else text
