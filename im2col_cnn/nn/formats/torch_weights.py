"""Weights from PyTorch and back, in the safetensors format.

    ours                     theirs
    conv1.w      H W I O     0.weight             O I H W
    dense1.w     I O         3.weight             O I
    batch_norm1  gamma, beta, running_mean, running_var
                             1.weight, bias, running_mean, running_var

Behind a `Flatten` the rows of a dense layer follow the pixels, which PyTorch writes
channel by channel.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ..._checks import as_path, in_a_line, quoted
from ..._typing import AnyPath, Array
from ...files.atomic import write_whole
from ...files.origin import require_origin
from ...files.weights import require_network
from ..network import Network
from .pairing import Form, Place, Weights, layout_of, places, spatial_axes

__all__ = ["load_torch_weights", "save_torch_weights"]

ROLES = {
    "w": "weight",
    "b": "bias",
    "slope": "weight",
    "gamma": "weight",
    "beta": "bias",
    "running_mean": "running_mean",
    "running_var": "running_var",
}
COUNTER = "num_batches_tracked"  # the one that has no influence on what is computed


def load_torch_weights(
    path: AnyPath,
    network: Network,
    *,
    names: Iterable[str] | None = None,
    flattened: str | None = None,
) -> None:
    """
    Fill a network with the weights of a PyTorch model, in place.

    Parameters
    ----------
    path : path
        What ``safetensors.torch.save_file(model.state_dict(), path)`` wrote.
    network : Sequential or Graph
        Built, with the same layers; the numbers are cast to its dtype.
    names : iterable of str, optional
        For each layer that has parameters, what it is called in the file: ``"fc1"`` for
        ``fc1.weight`` and ``fc1.bias``. By default layers that fit are taken in the
        order of the numbers in their names; where that is not certain, it is refused.
    flattened : str, optional
        The order of axes in which the model flattens images: ``"CHW"`` by default, as
        PyTorch stores them, ``"WHC"`` for one that permutes them before.

    Raises
    ------
    ModuleNotFoundError
        If safetensors is not installed.
    OSError
        If the file is missing or damaged.
    ValueError
        If it does not fit. The network is unchanged, and a table says what would fit.

    See Also
    --------
    save_torch_weights : The way back.

    Examples
    --------
    >>> from im2col_cnn.nn import load_torch_weights
    >>> load_torch_weights("lenet.safetensors", network)  # doctest: +SKIP
    """
    require_network(network)
    weights = read(as_path(path, "path"))
    weights.fill(network, forms_of(network, flattened), names)


def save_torch_weights(
    path: AnyPath,
    network: Network,
    *,
    like: AnyPath,
    names: Iterable[str] | None = None,
    flattened: str | None = None,
) -> None:
    """
    Write the weights of a network so that a PyTorch model can load them.

    Parameters
    ----------
    path : path
        For ``model.load_state_dict(safetensors.torch.load_file(path))``. Replaced if it
        exists, in one step.
    network : Sequential or Graph
        Built.
    like : path
        A file of that model's own weights, trained or not, whose names and dtypes are
        taken over; what the network does not have stays as it is there.
    names, flattened
        As for `load_torch_weights`.

    Raises
    ------
    ModuleNotFoundError, OSError, ValueError
        As `load_torch_weights`, if `like` is missing or does not fit; and if `path`
        cannot be written.
    """
    require_network(network)
    weights, path = read(as_path(like, "like")), as_path(path, "path")
    arrays = weights.filled(network, forms_of(network, flattened), names)
    # The library reads memory as it lies.
    ready = {name: np.array(array, order="C") for name, array in arrays.items()}
    write_whole(path, safetensors().save(ready))


def forms_of(network: Network, flattened: str | None) -> dict[str, list[Form]]:
    """Return the one form that each layer has in PyTorch."""
    return {place.name: [form_of(place, flattened)] for place in places(network)}


def form_of(place: Place, flattened: str | None) -> Form:
    """Return how the arrays of a layer are called, and how their axes lie."""
    rows = place.axes
    theirs = rows[-1] + rows[:-1]
    if place.image and flattened is not None:
        theirs = flattened
    if sorted(theirs) != sorted(rows):
        raise ValueError(
            f"flattened must be an order of {rows}, the axes that reach {place.name}, "
            f"got {quoted(flattened)}"
        )
    form: Form = {}
    for name, array in place.layer.arrays.items():
        if name not in ROLES or place.layer.kind == "scale":
            raise ValueError(
                f"{place.name}: PyTorch has no partner of its {name} that is known here"
            )
        ours: Iterable[str] = (rows,)
        other: Iterable[str] = (theirs,)
        if place.layer.kind == "dense":
            ours, other = ((rows, "O"), ("O", theirs)) if name == "w" else ("O", "O")
        elif name == "w":
            axes = spatial_axes(array.ndim - 2)
            ours, other = f"{axes}IO", f"OI{axes}"
        form[name] = ROLES[name], layout_of(ours, other, array.shape, **place.sizes)
    return form


def read(path: Path) -> Weights:
    """Return the arrays of a file; one of no influence belongs to no layer."""
    load_file = safetensors().load_file
    require_origin(path, "safetensors")
    try:
        arrays: dict[str, Array] = load_file(path)
    except Exception as error:  # of many kinds: of bfloat16, a TypeError
        raise OSError(
            f"{path}: is not read by safetensors: {in_a_line(error)}"
        ) from error
    groups: dict[str, dict[str, str]] = {}
    for name in arrays:
        group, _, role = name.rpartition(".")
        if role != COUNTER:
            groups.setdefault(group, {})[role] = name
    return Weights(path, arrays, groups, ordered=False)


def safetensors() -> Any:
    """Return the library, an extra."""
    try:
        import safetensors.numpy  # noqa: PLC0415  # an extra
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "weights of PyTorch need safetensors: python -m pip install "
            "'im2col-cnn[safetensors]'"
        ) from error
    return safetensors.numpy
