"""Save what a network has learned, and load it back.

    /                    format = "im2col_cnn weights", format_version = 1
    /conv1/w  /conv1/b   one array per parameter, in a group per layer, dtype kept

Plain HDF5: any tool can look inside, and nothing in the file is ever executed.
"""

from io import BytesIO
from os import PathLike
from pathlib import Path

import h5py

from ..nn.network import Sequential
from .atomic import write_whole
from .reading import find, open_hdf5, read

__all__ = ["load_weights", "save_weights"]

FORMAT = "im2col_cnn weights"
VERSION = 1


def save_weights(path: str | PathLike[str], network: Sequential) -> None:
    """
    Write every parameter of a network to an HDF5 file.

    Parameters
    ----------
    path : path
        Replaced if it exists, in one step; see `im2col_cnn.files.atomic`.
    network : Sequential
        Built.

    Raises
    ------
    OSError
        If the file cannot be written; what was there before still is.
    RuntimeError
        If the network is not built.

    Notes
    -----
    The same parameters give the same bytes: no time of day is stored.
    """
    network.require_built()
    content = BytesIO()
    with h5py.File(content, "w") as file:
        file.attrs["format"] = FORMAT
        file.attrs["format_version"] = VERSION
        for name, array in network.parameters.items():
            file.create_dataset(path_of(name), data=array, track_times=False)
    write_whole(Path(path), content.getvalue())


def load_weights(path: str | PathLike[str], network: Sequential) -> None:
    """
    Overwrite the parameters of a network with those in a file.

    Parameters
    ----------
    path : path
        A file that `save_weights` wrote.
    network : Sequential
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
    path, parameters = Path(path), network.parameters
    network.require_built()
    with open_hdf5(path) as file:
        kind, version = file.attrs.get("format"), file.attrs.get("format_version")
        if (kind, version) != (FORMAT, VERSION):
            raise ValueError(
                f"{path}: must have format {FORMAT!r} {VERSION}, got {kind!r} {version}"
            )
        stored = {name: find(file, path_of(name)) for name in parameters}
        for name, parameter in parameters.items():
            if stored[name].shape != parameter.shape or stored[name].dtype.kind != "f":
                raise ValueError(
                    f"{path}: {path_of(name)} must hold floats of shape "
                    f"{parameter.shape}, got {stored[name].dtype} of shape "
                    f"{stored[name].shape}: it belongs to another network"
                )
        arrays = {name: read(dataset) for name, dataset in stored.items()}
    # Nothing can fail from here on: all parameters change, or none.
    for name, parameter in parameters.items():
        parameter[...] = arrays[name]


def path_of(name: str) -> str:
    """Return where in the file a parameter lies: a group per layer."""
    return name.replace(".", "/")
