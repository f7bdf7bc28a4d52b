"""Say which layers of ours do what a layer of Keras does.

    {"class_name": "Conv2D", "config": {"filters": 4, "activation": "relu", ...}}
        -> Conv(4, ...), ReLU()                with the kernel and the bias of the file

A class or a setting that no layer here has is refused: an answer that is a little wrong
is worse than none.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from ..._checks import quoted
from ..._typing import Array
from ..activations import (
    Clip,
    HardSigmoid,
    HardSwish,
    LeakyReLU,
    PReLU,
    ReLU,
    ReLU6,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
)
from ..convolution import Conv, ConvTranspose
from ..dense import Dense
from ..dropout import Dropout
from ..layer import Layer
from ..merging import Add, Concat, Multiply
from ..normalization import BatchNorm
from ..pooling import AvgPool, GlobalAvgPool, GlobalMaxPool, MaxPool
from ..preprocessing import Rescale
from ..recurrent import LSTM
from ..reshaping import Flatten, Reshape
from ..resizing import Crop, Pad, Upsample
from ..scale import Scale

__all__ = ["Described", "Step", "steps_of"]

# What has no influence on the answer of a trained network.
WITHOUT_INFLUENCE = {
    *("name", "trainable", "dtype", "seed", "batch_input_shape", "input_dtype"),
    *("renorm_momentum", "renorm_clipping", "synchronized"),
    *("unroll", "use_cudnn", "zero_output_for_mask"),
}
SMALLEST_DEVIATION = 1e-7  # that Keras divides by
IN_TRAINING = ("_initializer", "_regularizer", "_constraint")


class Step(NamedTuple):
    """A layer of ours and its arrays."""

    layer: Layer
    arrays: dict[str, Array]


@dataclass
class Described:
    """A layer of the file: its settings, to be taken once each, and its arrays."""

    kind: str
    settings: dict[str, Any]
    arrays: list[Array]
    axes: int  # spatial ones of what it reads; 0 for vectors
    channels: int | None  # of what it reads, if that comes from no other layer
    channels_first: bool
    keras: str  # its version
    flattens_as_stored: bool = False  # channel by channel, though ours does not

    def take(self, name: str, default: Any = None) -> Any:
        """Return a setting, lists as tuples."""
        value = self.settings.pop(name, default)
        return tuple(value) if isinstance(value, list) else value

    def need(self, name: str, *known: Any) -> None:
        """Refuse a setting that has another value than those known, or none."""
        value = self.take(name, known[0])
        if value not in known:
            raise ValueError(f"{name} = {quoted(value)} is not known here")

    def axis(self) -> int:
        """Return an axis as ours, from the last one, which is that of the channels."""
        found = self.take("axis", -1)
        found, *others = found if isinstance(found, tuple) else (found,)
        count = self.axes + 2
        if others or not -count <= found < count or found % count == 0:
            raise ValueError(f"axis = {quoted(found)} is not one of an image")
        if self.channels_first and self.axes:
            found = count - 1 if found % count == 1 else found % count - 1
        return int(found) % count - count

    def need_channels(self) -> None:
        """Refuse an axis that is not that of the channels."""
        given = self.settings.get("axis", -1)
        if self.axis() != -1:
            raise ValueError(f"axis = {given} is not that of the channels")

    def axes_after(self, steps: list[Step]) -> int:
        """Return how many spatial axes there are behind this layer."""
        axes = self.axes
        for layer in (step.layer for step in steps):
            if layer.kind == "flatten" or any(
                layer.settings.get(name) is False
                for name in ("keepdims", "return_sequences")
            ):
                axes = 0
            elif layer.kind == "reshape":
                axes = len(layer.settings["shape"]) - 1
        return axes

    def finish(self) -> None:
        """Refuse a format of images of its own, and settings that are not known."""
        fmt = "channels_first" if self.channels_first else "channels_last"
        self.need("data_format", fmt, None)
        for name, value in self.settings.items():
            harmless = name in WITHOUT_INFLUENCE or name.endswith(IN_TRAINING)
            if not harmless and value not in (None, False):
                raise ValueError(f"{name} = {quoted(value)} is not known here")

    def array(self, number: int, *, axes: int) -> Array:
        """Return an array of the file."""
        if number >= len(self.arrays) or self.arrays[number].ndim != axes:
            shapes = [array.shape for array in self.arrays]
            raise ValueError(f"array {number} must have {axes} axes, of {shapes}")
        return self.arrays[number]

    def convolution(self) -> dict[str, Any]:
        """Return the settings that all convolutions have."""
        return {
            "stride": self.take("strides", 1),
            "padding": self.padding(),
            "bias": self.take("use_bias", True),
        }

    def padding(self) -> Any:
        """Return the padding, a word."""
        word = self.take("padding", "valid")
        if word not in ("valid", "same"):
            raise ValueError(f"padding = {quoted(word)} is not known here")
        return word

    def weighted(self, layer: Layer, w: Array, *, bias_at: int = 1) -> Step:
        """Return a layer with its weights, and with its bias if it has one."""
        if not layer.settings["bias"]:
            return Step(layer, {"w": w})
        return Step(layer, {"w": w, "b": self.array(bias_at, axes=1)})

    def activation(self) -> list[Step]:
        """Return the activation as a layer of its own; none if it is linear."""
        found = self.take("activation", "linear")
        if isinstance(found, dict):  # Keras 3 writes layers and functions as objects
            kind, settings = str(found.get("class_name")), found.get("config")
            if isinstance(settings, dict):
                return steps_of(
                    replace(self, kind=kind, settings=dict(settings), arrays=[])
                )
            found = settings
        if found in (None, "linear"):
            return []
        if not isinstance(found, str) or found not in ACTIVATIONS:
            raise ValueError(f"activation = {quoted(found)} is not known here")
        return [Step(ACTIVATIONS[found](self), {})]


def convolution(d: Described) -> list[Step]:
    """Translate Conv1D to Conv3D."""
    layer = Conv(
        d.take("filters"),
        d.take("kernel_size"),
        dilation=d.take("dilation_rate", 1),
        groups=d.take("groups", 1),
        **d.convolution(),
    )
    return [d.weighted(layer, d.array(0, axes=d.axes + 2)), *d.activation()]


def transposed(d: Described) -> list[Step]:
    """Translate Conv1DTranspose to Conv3DTranspose."""
    d.need("output_padding", None)
    d.need("dilation_rate", (1,) * d.axes, 1)
    kernel_size, settings = d.take("kernel_size"), d.convolution()
    if settings["padding"] == "valid":  # what no kernel reaches is there all the same
        pairs = zip(settings["stride"], kernel_size, strict=True)
        settings["output_padding"] = tuple(max(step - size, 0) for step, size in pairs)
    layer = ConvTranspose(d.take("filters"), kernel_size, **settings)
    return [d.weighted(layer, d.array(0, axes=d.axes + 2)), *d.activation()]


def depthwise(d: Described) -> list[Step]:
    """Translate DepthwiseConv1D and 2D, and SeparableConv1D and 2D."""
    w = d.array(0, axes=d.axes + 2)
    *kernel, C, M = w.shape
    settings = {**d.convolution(), "dilation": d.take("dilation_rate", 1)}
    settings["groups"], kernel_size = C, d.take("kernel_size")
    d.need("depth_multiplier", M)
    d.need("groups", 1)  # which Keras 2 wrote here, too
    w = w.reshape(*kernel, 1, C * M)
    if d.kind.startswith("Depthwise"):
        layer = Conv(C * M, kernel_size, **settings)
        return [d.weighted(layer, w), *d.activation()]
    mixing = Conv(d.take("filters"), (1,) * d.axes, bias=settings["bias"])
    return [
        Step(Conv(C * M, kernel_size, **{**settings, "bias": False}), {"w": w}),
        d.weighted(mixing, d.array(1, axes=d.axes + 2), bias_at=2),
        *d.activation(),
    ]


def dense(d: Described) -> list[Step]:
    """Translate Dense; on images it is a convolution of single pixels."""
    units, bias, w = d.take("units"), d.take("use_bias", True), d.array(0, axes=2)
    if d.channels_first and d.axes:
        raise ValueError(
            "multiplies the last axis of images, which is not the channels"
        )
    ones = (1,) * d.axes
    layer = Conv(units, ones, bias=bias) if d.axes else Dense(units, bias=bias)
    return [d.weighted(layer, w.reshape(*ones, *w.shape)), *d.activation()]


def lstm(d: Described) -> list[Step]:
    """Translate LSTM, whose gates lie there as here: i, f, g and o."""
    d.need("activation", "tanh")
    d.need("recurrent_activation", "sigmoid")
    if d.channels_first or d.axes != 1:
        raise ValueError("reads sequences, and channels are their last axis")
    for name in ("dropout", "recurrent_dropout", "unit_forget_bias", "implementation"):
        d.take(name)  # of training, or of how it is computed
    layer = LSTM(d.take("units"), return_sequences=d.take("return_sequences", False))
    arrays = {"w": d.array(0, axes=2), "recurrent": d.array(1, axes=2)}
    if d.take("use_bias", True):
        arrays["b"] = d.array(2, axes=1)
    else:
        arrays["b"] = np.zeros(arrays["w"].shape[1], arrays["w"].dtype)
    return [Step(layer, arrays)]


def batch_norm(d: Described) -> list[Step]:
    """Translate BatchNormalization; its momentum is 1 minus ours."""
    d.need_channels()
    learned = {"gamma": d.take("scale", True), "beta": d.take("center", True)}
    names = [name for name, has in learned.items() if has]
    arrays = {
        name: d.array(n, axes=1)
        for n, name in enumerate([*names, "running_mean", "running_var"])
    }
    mean = arrays["running_mean"]
    arrays = {"gamma": np.ones_like(mean), "beta": np.zeros_like(mean)} | arrays
    momentum = round(1 - d.take("momentum", 0.99), 9)  # not 0.010000000000000009
    return [Step(BatchNorm(momentum=momentum, epsilon=d.take("epsilon", 1e-3)), arrays)]


def pooling(d: Described) -> list[Step]:
    """Translate MaxPooling1D to AveragePooling3D."""
    make = MaxPool if d.kind.startswith("Max") else AvgPool
    size = d.take("pool_size", 2)
    layer = make(size, stride=d.take("strides"), padding=d.padding())
    return [Step(layer, {})]


def global_pooling(d: Described) -> list[Step]:
    """Translate GlobalMaxPooling1D to GlobalAveragePooling3D."""
    make = GlobalMaxPool if "Max" in d.kind else GlobalAvgPool
    return [Step(make(keepdims=d.take("keepdims", False)), {})]


def flat(d: Described) -> list[Step]:
    """Translate Flatten, which turns channels last first, or says that it does not."""
    order = d.take("data_format", "channels_last")
    d.flattens_as_stored = d.channels_first and order != "channels_first"
    return [Step(Flatten(), {})] if d.axes else []


def dropping(d: Described) -> list[Step]:
    """Translate Dropout; what disturbs training in other ways is left out."""
    rate, noise_shape = d.take("rate"), d.take("noise_shape")
    plain = d.kind == "Dropout" and noise_shape is None
    d.take("stddev")
    return [Step(Dropout(rate), {})] if plain else []


def merging(d: Described) -> list[Step]:
    """Translate Add, Multiply and Concatenate."""
    if d.kind == "Concatenate":
        return [Step(Concat(axis=d.axis()), {})]
    return [Step(Add() if d.kind == "Add" else Multiply(), {})]


def rectified(d: Described) -> list[Step]:
    """Translate ReLU and LeakyReLU."""
    d.need("threshold", 0, None)
    default = 0.3 if d.kind == "LeakyReLU" else 0
    slope = d.take("alpha", d.take("negative_slope", default)) or 0
    most = d.take("max_value")
    if most is None:
        return [Step(LeakyReLU(float(slope)) if slope else ReLU(), {})]
    if slope:
        raise ValueError(f"max_value = {quoted(most)} with a slope is not known here")
    return [Step(ReLU6() if most == 6 else Clip(0, most), {})]


def slopes(d: Described) -> list[Step]:
    """Translate PReLU with one slope per channel."""
    d.take("shared_axes")
    alpha = d.array(0, axes=d.axes + 1)
    channels = alpha.shape[0 if d.channels_first else -1]
    if alpha.size != channels:
        raise ValueError(f"has slopes of shape {alpha.shape}, not one per channel")
    return [Step(PReLU(), {"slope": alpha.ravel()})]


def rescaling(d: Described) -> list[Step]:
    """Translate Rescaling; by channel, it is a layer that can also learn."""
    scale, offset, C = d.take("scale", 1.0), d.take("offset", 0.0), d.channels
    if not isinstance(scale, tuple) and not isinstance(offset, tuple) and scale > 0:
        return [Step(Rescale(1 / scale, offset=offset), {})]
    if C is None:
        raise ValueError("scales channels that other layers give out: put it first")
    arrays = {"w": np.full(C, scale, "f4"), "b": np.full(C, offset, "f4")}
    return [Step(Scale(), arrays)]


def normalization(d: Described) -> list[Step]:
    """Translate Normalization, whose mean and variance are settings or arrays."""
    d.need_channels()
    given = d.take("mean"), d.take("variance")
    mean, variance = (
        (d.array(n, axes=1) if value is None else np.ravel(np.asarray(value, "f4")))
        for n, value in enumerate(given)
    )
    w = 1 / np.maximum(np.sqrt(variance), np.float32(SMALLEST_DEVIATION))
    return [Step(Scale(), {"w": w, "b": -mean * w})]


def padding(d: Described) -> list[Step]:
    """Translate ZeroPadding1D to Cropping3D."""
    make, name = (Pad, "padding") if "Padding" in d.kind else (Crop, "cropping")
    pixels = d.take(name)
    if isinstance(pixels, tuple):
        pixels = (pixels,) if d.axes == 1 else tuple(map(tuple, pixels))
    return [Step(make(pixels), {})]


def upsampling(d: Described) -> list[Step]:
    """Translate UpSampling1D to UpSampling3D."""
    d.need("interpolation", "nearest")
    return [Step(Upsample(d.take("size")), {})]


def reshaping(d: Described) -> list[Step]:
    """Translate Reshape; where channels come first, only to single pixels."""
    target = d.take("target_shape")
    if d.channels_first and sorted(target)[:-1] != [1] * (len(target) - 1):
        raise ValueError(f"target_shape = {quoted(target)} with channels first")
    if len(target) == 1:
        d.flattens_as_stored = d.channels_first
        return [Step(Flatten(), {})]
    *ones, C = sorted(target) if d.channels_first else target
    return [Step(Reshape((*ones, C)), {})]


ACTIVATIONS: dict[str, Callable[[Described], Layer]] = {
    "hard_sigmoid": lambda d: HardSigmoid(slope=0.2 if d.keras < "3" else 1 / 6),
    "hard_silu": lambda _: HardSwish(),
    "hard_swish": lambda _: HardSwish(),
    "leaky_relu": lambda _: LeakyReLU(0.2),
    "relu": lambda _: ReLU(),
    "relu6": lambda _: ReLU6(),
    "sigmoid": lambda _: Sigmoid(),
    "silu": lambda _: SiLU(),
    "softmax": lambda d: Softmax(axis=d.axis()),
    "swish": lambda _: SiLU(),
    "tanh": lambda _: Tanh(),
}
AXES = (1, 2, 3)
TRANSLATIONS: dict[str, Callable[[Described], list[Step]]] = {
    **{f"Conv{n}D": convolution for n in AXES},
    **{f"Conv{n}DTranspose": transposed for n in AXES},
    **{f"DepthwiseConv{n}D": depthwise for n in AXES},
    **{f"SeparableConv{n}D": depthwise for n in AXES},
    **{f"MaxPooling{n}D": pooling for n in AXES},
    **{f"AveragePooling{n}D": pooling for n in AXES},
    **{f"GlobalMaxPooling{n}D": global_pooling for n in AXES},
    **{f"GlobalAveragePooling{n}D": global_pooling for n in AXES},
    **{f"ZeroPadding{n}D": padding for n in AXES},
    **{f"Cropping{n}D": padding for n in AXES},
    **{f"UpSampling{n}D": upsampling for n in AXES},
    **{f"SpatialDropout{n}D": dropping for n in AXES},
    **dict.fromkeys(("Add", "Concatenate", "Multiply"), merging),
    **dict.fromkeys(("ReLU", "LeakyReLU"), rectified),
    "Activation": Described.activation,
    "BatchNormalization": batch_norm,
    "Dense": dense,
    "Dropout": dropping,
    "Flatten": flat,
    "GaussianNoise": dropping,
    "LSTM": lstm,
    "Normalization": normalization,
    "PReLU": slopes,
    "Rescaling": rescaling,
    "Reshape": reshaping,
    "Softmax": lambda d: [Step(Softmax(axis=d.axis()), {})],
}


def steps_of(d: Described) -> list[Step]:
    """Return a layer of the file as layers of ours."""
    if d.kind not in TRANSLATIONS:
        way_out = "code of strangers is not run: " if d.kind == "Lambda" else ""
        raise ValueError(
            f"{quoted(d.kind)} is no kind of layer known here: {way_out}save the model "
            f"without it, or with layers that do the same"
        )
    number = re.search(r"([123])D", d.kind)
    if number and int(number[1]) != d.axes:
        raise ValueError(f"slides along {number[1]} axes, of {d.axes}")
    steps = TRANSLATIONS[d.kind](d)
    d.finish()
    return steps
