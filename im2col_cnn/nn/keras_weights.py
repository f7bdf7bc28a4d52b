"""Weights from Keras and back: kernels lie there as they do here.

    Conv2D            H W I O        DepthwiseConv2D   H W C M, with O = C M
    Dense             I O            BatchNormalization  gamma, beta, mean, variance

Arrays have numbers there, not names: the kernel is 0, the bias 1. A `SeparableConv2D`
is two layers here, a depthwise convolution and one of single pixels.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from os import PathLike

from .._checks import as_path
from .._typing import Array
from ..files.keras import read_keras, write_keras_weights
from ..files.weights import require_network
from .layer import Layer
from .network import Sequential
from .pairing import (
    Form,
    Place,
    blank,
    fill,
    filled,
    grouped,
    layout_of,
    pair,
    places,
    spatial_axes,
)

__all__ = ["forms_of", "load_keras_weights", "save_keras_weights"]

KEYS = "w 0, b 1, slope 0, gamma 0, beta 1, running_mean 2, running_var 3"
NUMBERS = dict(key.split() for key in KEYS.split(", "))

CLASSES = {
    "conv": "conv{}d",
    "conv_transpose": "conv{}d_transpose",
    "dense": "dense",
    "batch_norm": "batch_normalization",
    "prelu": "p_re_lu",
}


def load_keras_weights(
    path: str | PathLike[str],
    network: Sequential,
    *,
    names: Iterable[str] | None = None,
) -> None:
    """
    Fill a network with the weights of a Keras model, in place.

    Parameters
    ----------
    path : path
        A ``.weights.h5``, ``.h5`` or ``.keras`` file.
    network : Sequential
        Built, with the same layers; the numbers are cast to its dtype.
    names : iterable of str, optional
        For each layer that has parameters, what it is called in the file. By default
        layers that fit are taken in the order of the numbers in their names; where that
        is not certain, it is refused.

    Raises
    ------
    OSError
        If the file is missing or damaged.
    ValueError
        If it does not fit. The network is unchanged, and a table says what would fit.

    See Also
    --------
    from_keras : Builds the network too.
    save_keras_weights : The way back.
    """
    path = as_path(path, "path")
    require_network(network)
    file = read_keras(path)
    wanted = {place.name: forms_of(place) for place in places(network)}
    names_there = places_of(file.arrays)
    groups = grouped({k: file.arrays[v] for k, v in names_there.items()}, "/")
    partners = pair(path, wanted, groups, names=names, ordered=not file.by_class)
    fill(path, network.layers, groups, partners)


def save_keras_weights(
    path: str | PathLike[str],
    network: Sequential,
    *,
    like: str | PathLike[str] | None = None,
    names: Iterable[str] | None = None,
) -> None:
    """
    Write the weights of a network so that ``load_weights`` of a Keras 3 model reads.

    Parameters
    ----------
    path : path
        It must end in ``.weights.h5``: Keras goes by that. Replaced if it exists, in
        one step.
    network : Sequential
        Built.
    like : path, optional
        A ``.weights.h5`` or ``.keras`` file of the model, whose layers are taken over.
        By default they are those that Keras has for ours: ``Conv2D``, ``Dense`` and so
        on, with a ``Conv2D(groups=)`` for a depthwise one.
    names : iterable of str, optional
        As for `load_keras_weights`; they go with `like`.

    Raises
    ------
    OSError
        If a file cannot be read or written.
    ValueError
        If `like` does not fit, or Keras has no such layer.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import numpy as np
    >>> from im2col_cnn.nn import Dense, Sequential, load_keras_weights
    >>> from im2col_cnn.nn import save_keras_weights
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "model.weights.h5"
    >>> one = Sequential([Dense(2)]).build((3,), rng=np.random.default_rng(1))
    >>> two = Sequential([Dense(2)]).build((3,), rng=np.random.default_rng(2))
    >>> save_keras_weights(path, one)
    >>> load_keras_weights(path, two)
    >>> np.array_equal(one.parameters["dense1.w"], two.parameters["dense1.w"])
    True
    """
    path = as_path(path, "path")
    require_network(network)
    if like is None and names is not None:
        raise ValueError("names are those of a file: say which with like=")
    wanted = {place.name: forms_of(place) for place in places(network)}
    stored: dict[str, Array] = {}
    names_there: dict[str, str] = {}
    if like is None:
        groups, partners = blank(network.layers, wanted, class_names(network.layers))
    else:
        file = read_keras(like := as_path(like, "like"))
        if not file.by_class:
            raise ValueError(f"{like}: is of Keras 2: load it there and save_weights")
        stored, names_there = file.arrays, places_of(file.arrays)
        groups = grouped({k: stored[v] for k, v in names_there.items()}, "/")
        partners = pair(like, wanted, groups, names=names, ordered=False)
    for name, array in filled(network.layers, groups, partners, "/").items():
        stored[names_there.get(name, name)] = array
    write_keras_weights(path, stored)


def forms_of(place: Place) -> list[Form]:
    """Return the forms that the arrays of a layer can have in Keras."""
    kind, arrays, rows = place.layer.kind, place.layer.arrays, place.axes
    if kind not in CLASSES:
        raise ValueError(f"{place.name}: Keras has no partner of {kind} known here")
    form: Form = {}
    for name, array in arrays.items():
        axes: tuple[str, ...] = (rows,)
        if kind == "dense":
            axes = (rows, "O") if name == "w" else ("O",)
        elif name == "w":
            axes = (*spatial_axes(array.ndim - 2), "I", "O")
        form[name] = NUMBERS[name], layout_of(axes, axes, array.shape, **place.sizes)
    forms = [form]
    if kind == "conv" and arrays["w"].shape[-2] == 1:
        C, F = place.layer.settings["groups"], place.layer.settings["filters"]
        spatial = spatial_axes(arrays["w"].ndim - 2)
        depthwise = layout_of(
            *((*spatial, "I", "CM"), (*spatial, "C", "IM")),
            arrays["w"].shape,
            C=C,
            M=F // C,
        )
        forms.append(form | {"w": (NUMBERS["w"], depthwise)})
    if kind == "prelu":  # of images: axes of length 1 for those that share a slope
        (name, array), ones = next(iter(arrays.items())), {"a": 1, "b": 1, "c": 1}
        for n in range(1, 4):
            axes = (*"abc"[:n], rows)
            layout = layout_of(
                ["".join(axes)], axes, array.shape, **place.sizes, **ones
            )
            forms.append({name: (NUMBERS[name], layout)})
    return forms


def places_of(arrays: Mapping[str, Array]) -> dict[str, str]:
    """Return the names of arrays, those of a `SeparableConv` as of two layers."""
    names = {name: name for name in arrays}
    for group, parts in grouped(arrays, "/").items():
        axes = [array.ndim for array in parts.values()][:2]
        if len(axes) == 2 and axes[0] == axes[1] > 2:
            for name in parts:
                part = f"pointwise/{int(name) - 1}" if int(name) else "depthwise/0"
                names[f"{group}/{part}"] = names.pop(f"{group}/{name}")
    return names


def class_names(layers: Mapping[str, Layer]) -> dict[str, str]:
    """Return what Keras would call layers like ours, by class and number."""
    names, counts = {}, Counter[str]()
    for name, layer in layers.items():
        word = CLASSES.get(layer.kind, layer.kind)
        if "w" in layer.arrays:
            word = word.format(layer.arrays["w"].ndim - 2)
        names[name] = f"{word}_{counts[word]}" if counts[word] else word
        counts[word] += 1
    return names
