"""Say what is done: images pass through layers, and gradients come back.

One convolution is a case, one pooling is, and a whole network that learns: each is a
chain of layers of `im2col_cnn.nn`, unbuilt. Whoever can run such a chain can take part.
"""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from math import prod
from typing import Any, NamedTuple, Self

import numpy as np

from .._checks import as_per_axis, by
from .._typing import Array, Shape
from ..nn.convolution import Conv, ConvTranspose
from ..nn.dense import Dense
from ..nn.layer import Layer, named_by_kind
from ..nn.network import Sequential
from ..nn.pooling import AvgPool, MaxPool
from ..nn.reshaping import Flatten
from ..nn.serialization import describe, read_layers
from ..placing import transposed_window
from ..window import Window

__all__ = ["RATE", "Case", "Stage", "cut", "sliding"]

RATE = 2.0**-10  # of learning


class Stage(NamedTuple):
    """One layer of the chain, as it stands there."""

    name: str
    layer: Layer
    shape: Shape  # of what an image becomes
    cost: int  # additions and multiplications for one number of that
    window: Window | None  # where one slides

    @property
    def turns(self) -> int:
        """How often loops turn for an image: once a filter's window, a pooled pixel."""
        per_number = 1 if isinstance(self.layer, Conv | ConvTranspose) else self.cost
        return prod(self.shape) * per_number if self.window else 0

    @property
    def divides(self) -> bool:
        """Whether the last window ends where the padded image does."""
        axes = self.window.axes if self.window else ()
        return not any((a.padded_size - a.span) % a.stride for a in axes)


@dataclass(frozen=True)
class Case:
    """Images of shape (N, H, W, C), and the layers they pass through."""

    name: str
    input: Shape
    layers: tuple[Layer, ...]
    learns: bool = False  # a step goes on to a loss, and moves the parameters

    @property
    def images(self) -> int:
        """How many there are."""
        N, *_ = self.input
        return N

    @property
    def convolution(self) -> Conv | None:
        """The only layer, if it is a convolution."""
        first, *rest = self.layers
        return first if isinstance(first, Conv) and not rest else None

    @property
    def operations(self) -> int:
        """Additions and multiplications of forward; a step has three times as many."""
        return self.images * sum(prod(s.shape) * s.cost for s in self.stages())

    @property
    def bytes(self) -> int:
        """What passes between the layers in float32, there and back, at least."""
        shapes = self.input[1:], *(stage.shape for stage in self.stages())
        return 2 * 4 * self.images * sum(map(prod, shapes))

    @property
    def numbers(self) -> dict[str, Any]:
        """What it is, as numbers; a convolution as `conv_forward` takes it."""
        described = {"input": self.input, "layers": describe(self.layers)}
        conv = self.convolution
        if conv is None:
            return described
        settings = {k: getattr(conv, k) for k in ("stride", "padding", "groups")}
        kernel = conv.array_shapes(self.input[1:])["w"]
        return {**described, "kernel": kernel, "settings": settings}

    def stages(self) -> Iterator[Stage]:
        """Walk through the layers; refuse, as they do, what does not fit."""
        _, *spatial, C = self.input
        shape: Shape = (*spatial, C)
        for name, layer in named_by_kind(self.layers).items():
            cost, window = 1, None
            match layer:
                case Conv() | MaxPool() | AvgPool():
                    *spatial, C = shape
                    window = Window(spatial, layer.kernel_size, **sliding(layer))
                    cost = prod(window.kernel_size)
                    if isinstance(layer, Conv):
                        cost, C = 2 * cost * C // layer.groups, layer.filters
                    shape = (*window.output_size, C)
                case ConvTranspose():
                    *spatial, C = shape
                    kernel = as_per_axis(
                        layer.kernel_size, "kernel_size", len(spatial), at_least=1
                    )
                    window, size = transposed_window(
                        tuple(spatial),
                        kernel,
                        output_padding=layer.output_padding,
                        output_size=None,
                        **sliding(layer),
                    )
                    # What every pixel of x paints, shared out among those of y.
                    painted = prod(spatial) * prod(kernel) * C // layer.groups
                    cost = max(2 * painted // prod(size), 1)
                    shape = (*size, layer.filters)
                case Flatten():
                    shape = (prod(shape),)
                case Dense():
                    cost, shape = 2 * prod(shape), (layer.features,)
            yield Stage(name, layer, shape, cost, window)

    def network(self, parameters: dict[str, Array] | None = None) -> Sequential:
        """Build the layers, with these parameters if there are any."""
        network = Sequential(deepcopy(self.layers))
        network.build(self.input[1:], rng=np.random.default_rng(0))
        for name, array in (parameters or {}).items():
            network.parameters[name][...] = array
        return network

    def with_images(self, N: int) -> Self:
        """Return the same with another number of images."""
        return replace(self, name=f"{self.name} x {N}", input=(N, *self.input[1:]))

    def written(self) -> dict[str, Any]:
        """Return it in words that JSON knows."""
        return {**vars(self), "layers": describe(self.layers)}

    @classmethod
    def read(cls, written: dict[str, Any]) -> Self:
        """Return what `written` wrote."""
        shape, layers = tuple(written["input"]), tuple(read_layers(written))
        return cls(**{**written, "input": shape, "layers": layers})

    def __str__(self) -> str:
        """Write what happens to which images."""
        steps = ", ".join(map(in_words, self.layers))
        return f"{by(self.input)}: {steps}{', learning' if self.learns else ''}"


def sliding(layer: Conv | ConvTranspose | MaxPool | AvgPool) -> dict[str, Any]:
    """Return how its window slides, in the words of `im2col`."""
    stride = layer.kernel_size if layer.stride is None else layer.stride
    return {"stride": stride, "padding": layer.padding, "dilation": layer.dilation}


def in_words(layer: Layer) -> str:
    """Write a layer as its kind and what makes it special."""
    words = [layer.kind.replace("_", " ")]
    match layer:
        case Conv() | ConvTranspose():
            words += [str(layer.filters), "of", sized(layer.kernel_size)]
        case MaxPool() | AvgPool():
            words += [sized(layer.kernel_size)]
        case Dense():
            words += [str(layer.features)]
    marks = {"stride": (1, None), "padding": (0,), "groups": (1,)}
    for name, usual in marks.items():
        value = layer.settings.get(name, usual[0])
        if value not in usual:
            words += [name, str(value)]
    return " ".join(words)


def sized(kernel: Any) -> str:
    """Write the size of a kernel; a lone number is a square."""
    return by((kernel, kernel) if isinstance(kernel, int) else kernel)


def cut(case: Case, most: int) -> Case:
    """Return a corner of one image, on which loops turn about `most` times."""
    _, *spatial, C = case.input
    case = replace(case, input=(1, *spatial, C))
    while sum(stage.turns for stage in case.stages()) > most:
        spatial = [max(size // 2, 1) for size in spatial]
        smaller = replace(case, input=(1, *spatial, C))
        if smaller == case or not is_like(smaller, case):
            break
        case = smaller
    return case


def is_like(one: Case, other: Case) -> bool:
    """Tell whether windows fit and end alike: not everybody can do all that we can."""
    try:
        ends = [stage.divides for stage in one.stages()]
    except ValueError:  # one does not fit any more
        return False
    return ends == [stage.divides for stage in other.stages()]
