"""Hand the bugs of the museum in as homework, in the words of each course."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from im2col_cnn.testing.bugs.exhibit import Exhibit
from im2col_cnn.testing.dialects.cs231n import kernels_first, kernels_last
from im2col_cnn.testing.dialects.dialect import Offer, channels_first, channels_last
from im2col_cnn.testing.dialects.table import DIALECTS

__all__ = ["PRESENTED", "offer_of"]


def as_coursera(bug: Exhibit, pad: str = "pad") -> dict[str, Any]:
    def conv_forward(x: Any, w: Any, b: Any, hparameters: Any) -> Any:
        settings = {"stride": hparameters["stride"], "padding": hparameters[pad]}
        y, cache = bug.forward(x, w, b, **settings)
        return y, (x, w, b, hparameters) if pad == "padding" else cache

    def conv_backward(dy: Any, cache: Any) -> Any:
        assert bug.backward is not None
        if pad == "padding":  # the notebook's cache holds the arguments, and no more
            *arrays, hparameters = cache
            settings = {"stride": hparameters["stride"], "padding": hparameters[pad]}
            _, cache = bug.forward(*arrays, **settings)
        return bug.backward(dy, cache)

    def pool_forward(x: Any, hparameters: Any, _mode: str) -> Any:
        f, stride = hparameters["f"], hparameters["stride"]
        return bug.forward(x, (f, f), stride=stride)

    def pool_backward(dy: Any, cache: Any, _mode: str) -> Any:
        assert bug.backward is not None
        return bug.backward(dy, cache)

    def create_mask_from_window(x: Any) -> Any:
        return bug.forward(x)[0]

    def distribute_value(dz: Any, shape: Any) -> Any:
        return bug.forward(np.array([dz]), shape)[0]

    if bug.kind == "conv":
        return {"conv_forward": conv_forward, "conv_backward": conv_backward}
    if bug.kind == "mask":
        return {"create_mask_from_window": create_mask_from_window}
    if bug.kind == "share":
        return {"distribute_value": distribute_value}
    return {"pool_forward": pool_forward, "pool_backward": pool_backward}


def as_notebook(bug: Exhibit) -> dict[str, Any]:
    ours = {
        "conv_forward": "conv_forward_propogation",
        "conv_backward": "conv_backward_propogation",
        "create_mask_from_window": "max_pool",
        "distribute_value": "average_pool",
    }
    presented = as_coursera(bug, "padding")
    return {ours.get(name, name): presented[name] for name in presented}


def as_native(bug: Exhibit) -> dict[str, Any]:
    def im2col(x: Any, kernel_size: Any, **settings: Any) -> Any:
        return bug.forward(x, kernel_size, **settings)[0]

    def col2im(columns: Any, shape: Any, kernel_size: Any, **settings: Any) -> Any:
        assert bug.backward is not None
        _, cache = bug.forward(np.zeros(shape), kernel_size, **settings)
        return bug.backward(columns, cache)

    if bug.kind == "im2col":
        return {"im2col": im2col, "col2im": col2im}
    return {f"{bug.kind}_forward": bug.forward, f"{bug.kind}_backward": bug.backward}


def as_cs231n(bug: Exhibit) -> dict[str, Any]:
    def conv_forward(x: Any, w: Any, b: Any, conv_param: Any) -> Any:
        pad, stride = conv_param["pad"], conv_param["stride"]
        arrays = channels_last(x), kernels_last(w), b
        y, cache = bug.forward(*arrays, stride=stride, padding=pad)
        return channels_first(y), cache

    def conv_backward(dout: Any, cache: Any) -> Any:
        assert bug.backward is not None
        dx, dw, db = bug.backward(np.moveaxis(dout, 1, -1), cache)
        return channels_first(dx), kernels_first(dw), db

    def pool_forward(x: Any, pool_param: Any) -> Any:
        size = pool_param["pool_height"], pool_param["pool_width"]
        y, cache = bug.forward(channels_last(x), size, stride=pool_param["stride"])
        return channels_first(y), cache

    def pool_backward(dout: Any, cache: Any) -> Any:
        assert bug.backward is not None
        return channels_first(bug.backward(np.moveaxis(dout, 1, -1), cache))

    if bug.kind == "conv":
        return {
            "conv_forward_naive": conv_forward,
            "conv_backward_naive": conv_backward,
        }
    return {
        "max_pool_forward_naive": pool_forward,
        "max_pool_backward_naive": pool_backward,
    }


def as_cmu(bug: Exhibit) -> dict[str, Any]:
    class Layer:
        """A layer with the exhibit inside."""

        conv2d_stride1: Any = None
        cache: Any = None

        def backward(self, dLdZ: Any) -> Any:
            assert bug.backward is not None
            found = bug.backward(np.moveaxis(dLdZ, 1, -1), self.cache)
            if bug.kind != "conv":
                return channels_first(found)
            dx, dw, db = found
            self.conv2d_stride1 = SimpleNamespace(dLdW=kernels_first(dw), dLdb=db)
            return channels_first(dx)

    class Conv2d(Layer):
        """Its constructor is the course's."""

        def __init__(  # noqa: PLR0917 - the course's own
            self,
            in_channels: int,
            out_channels: int,
            kernel_size: int,
            stride: int,
            padding: int = 0,
            weight_init_fn: Any = None,
            bias_init_fn: Any = None,
        ) -> None:
            shape = out_channels, in_channels, kernel_size, kernel_size
            self.settings = {"stride": stride, "padding": padding}
            self.arrays = weight_init_fn(*shape), bias_init_fn(out_channels)

        def forward(self, A: Any) -> Any:
            W, b = self.arrays
            arrays = channels_last(A), kernels_last(W), b
            y, self.cache = bug.forward(*arrays, **self.settings)
            return channels_first(y)

    class Pool2d(Layer):
        """Its constructor is the course's."""

        def __init__(self, kernel: int, stride: int) -> None:
            self.kernel, self.stride = kernel, stride

        def forward(self, A: Any) -> Any:
            size = self.kernel, self.kernel
            x = channels_last(A)
            y, self.cache = bug.forward(x, size, stride=self.stride)
            return channels_first(y)

    if bug.kind == "conv":
        return {"Conv2d": Conv2d}
    return {"MaxPool2d" if bug.kind == "max_pool" else "MeanPool2d": Pool2d}


