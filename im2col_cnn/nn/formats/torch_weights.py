"""Weights from PyTorch and back, in the safetensors format.

    ours                     theirs
    conv1.w      H W I O     0.weight             O I H W
    dense1.w     I O         3.weight             O I
    batch_norm1  gamma, beta, running_mean, running_var
                             1.weight, bias, running_mean, running_var
    lstm1        w, recurrent, b
                             lstm.weight_ih_l0, weight_hh_l0, bias_ih_l0 + bias_hh_l0

Behind a `Flatten` the rows of a dense layer follow the pixels, which PyTorch writes
channel by channel. An LSTM has two biases there, of which only the sum matters.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeAlias

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
ROLES_OF_LSTM = {"w": "weight_ih", "recurrent": "weight_hh", "b": "bias"}
COUNTER = "num_batches_tracked"  # the one that has no influence on what is computed
# The gates of one layer of an LSTM, which may be one of several, or read backwards.
OF_LSTM = re.compile(r"((?:weight|bias)_[ih]h)(?:_l(\d+(?:_reverse)?))?")
BIASES = ("bias_ih", "bias_hh")
Sums: TypeAlias = dict[str, list[str]]  # by name of a sum, the names of its terms


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
    names : sequence of str or dict of str to str, optional
        For each layer that has parameters, what it is called in the file: ``"fc1"`` for
        ``fc1.weight`` and ``fc1.bias``; a dict has ours to theirs, of some layers or
        all. By default layers that fit are taken in the order of the numbers in their
        names; where that is not certain, it is refused.
        An ``nn.LSTM`` of several layers is several here, ``"lstm.0"``, ``"lstm.1"``,
        and one of both directions two: ``"lstm.0"``, ``"lstm.0_reverse"``.
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
        If it is no such file, or does not fit. The network is unchanged then, and a
        table says what would fit.

    See Also
    --------
    save_torch_weights : The way back.

    Examples
    --------
    >>> from im2col_cnn.nn import load_torch_weights
    >>> load_torch_weights("lenet.safetensors", network)  # doctest: +SKIP
    """
    require_network(network)
    weights, _ = read(as_path(path, "path"))
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

    Notes
    -----
    Where the two biases of an LSTM have the right sum in `like`, they stay as they are
    there. Elsewhere the first is ours, and the second 0.

    Raises
    ------
    ModuleNotFoundError, OSError, ValueError
        As `load_torch_weights`, if `like` is missing or does not fit; and if `path`
        cannot be written.
    """
    require_network(network)
    (weights, sums), path = read(as_path(like, "like")), as_path(path, "path")
    arrays = weights.filled(network, forms_of(network, flattened), names)
    split_sums(arrays, sums, weights.arrays)
    # The library reads memory as it lies.
    ready = {name: np.array(array, order="C") for name, array in arrays.items()}
    write_whole(path, safetensors().save(ready))


def forms_of(network: Network, flattened: str | None) -> dict[str, list[Form]]:
    """Return the one form that each layer has in PyTorch."""
    behind: set[str] = set()  # layers that are reached by what an LSTM wrote
    for name, layer in network.layers.items():
        if "recurrent" in layer.arrays or not behind.isdisjoint(network.reads[name]):
            behind.add(name)
    forms = {}
    for place in places(network):
        if place.image and flattened is None and place.name in behind:
            raise ValueError(
                f"{place.name} reads sequences that were flattened: flattened='WC' "
                f"says step by step, as an nn.LSTM with batch_first writes them, 'CW' "
                f"channel by channel"
            )
        forms[place.name] = [form_of(place, flattened)]
    return forms


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
    recurrent = "recurrent" in place.layer.arrays
    roles = ROLES_OF_LSTM if recurrent else ROLES
    form: Form = {}
    for name, array in place.layer.arrays.items():
        if name not in roles or place.layer.kind == "scale":
            raise ValueError(
                f"{place.name}: PyTorch has no partner of its {name} that is known here"
            )
        ours: Iterable[str] = (rows,)
        other: Iterable[str] = (theirs,)
        if place.layer.kind == "dense":
            ours, other = ((rows, "O"), ("O", theirs)) if name == "w" else ("O", "O")
        elif recurrent:
            ours, other = ("IO", "OI") if array.ndim == 2 else ("O", "O")
        elif name == "w":
            axes = spatial_axes(array.ndim - 2)
            ours, other = f"{axes}IO", f"OI{axes}"
        form[name] = roles[name], layout_of(ours, other, array.shape, **place.sizes)
    return form


def read(path: Path) -> tuple[Weights, Sums]:
    """Return the arrays of a file, two biases as their sum, and which are such sums.

    Arrays of no influence belong to no layer.
    """
    load_file = safetensors().load_file
    fault = require_origin(path, "safetensors")
    try:
        arrays: dict[str, Array] = load_file(path)
    except Exception as error:  # of many kinds: of bfloat16, a TypeError
        raise fault(
            f"{path}: is not read by safetensors: {in_a_line(error)}"
        ) from error
    groups = grouped(arrays)
    sums = summed(arrays, groups)
    return Weights(path, arrays, groups, ordered=False), sums


def grouped(names: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return names of arrays by layer and role; an LSTM may be several layers."""
    groups: dict[str, dict[str, str]] = {}
    for name in names:
        group, _, role = name.rpartition(".")
        if gate := OF_LSTM.fullmatch(role):
            role, number = gate.groups()
            if number is not None:
                group = f"{group}.{number}"
        if role != COUNTER:
            groups.setdefault(group, {})[role] = name
    bases = [group.rpartition(".")[0] for group in groups]
    for group, roles in list(groups.items()):
        base, _, number = group.rpartition(".")
        alone = bases.count(base) == 1 and base not in groups
        if OF_LSTM.fullmatch(next(iter(roles))) and number == "0" and alone:
            groups[base] = groups.pop(group)  # an LSTM of a single layer
    return groups


def summed(arrays: dict[str, Array], groups: dict[str, dict[str, str]]) -> Sums:
    """Replace, in `groups`, two biases by their sum, and add that to `arrays`."""
    sums = {}
    for group, roles in groups.items():
        both = [arrays[roles[role]] for role in BIASES if role in roles]
        alike = len({(array.shape, array.dtype) for array in both}) == 1
        if len(both) == len(BIASES) and alike and "bias" not in roles:
            terms = [roles.pop(role) for role in BIASES]
            roles["bias"] = total = f"{group}.bias"
            with np.errstate(over="ignore"):  # what is not finite is refused
                arrays[total] = both[0] + both[1]
            sums[total] = terms
    return sums


def split_sums(arrays: dict[str, Array], sums: Sums, before: dict[str, Array]) -> None:
    """Replace sums of two biases by these: as they were before, where that fits."""
    for name, (first, second) in sums.items():
        total = arrays.pop(name)
        kept = total == before[name]
        arrays[first] = np.where(kept, arrays[first], total)
        arrays[second] = np.where(kept, arrays[second], 0).astype(total.dtype)


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
