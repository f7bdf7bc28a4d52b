"""Layers of the common shapes: ``Conv2D(in, out, k, ...)``, ``forward``, ``backward``.

No two are alike, so a layer is made, and tiny calls tell what it has: the arrays that
are as large as kernels, where gradients are left, whether backward takes the step.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Iterator, Mapping

import numpy as np

from ..support import Support
from .family import CONVOLUTION, ONE_IMAGE, POOLING, family
from .script import Script

__all__ = ["FAMILY"]

C, F, K = 2, 5, 3  # of the layer that is tried; no other axis is as long
H, W = 7, 8
SIZES = {"C": C, "F": F, "K": K, "KH": K, "KW": K, "stride": 1, "padding": 0}
ROLES = {
    "C": (
        "in_channels in_channel input_channels n_inputs channels_in in_ch c_in "
        "input_channel in_c num_channels n_channels channels channel n_in inchannels "
        "input_depth in_depth nb_channels_in in_features"
    ),
    "F": (
        "out_channels out_channel output_channels n_outputs num_filters n_filters "
        "filters filter_amount channels_out out_ch c_out num_kernels depth out_c n_out "
        "outchannels nb_filters output_depth num_filter filter_num output_channel"
    ),
    "K": (
        "kernel_size filter_size k kernel ksize f size kernel_shape filter_shape "
        "kernel_dim kernelsize kernel_width"
    ),
    "stride": "stride strides s step",
    "padding": "padding pad p pads",
    "1.0": "learning_rate lr learn_rate alpha eta",
}
POOL_ROLES = {
    "K": "kernel_size pool_size size k kernel f pool filter_size window_size ksize",
    "stride": ROLES["stride"],
}
BACKWARDS = ("backward", "backprop", "backwards", "backward_propagation", "back")
STEPS = ROLES["1.0"].split()
IMAGES = ("NCHW", "NHWC", "CHW", "HWC")
KERNELS = ("FCHW", "HWCF", "CFHW", "FHWC", "HWFC")
BIASES = ("F", "F1", "1F", "1F11", "111F", "F11", "11F")


@dataclass
class Tried:
    """A layer that ran forward: how it was made, and what it has."""

    make: str
    x: str
    weights: str
    w: str
    bias: str
    b: str
    support: Support
    height: int = H


def scripts_of(names: Mapping[str, Any]) -> Iterator[Script]:
    """Yield the scripts of the classes of a file that look like layers."""
    for name, layer in names.items():
        if not inspect.isclass(layer) or not callable(getattr(layer, "forward", None)):
            continue
        lower = name.lower()
        try:
            if "pool" in lower:
                kind = "avg_pool" if "avg" in lower or "mean" in lower else "max_pool"
                yield from pooling(name, layer, kind)
            elif "conv" in lower and "transpose" not in lower:
                yield from convolution(name, layer)
        except Exception:  # a constructor may raise what it will
            continue


def arguments(layer: Any, roles: Mapping[str, str]) -> str | None:
    """Return what a constructor is to be given, by the names of its parameters."""
    found = []
    parameters = list(inspect.signature(layer).parameters.values())
    for parameter in parameters:
        name = parameter.name.lower().lstrip("_")
        role = next((r for r, words in roles.items() if name in words.split()), None)
        if role is not None:
            found.append(f"{parameter.name}={role}")
        elif parameter.default is parameter.empty and parameter.kind in (
            parameter.POSITIONAL_ONLY,
            parameter.POSITIONAL_OR_KEYWORD,
            parameter.KEYWORD_ONLY,
        ):
            return None
    return ", ".join(found)


def convolution(name: str, layer: Any) -> Iterator[Script]:
    """Yield the scripts of a convolution, one for each layout that runs."""
    given = arguments(layer, ROLES)
    if given is None or not all(f"={role}" in given for role in "FK"):
        return
    for size in ("K", "(KH, KW)"):
        make = f"layer = {name}({given.replace('=K', '=' + size)})"
        for tried in forwards(layer, make):
            yield from backwards(layer, tried)
            return


def forwards(layer: Any, make: str) -> Iterator[Tried]:
    """Yield the layouts of images in which the output has the right shape.

    Square images come last: they tell less, but some layers take no others.
    """
    known = {**SIZES, layer.__name__: layer}
    for height, x in product((H, W), IMAGES):
        made = build(make, known)
        held = {
            key: value
            for key, value in vars(made).items()
            if isinstance(value, np.ndarray)
        }
        sizes = {"N": 3, "C": C, "F": F, "H": K, "W": K}
        kernels = [
            (key, layout)
            for key, value in held.items()
            for layout in KERNELS
            if value.shape == tuple(sizes[c] for c in layout)
        ]
        biases = [
            (key, layout)
            for key, value in held.items()
            for layout in BIASES
            if value.shape == tuple(sizes.get(c, 1) for c in layout)
        ]
        if not kernels:
            return
        images = {**sizes, "H": height, "W": W}
        image = np.ones([images[c] for c in x])
        try:
            y = first_of(made.forward(image))
        except Exception:  # not in this layout
            continue
        out = {**images, "H": height - K + 1, "W": W - K + 1}
        if np.shape(y) != tuple(out[c] for c in x.replace("C", "F")):
            continue
        (weights, w), (bias, b) = kernels[0], (biases or [("", "F")])[0]
        support = CONVOLUTION if x.startswith("N") else ONE_IMAGE
        support = replace(
            support,
            kernel="one",
            stride="one" if "=stride" in make else "none",
            paddings=("int",) if "=padding" in make else (),
            bias=bool(bias),
        )
        yield Tried(make, x, weights, w, bias, b, support, height)


def build(make: str, known: Mapping[str, Any]) -> Any:
    """Make a layer by a line."""
    names = dict(known)
    exec(make, names)
    return names["layer"]


def first_of(found: Any) -> Any:
    """Return an output without its cache."""
    return found[0] if isinstance(found, tuple) and found else found


def backwards(layer: Any, tried: Tried) -> Iterator[Script]:
    """Yield the script of a layer: where backward leaves its gradients is tried."""
    weights, bias = tried.weights, tried.bias
    forward = [tried.make, f"layer.{weights} = 1.0 * w"]
    forward += [f"layer.{bias} = 1.0 * b"] if bias else []
    forward += ["y = layer.forward(x)"]
    script = Script(
        "conv",
        "\n".join(forward),
        layouts={"x": tried.x, "w": tried.w, "b": tried.b},
        support=tried.support,
    )
    lines = backward_lines(layer, tried)
    yield script.but(backward="\n".join(lines)) if lines else script


def backward_lines(layer: Any, tried: Tried) -> list[str]:
    """Return the lines that call backward and fetch the gradients, if it has one."""
    method = next((m for m in BACKWARDS if hasattr(layer, m)), None)
    if method is None:
        return []
    call = call_of(getattr(layer, method), method)
    if not call:
        return []
    known = {**SIZES, layer.__name__: layer}
    made = build(tried.make, known)
    sizes = {"N": 3, "C": C, "F": F, "H": tried.height, "W": W}
    image = np.random.default_rng(0).normal(size=[sizes[c] for c in tried.x])
    y = np.asarray(first_of(made.forward(image)))
    before = {
        key: value.copy()
        for key, value in vars(made).items()
        if isinstance(value, np.ndarray)
    }
    try:
        found = eval(call, {"layer": made, "dy": np.ones(y.shape)})
    except Exception:  # it is broken, in whatever way: the usual names then
        return [f"dx = {call}", "dw = layer.dW or layer.dw or layer.grad_w"] + (
            ["db = layer.db or layer.dB or layer.grad_b"] if tried.bias else []
        )
    if isinstance(found, tuple) and len(found) == 3:
        return [f"dx, dw, db = {call}"]
    has_dx = np.shape(first_of(found)) == image.shape
    lines = [f"dx = {call}" if has_dx else call]
    if isinstance(found, tuple) and len(found) == 2:
        lines = [f"dx, dw = {call}"]
    held = vars(made)
    if not has_dx:
        left = left_by(held, before, image.shape, "x")
        lines += [f"dx = layer.{left}"] if left else []
    for role, key in (("w", tried.weights), ("b", tried.bias)):
        if not key or (role == "w" and lines[0].startswith("dx, dw")):
            continue
        left = left_by(held, before, before[key].shape, key)
        if left:
            lines.append(f"d{role} = layer.{left}")
        elif not np.array_equal(held[key], before[key]):
            lines.append(f"d{role} = {role} - layer.{key}")
    return lines


def call_of(method: Any, name: str) -> str:
    """Return the call of a backward: with a learning rate of 1 where it wants one."""
    given: list[str] = []
    for parameter in list(inspect.signature(method).parameters.values())[1:]:
        if not given:
            given.append("dy")
        elif parameter.name.lower() in STEPS:
            given.append(f"{parameter.name}=1.0")
        elif parameter.default is parameter.empty:
            return ""
    return f"layer.{name}({', '.join(given)})" if given else ""


def left_by(held: Any, before: Any, shape: Any, key: str) -> str:
    """Return the name of the gradient that backward left: of this shape, and new."""
    for name, value in held.items():
        if name == key or np.shape(value) != tuple(shape):
            continue
        if not isinstance(value, np.ndarray) or not looks_like_gradient(name, key):
            continue
        if name not in before or not np.array_equal(before[name], value):
            return str(name)
    return ""


def looks_like_gradient(name: str, key: str) -> bool:
    """Tell whether a name is that of a gradient: dW, d_weights, weights_grad, ..."""
    lower = name.lower().lstrip("_")
    return (
        "grad" in lower
        or lower.startswith(("d", "delta", "nabla"))
        or (lower.endswith("_d") or f"d{key.lower()}" in lower)
    )


def pooling(name: str, layer: Any, kind: str) -> Iterator[Script]:
    """Yield the scripts of a pooling."""
    given = arguments(layer, POOL_ROLES)
    if given is None or "=K" not in given:
        return
    strides = "=stride" in given
    support = replace(POOLING, kernel="one", stride="one", stride_is_kernel=not strides)
    method = next((m for m in BACKWARDS if hasattr(layer, m)), None)
    call = call_of(getattr(layer, method), method) if method else ""
    for size in ("K", "(KH, KW)"):
        make = f"layer = {name}({given.replace('=K', '=' + size)})"
        for x in IMAGES:
            one = replace(support, one_image=not x.startswith("N"))
            yield Script(
                kind,
                f"{make}\ny = layer.forward(x)",
                f"dx = {call}" if call else "",
                layouts={"x": x},
                support=one,
            )


FAMILY = family("classes", more=scripts_of)