def as_torch(bug: Exhibit) -> dict[str, Any]:
    def pool2d(x: Any, kernel_size: Any, stride: Any = None) -> Any:
        size = (kernel_size,) * 2 if isinstance(kernel_size, int) else kernel_size
        return channels_first(bug.forward(channels_last(x), size, stride=stride)[0])

    def conv2d(  # noqa: PLR0917 - PyTorch's own
        x: Any,
        w: Any,
        b: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
    ) -> Any:
        arrays = channels_last(x), kernels_last(w), b
        if isinstance(padding, tuple):
            padding = tuple((p, p) for p in padding)
        settings = {"stride": stride, "padding": padding, "dilation": dilation}
        return channels_first(bug.forward(*arrays, **settings, groups=groups)[0])

    if bug.kind == "conv":
        return {"conv2d": conv2d}
    return {"max_pool2d" if bug.kind == "max_pool" else "avg_pool2d": pool2d}


PRESENTED: dict[str, Callable[[Exhibit], dict[str, Any]]] = {
    "coursera": as_coursera,
    "notebook": as_notebook,
    "cs231n": as_cs231n,
    "cmu": as_cmu,
    "native": as_native,
    "torch": as_torch,
}


def offer_of(dialect: str, bug: Exhibit) -> Offer | None:
    """Hand a bug in, and read back what the dialect makes of it."""
    offers = DIALECTS[dialect].read(PRESENTED[dialect](bug))
    return next((offer for offer in offers if offer.kind == bug.kind), None)
