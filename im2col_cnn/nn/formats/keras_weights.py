"""Weights from Keras and back: kernels lie there as they do here.

    Conv2D            H W I O        DepthwiseConv2D   H W C M, with O = C M
    Dense             I O            BatchNormalization  gamma, beta, mean, variance
    LSTM              I (i f g o)    and the recurrent kernel likewise

Arrays have numbers there, not names: the kernel is 0, the bias 1. A `SeparableConv2D`
is two layers here, a depthwise convolution and one of single pixels.
"""

from collections.abc import Iterable

from ..._checks import as_path
from ..._typing import AnyPath
from ...files.keras import KerasFile, read_keras, write_keras_weights
from ...files.weights import require_network
from ..network import Network
from .pairing import Form, Layout, Place, Weights, layout_of, places, spatial_axes

__all__ = ["load_keras_weights", "save_keras_weights"]

KEYS = "w 0, b 1, slope 0, gamma 0, beta 1, running_mean 2, running_var 3"
NUMBERS = dict(key.split() for key in KEYS.split(", "))
RECURRENT_NUMBERS = {"w": "0", "recurrent": "1", "b": "2"}


def load_keras_weights(
    path: AnyPath, network: Network, *, names: Iterable[str] | None = None
) -> None:
    """
    Fill a network with the weights of a Keras model, in place.

    Parameters
    ----------
    path : path
        A ``.weights.h5``, ``.h5`` or ``.keras`` file.
    network : Sequential or Graph
        Built, with the same layers; the numbers are cast to its dtype.
    names : sequence of str or dict of str to str, optional
        For each layer that has parameters, what it is called in the file; a dict has
        ours to theirs, of some layers or all. By default layers that fit are taken in
        the order of the numbers in their names; where that is not certain, it is
        refused.

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
    require_network(network)
    weights = weights_of(read_keras(path))
    weights.fill(network, forms_of(network), names)


def save_keras_weights(
    path: AnyPath,
    network: Network,
    *,
    like: AnyPath,
    names: Iterable[str] | None = None,
) -> None:
    """
    Write the weights of a network so that ``load_weights`` of a Keras 3 model reads.

    Parameters
    ----------
    path : path
        It must end in ``.weights.h5``: Keras goes by that. Replaced if it exists, in
        one step.
    network : Sequential or Graph
        Built.
    like : path
        A ``.weights.h5`` or ``.keras`` file of that model, trained or not, whose layers
        are taken over.
    names : sequence of str or dict of str to str, optional
        As for `load_keras_weights`.

    Raises
    ------
    OSError, ValueError
        As `load_keras_weights`, if `like` is missing or does not fit; and if `path`
        cannot be written.
    """
    require_network(network)
    file = read_keras(as_path(like, "like"))
    if not file.by_class:
        raise ValueError(f"{file.path}: is none of Keras 3: save_weights makes one")
    arrays = weights_of(file).filled(network, forms_of(network), names)
    placed = {file.places[name]: array for name, array in arrays.items()}
    write_keras_weights(as_path(path, "path"), placed)


def weights_of(file: KerasFile) -> Weights:
    """Return the arrays of a file, a `SeparableConv` as two layers."""
    groups = {}
    for layer, arrays in file.layers.items():
        names = [f"{layer}/{n}" for n in range(len(arrays))]
        if sum(array.ndim > 2 for array in arrays) > 1:
            groups[f"{layer}/depthwise"] = {"0": names.pop(0)}
        groups[layer] = {str(n): name for n, name in enumerate(names)}
    return Weights(file.path, file.arrays, groups, ordered=not file.by_class)


def forms_of(network: Network) -> dict[str, list[Form]]:
    """Return the forms that each layer can have in Keras."""
    return {place.name: possible(place) for place in places(network)}


def possible(place: Place) -> list[Form]:
    """Return the forms that the arrays of a layer can have in Keras."""
    kind, arrays = place.layer.kind, place.layer.arrays
    numbers = RECURRENT_NUMBERS if "recurrent" in arrays else NUMBERS
    form: Form = {}
    for name, array in arrays.items():
        if name not in numbers or kind == "scale":
            raise ValueError(
                f"{place.name}: Keras has no partner of its {name} that is known here"
            )
        letters = "DHWIO"[5 - array.ndim :]
        form[name] = numbers[name], layout_of(letters, letters, array.shape)
    forms = [form]
    if kind == "conv" and arrays["w"].shape[-2] == 1:
        *axes, F = arrays["w"].shape
        C = place.layer.settings["groups"]
        spatial = spatial_axes(len(axes) - 1)
        ours, theirs = (*spatial, "I", "CM"), (*spatial, "C", "IM")
        layout = layout_of(ours, theirs, arrays["w"].shape, C=C, M=F // C)
        forms.append(form | {"w": (NUMBERS["w"], layout)})
    if kind == "prelu":  # of images: axes of length 1 for those that share a slope
        ((name, array),) = arrays.items()
        sizes = {"D": 1, "H": 1, "W": 1, "O": len(array)}
        forms += [
            {name: (NUMBERS[name], Layout((letters,), tuple(letters), sizes))}
            for letters in ("WO", "HWO", "DHWO")
        ]
    return forms
