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
from typing import NamedTuple, TypeAlias

from .._checks import by, printable
from .._typing import Array, Shape
from ..files.keras import in_order
from ..files.weights import cast_finite
from .layer import Layer
from .network import Sequential

__all__ = [
    "Form",
    "Groups",
    "Layout",
    "Place",
    "blank",
    "fill",
    "filled",
    "grouped",
    "layout_of",
    "pair",
    "places",
    "spatial_axes",
]


def spatial_axes(n: int) -> str:
    """Return the letters of so many spatial axes."""
    return "DHW"[3 - n :]


class Layout(NamedTuple):
    """
    The order of axes, ours and theirs: a letter for each, and a word for merged ones.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn.nn.pairing import Layout
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


# One array of ours after another: what theirs is called, and how its axes lie.
Form: TypeAlias = dict[str, tuple[str, Layout]]
Groups: TypeAlias = dict[str, dict[str, Array]]


class Place(NamedTuple):
    """A layer with arrays, and the shape of the image that its vectors once were."""

    name: str
    layer: Layer
    image: Shape

    @property
    def axes(self) -> str:
        """The axes of that image: HWC, say."""
        return f"{spatial_axes(len(self.image) - 1)}C" if self.image else "I"

    @property
    def sizes(self) -> dict[str, int]:
        """Its size along each axis."""
        return dict(zip(self.axes, self.image, strict=True)) if self.image else {}


def places(network: Sequential) -> Iterator[Place]:
    """Yield the layers that have arrays, in order."""
    image: Shape = ()
    shape = network.input_shape
    for name, layer in network.layers.items():
        if layer.kind == "flatten":
            image = shape
        elif layer.kind == "dense" and layer.arrays:
            yield Place(name, layer, image)
            image = ()
        elif layer.arrays:
            yield Place(name, layer, image)
        shape = network.shapes[name]
        image = image if len(shape) == 1 else ()


def pair(
    path: Path,
    wanted: Mapping[str, list[Form]],
    groups: Groups,
    *,
    names: Iterable[str] | None,
    ordered: bool,
) -> dict[str, tuple[str, Form]]:
    """
    Return the partner of every layer, and the form in which it has our arrays.

    Parameters
    ----------
    path : path
        Of the file, for refusals.
    wanted : mapping of str to list of Form
        By layer: the forms its arrays can have there.
    groups : dict
        Their arrays, by layer and name.
    names : iterable of str or None
        The partners, in the order of `wanted`, if the user said so.
    ordered : bool
        Whether the groups stand in the order of layers.
    """
    free = list(groups) if ordered else in_order(groups)
    if names is None and wanted.keys() <= groups.keys():
        names = list(wanted)
    given = None if names is None else list(names)
    found: dict[str, tuple[str, Form]] = {}
    if given is not None and len(given) != len(wanted):
        raise ValueError(
            f"names must name one layer of the file for each of {len(wanted)} layers, "
            f"got {len(given)}"
        )
    for n, (layer, forms) in enumerate(wanted.items()):
        options = free if given is None else [g for g in free if g == given[n]]
        fitting = [
            (group, form)
            for group in options
            for form in forms
            if {role: layout.shape for role, layout in form.values()}
            == {role: array.shape for role, array in groups[group].items()}
        ]
        alike = {re.sub(r"_?\d+", "", group) for group, _ in fitting}
        if not fitting or (len(alike) > 1 and not ordered):
            reason = f"{layer} has no partner" + (
                f": any of {', '.join(group for group, _ in fitting)} could be it"
                if fitting
                else ""
            )
            raise misfit(path, reason, wanted, groups, found)
        found[layer] = fitting[0]
        free.remove(fitting[0][0])
    if free:
        raise misfit(path, f"{free[0]} has no partner", wanted, groups, found)
    return found


def misfit(
    path: Path,
    reason: str,
    wanted: Mapping[str, list[Form]],
    groups: Groups,
    found: Mapping[str, tuple[str, Form]],
) -> ValueError:
    """Return an error with a table: each layer, and its partner if it is found."""
    rows = [("network", "file")]
    for layer, forms in wanted.items():
        _, form = found.get(layer, ("", forms[0]))
        shapes = " ".join(by(layout.shape) for _, layout in form.values())
        rows.append((f"{layer} {shapes}", described(groups, found.get(layer))))
    taken = {group for group, _ in found.values()}
    rows += [("-", described(groups, (g, {}))) for g in groups if g not in taken]
    wide = max(len(left) for left, _ in rows)
    table = "\n".join(f"  {left:{wide}}  {right}" for left, right in rows)
    return ValueError(
        f"{path}: {printable(reason)}; names=[...] says which layer of the file "
        f"belongs to which of ours:\n{table}"
    )


def described(groups: Groups, partner: tuple[str, Form] | None) -> str:
    """Return the name and the shapes of a group in one line."""
    if partner is None:
        return "-"
    shapes = " ".join(by(array.shape) for array in groups[partner[0]].values())
    return printable(f"{partner[0]} {shapes}")


def fill(
    path: Path,
    layers: Mapping[str, Layer],
    groups: Groups,
    partners: Mapping[str, tuple[str, Form]],
) -> None:
    """Copy their arrays into layers, all or none."""
    ready = []
    for layer, (group, form) in partners.items():
        for ours, (role, layout) in form.items():
            array = layers[layer].arrays[ours]
            name = printable(f"{path}: {group} {role}")
            theirs = cast_finite(groups[group][role], array.dtype, name)
            ready.append((array, layout.inward(theirs)))
    for array, theirs in ready:
        array[...] = theirs


def filled(
    layers: Mapping[str, Layer],
    groups: Groups,
    partners: Mapping[str, tuple[str, Form]],
    separator: str,
) -> dict[str, Array]:
    """Return what our layers hold as their arrays, by name."""
    ready = {}
    for layer, (group, form) in partners.items():
        for ours, (role, layout) in form.items():
            array = layout.outward(layers[layer].arrays[ours])
            ready[f"{group}{separator}{role}"] = cast_finite(
                array, groups[group][role].dtype, f"{layer}.{ours}"
            )
    return ready


def grouped(arrays: Mapping[str, Array], separator: str) -> Groups:
    """Return arrays by layer and role, which stands behind the last separator."""
    groups: Groups = {}
    for name, array in arrays.items():
        group, _, role = name.rpartition(separator)
        groups.setdefault(group, {})[role] = array
    return groups


def blank(
    layers: Mapping[str, Layer],
    wanted: Mapping[str, list[Form]],
    names: Mapping[str, str],
) -> tuple[Groups, dict[str, tuple[str, Form]]]:
    """Return partners for layers that have none in any file, under new names."""
    partners = {layer: (names[layer], forms[0]) for layer, forms in wanted.items()}
    groups = {
        group: {role: layers[layer].arrays[ours] for ours, (role, _) in form.items()}
        for layer, (group, form) in partners.items()
    }
    return groups, partners
