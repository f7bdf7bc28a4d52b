"""Save the arrays of a network to a file, and load them back.

The file says what network it is of: `Sequential.load` rebuilds it from the file alone,
`load_weights` fills a network that is there already. How the file is made, and why it
may come from anyone, is said in ``archive.py``.
"""

from typing import Any, Protocol

import numpy as np

from .._checks import as_path, quoted
from .._typing import AnyPath, Array
from .archive import Archive, read_archive, write_archive

__all__ = [
    "Network",
    "cast_finite",
    "file_names",
    "load_weights",
    "read_weights",
    "require_network",
    "require_portable",
    "save_weights",
]

KIND = "weights"


class Network(Protocol):
    """A network that can be saved: its arrays by name, and its configuration."""

    @property
    def arrays(self) -> dict[str, Array]:
        """All that the network remembers, as ``layer.array``."""

    @property
    def configuration(self) -> dict[str, Any]:
        """What it takes to build the network again."""

    def require_built(self) -> None:
        """Refuse a network without arrays."""


def save_weights(path: AnyPath, network: Network) -> None:
    """
    Write the arrays of a network to an HDF5 file.

    Parameters
    ----------
    path : path
        Replaced if it exists, in one step; see `im2col_cnn.files.atomic`.
    network : Sequential or Graph
        Built.

    Raises
    ------
    OSError
        If the file cannot be written; what was there before still is.
    RuntimeError
        If the network is not built.
    ValueError
        If it holds NaN, infinity or long doubles, which would not be loaded again.

    Notes
    -----
    The same network gives the same bytes: no time of day is stored.
    """
    path = as_path(path, "path")
    require_network(network)
    for name, array in network.arrays.items():
        if not np.isfinite(array).all():
            raise ValueError(f"{name} holds NaN or infinity, which is not saved")
        require_portable(array.dtype)
    write_archive(path, KIND, network.configuration, file_names(network.arrays))


def require_portable(dtype: np.dtype) -> None:
    """Refuse long doubles, whose bits mean something else on another machine."""
    if dtype.itemsize > 8:
        raise ValueError(f"{dtype} is not saved, float64 is: build the network in that")


def read_weights(path: AnyPath) -> Archive:
    """Read a weights file without knowing the network; all numbers are finite."""
    archive = read_archive(as_path(path, "path"), KIND)
    for name, array in archive.arrays.items():
        if array.dtype.kind != "f" or not np.isfinite(array).all():
            raise ValueError(f"{path}: {name} must hold finite floats")
    return archive


def load_weights(path: AnyPath, network: Network) -> None:
    """
    Fill a network with the arrays of a file, in place.

    Parameters
    ----------
    path : path
        A file that `save_weights` wrote.
    network : Sequential or Graph
        Built, with the same layers; the numbers are cast to its dtype.

    Raises
    ------
    OSError
        If the file is missing or damaged.
    ValueError
        If it is not a weights file, or of another network. The network is unchanged.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import numpy as np
    >>> from im2col_cnn.files import load_weights, save_weights
    >>> from im2col_cnn.nn import Dense, Sequential
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "weights.h5"
    >>> one = Sequential([Dense(2)]).build((3,), rng=np.random.default_rng(1))
    >>> two = Sequential([Dense(2)]).build((3,), rng=np.random.default_rng(2))
    >>> save_weights(path, one)
    >>> load_weights(path, two)
    >>> np.array_equal(one.parameters["dense1.w"], two.parameters["dense1.w"])
    True
    """
    path = as_path(path, "path")
    require_network(network)
    stored, ours = read_weights(path).arrays, file_names(network.arrays)
    for name in sorted(stored.keys() | ours.keys()):
        if name not in stored or name not in ours:
            where = "the file" if name in stored else "the network"
            raise ValueError(
                f"{path}: only {where} has {name}: it belongs to another network"
            )
        if stored[name].shape != ours[name].shape:
            raise ValueError(
                f"{path}: {name} must hold floats of shape {ours[name].shape}, got "
                f"{stored[name].dtype} of shape {stored[name].shape}: it belongs to "
                f"another network"
            )
        stored[name] = cast_finite(stored[name], ours[name].dtype, f"{path}: {name}")
    # Nothing can fail from here on: all arrays change, or none.
    for name, array in ours.items():
        array[...] = stored[name]


def cast_finite(array: Array, dtype: np.dtype, name: str) -> Array:
    """Return finite floats in another dtype, in which they stay finite."""
    if array.dtype.kind != "f" or not np.isfinite(array).all():
        raise ValueError(f"{name} must hold finite floats")
    with np.errstate(over="ignore"):
        cast = array.astype(dtype)
    if not np.isfinite(cast).all():
        raise ValueError(f"{name} is too large for {dtype}")
    return cast


def require_network(network: Network) -> None:
    """Refuse what is no network, or is not built."""
    if isinstance(network, type) or not hasattr(network, "require_built"):
        raise TypeError(f"network must be a Sequential or Graph, got {quoted(network)}")
    network.require_built()


def file_names(arrays: dict[str, Array]) -> dict[str, Array]:
    """Return arrays under the names they have in a file: a group per layer."""
    return {name.replace(".", "/"): array for name, array in arrays.items()}
