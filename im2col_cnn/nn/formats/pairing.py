"""Pair the arrays of a network with those of another framework's file, and copy them.

    conv1.w    H W I O    <->    features.0.weight   O I H W
    dense1.w   HWC  O     <->    classifier.weight   O  CHW     behind a Flatten

An array holds the same numbers in both, its axes in another order: a `Layout` writes
both orders down. Arrays come in groups, one per layer. A group is the partner of a
layer that has its name, or the first that has its shapes, in the order of the numbers
in their names; where that order says nothing, the user has to.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from math import prod
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ..._checks import by, printable, quoted
from ..._typing import Array, Shape
from ...files.keras import in_order
from ...files.weights import cast_finite
from ..layer import Layer
from ..network import Network

__all__ = ["Form", "Layout", "Place", "Weights", "layout_of", "places", "spatial_axes"]


def spatial_axes(n: int) -> str:
    """Return the letters of so many spatial axes."""
    return "DHW"[3 - n :]


class Layout(NamedTuple):
    """
    The order of axes, ours and theirs: a letter for each, and a word for merged ones.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn.nn.formats.pairing import Layout
    >>> layout = Layout(("HC", "O"), ("O", "CH"), {"H": 2, "C": 2, "O": 1})
    >>> layout.inward(np.array([[1, 2, 3, 4]]))
    array([[1],
           [3],
           [2],
           [4]])
    """

    ours: tuple[str, ...]
    theirs: tuple[str, ...]
    sizes: Mapping[str, int]

    @property
    def shape(self) -> Shape:
        """The shape of their array."""
        return tuple(prod(self.sizes[a] for a in axis) for axis in self.theirs)

    def inward(self, array: Array) -> Array:
        """Return their array as ours."""
        return self.moved(array, self.theirs, self.ours)

    def outward(self, array: Array) -> Array:
        """Return our array as theirs."""
        return self.moved(array, self.ours, self.theirs)

    def moved(
        self, array: Array, source: tuple[str, ...], target: tuple[str, ...]
    ) -> Array:
        """Return an array with its axes in another order."""
        before, after = "".join(source), "".join(target)
        split = array.reshape([self.sizes[a] for a in before])
        return split.transpose([before.index(a) for a in after]).reshape(
            [prod(self.sizes[a] for a in axis) for axis in target]
        )


def layout_of(
    ours: Iterable[str], theirs: Iterable[str], shape: Shape, **sizes: int
) -> Layout:
    """Return a layout by the shape of our array, and the sizes of merged axes."""
    ours = tuple(ours)
    lone = {axis: n for axis, n in zip(ours, shape, strict=True) if len(axis) == 1}
    return Layout(ours, tuple(theirs), {**sizes, **lone})


# By array of ours: what theirs is called in its layer, and how its axes lie.
Form: TypeAlias = dict[str, tuple[str, Layout]]
Forms: TypeAlias = dict[str, list[Form]]  # by layer: those that it can have
Partners: TypeAlias = dict[str, tuple[str, Form]]  # by layer: theirs, and its form


class Place(NamedTuple):
    """A layer with arrays, and the shape of the image that its vectors once were."""

    name: str
    layer: Layer
    image: Shape | None  # () for vectors that were none, None if not one whole

    @property
    def axes(self) -> str:
        """The axes of that image: HWC, say."""
        if self.image is None:
            raise ValueError(
                f"{self.name} reads images that were flattened and then joined or cut: "
                f"the order of its rows is not known"
            )
        return f"{spatial_axes(len(self.image) - 1)}C" if self.image else "I"

    @property
    def sizes(self) -> dict[str, int]:
        """Its size along each axis."""
        return dict(zip(self.axes, self.image, strict=True)) if self.image else {}


def places(network: Network) -> Iterator[Place]:
    """Yield the layers that have arrays, in order."""
    shapes = {**network.input_shapes, **network.shapes}
    images: dict[str, Shape | None] = {}
    for name, layer in network.layers.items():
        first, *others = {images.get(read, ()) for read in network.reads[name]}
        image = None if others or (first and layer.kind == "concat") else first
        if layer.kind in ("flatten", "reshape") and not image:
            image = shapes[network.reads[name][0]]
        if layer.arrays:
            yield Place(name, layer, image)
        if len(shapes[name]) > 1 or layer.kind == "dense":
            image = ()
        elif image and prod(image) != shapes[name][0]:  # only some of it is left
            image = None
        images[name] = image


def as_partners(names: Any, layers: list[str]) -> Mapping[str, str]:
    """Return what the user said, by layer, of whose partners are whose."""
    if names is None:
        return {}
    if isinstance(names, str | set | frozenset) or not np.iterable(names):
        raise TypeError(
            f"names must be a list or a dict of ours to theirs, got {quoted(names)}"
        )
    if isinstance(names, Mapping):
        for name in names.keys() - layers:
            raise ValueError(f"names: {quoted(name)} is none of {', '.join(layers)}")
        return names
    given = list(names)
    if len(given) != len(layers):
        raise ValueError(
            f"names must name a layer of the file for each of {len(layers)} layers, "
            f"got {len(given)}"
        )
    return dict(zip(layers, given, strict=True))


class Weights(NamedTuple):
    """The arrays of another framework's file, in groups, one per layer of theirs."""

    path: Path
    arrays: dict[str, Array]
    groups: dict[str, dict[str, str]]  # by layer and role, the names of arrays
    ordered: bool  # whether the groups stand in the order of layers

    def fill(self, network: Network, forms: Forms, names: Iterable[str] | None) -> None:
        """Copy the arrays into a network, all or none."""
        ready = []
        for ours, theirs, layout in self.links(network, forms, names):
            name = printable(f"{self.path}: {theirs}")
            array = cast_finite(self.arrays[theirs], ours.dtype, name)
            ready.append((ours, layout.inward(array)))
        for ours, array in ready:
            ours[...] = array

    def filled(
        self, network: Network, forms: Forms, names: Iterable[str] | None
    ) -> dict[str, Array]:
        """Return the arrays, with the numbers of a network where it has any."""
        return self.arrays | {
            theirs: cast_finite(
                layout.outward(ours), self.arrays[theirs].dtype, printable(theirs)
            )
            for ours, theirs, layout in self.links(network, forms, names)
        }

    def links(
        self, network: Network, forms: Forms, names: Iterable[str] | None
    ) -> list[tuple[Array, str, Layout]]:
        """Return every array of a network, with the name and the layout of theirs."""
        return [
            (network.layers[layer].arrays[ours], self.groups[group][role], layout)
            for layer, (group, form) in self.partners(forms, names).items()
            for ours, (role, layout) in form.items()
        ]

    def partners(self, forms: Forms, names: Iterable[str] | None) -> Partners:
        """Return the partner of every layer; `names` has them if the user said so."""
        free = list(self.groups) if self.ordered else in_order(self.groups)
        if names is None and forms.keys() <= self.groups.keys():
            names = list(forms)
        given = as_partners(names, [*forms])
        found: Partners = {}
        for layer, possible in forms.items():
            unsaid = [group for group in free if group not in given.values()]
            fitting = {
                group: form
                for group in ({given[layer]} & {*free} if layer in given else unsaid)
                for form in possible
                if {role: layout.shape for role, layout in form.values()}
                == {r: self.arrays[k].shape for r, k in self.groups[group].items()}
            }
            alike = {re.sub(r"_?\d+", "", group) for group in fitting}
            if not fitting:
                raise self.misfit(f"{layer} has no partner", forms, found)
            if len(alike) > 1 and not self.ordered:
                options = ", ".join(fitting)
                raise self.misfit(f"{layer} could be any of {options}", forms, found)
            found[layer] = next(iter(fitting.items()))
            free.remove(found[layer][0])
        if free:
            raise self.misfit(f"{free[0]} has no partner", forms, found)
        return found

    def misfit(self, reason: str, forms: Forms, found: Partners) -> ValueError:
        """Return an error with a table: each layer, and its partner if it is found."""
        rows = [("network", "file")]
        for layer, possible in forms.items():
            group, form = found.get(layer, ("-", possible[0]))
            shapes = [by(layout.shape) for _, layout in form.values()]
            rows.append((" ".join([layer, *shapes]), group))
        taken = {group for group, _ in found.values()}
        for group, names in self.groups.items():
            if group not in taken:
                arrays = [self.arrays[name] for name in names.values()]
                arrays.sort(key=lambda array: -array.ndim)
                shapes = [by(array.shape) for array in arrays]
                rows.append(("-", " ".join([group, *shapes])))
        wide = max(len(left) for left, _ in rows)
        lines = (f"  {left:{wide}}  {printable(right)}" for left, right in rows)
        table = "\n".join(lines)
        return ValueError(
            f"{self.path}: {printable(reason)}; names=[...] says which layer of the "
            f"file belongs to which of ours:\n{table}"
        )
