"""Read and write the files of Keras, without Keras.

    .keras        a zip archive: metadata.json, config.json, model.weights.h5
    .weights.h5   HDF5: layers/conv2d_1/vars/0, 1, ...     layers go by class, counted
    .h5           HDF5: model_config, an attribute, and model_weights/conv1/...

Such files come from anyone. Only JSON and arrays are read, from this file alone, and no
more than its length allows; no code in them is run, and no class of theirs is made.
"""

import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import h5py

from .._checks import as_path, quoted
from .._typing import AnyPath, Array
from .atomic import write_whole
from .hdf5.chunks import ALWAYS_UNPACKED_BYTES, MAX_READ_BYTES, read_all
from .hdf5.source import Source, hdf5_in_memory, open_hdf5, reading
from .hdf5.strings import Attributes
from .origin import require_origin

__all__ = ["KerasFile", "in_order", "read_keras", "write_keras_weights"]

MAX_CONFIGURATION_BYTES = 2**23
MAX_GROWTH = 4  # bytes of weights per byte of the file: they hardly compress
MAX_LAYERS = 10_000
CONTAINERS = ("layers", "_layer_checkpoint_dependencies")  # Keras 2.12 had the second
CELL = "cell"  # of a recurrent layer, that has its arrays
HALVES = ("forward_layer", "backward_layer")  # of a Bidirectional
CELL_OF_LAYER = re.compile(r"(\w+)/\w+_cell(_\d+)?/")  # in names of weights
KNOWN_PACKING = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class KerasFile(NamedTuple):
    """What a file of Keras holds; `model` is None if these are weights alone."""

    path: Path
    model: dict[str, Any] | None
    arrays: dict[str, Array]  # as layer/number
    places: dict[str, str]  # where they are in the file, by the same names
    by_class: bool  # whether layers go by class and number, not by their own names
    version: str  # of the Keras that wrote it, if that is known

    @property
    def layers(self) -> dict[str, list[Array]]:
        """The arrays of every layer that has any, in their order."""
        layers: dict[str, list[Array]] = {}
        for name, array in self.arrays.items():
            layers.setdefault(name.rpartition("/")[0], []).append(array)
        return layers


def read_keras(path: AnyPath) -> KerasFile:
    """
    Read a ``.keras``, ``.h5`` or ``.weights.h5`` file.

    Parameters
    ----------
    path : path
        What is in the file says which it is, not its name.

    Raises
    ------
    OSError
        If the file is missing or damaged.
    ValueError
        If it is something else, or claims more than its length allows.
    """
    path = as_path(path, "path")
    require_origin(path, "Keras", "HDF5")
    if not zipfile.is_zipfile(path):
        with open_hdf5(path) as source:
            return read_hdf5(source)
    with reading(path, "/"):
        archive = zipfile.ZipFile(path)
    with archive:
        texts = [
            member(archive, path, name, MAX_CONFIGURATION_BYTES)
            for name in ("config.json", "metadata.json")
        ]
        weights = member(archive, path, "model.weights.h5", MAX_READ_BYTES)
    with hdf5_in_memory(path, weights) as source:
        model, about = (parsed(path, text) for text in texts)
        version = str(about.get("keras_version"))
        return read_hdf5(source)._replace(model=model, version=version)


def member(archive: zipfile.ZipFile, path: Path, name: str, most: int) -> bytes:
    """Return one file of a zip archive, which is no zip bomb."""
    found = archive.NameToInfo.get(name)
    if found is None:
        raise ValueError(f"{path}: has no {name}: it is no model that Keras 3 saved")
    most = min(most, max(ALWAYS_UNPACKED_BYTES, MAX_GROWTH * found.compress_size))
    if found.file_size > most or found.compress_type not in KNOWN_PACKING:
        raise ValueError(
            f"{path}: {name} would unpack {found.compress_size} bytes to "
            f"{found.file_size}, by method {found.compress_type}: it is not read"
        )
    with reading(path, name), archive.open(found) as file:
        return file.read(most)


def parsed(path: Path, text: str | bytes) -> dict[str, Any]:
    """Return the description of a model."""
    if len(text) > MAX_CONFIGURATION_BYTES:
        raise ValueError(f"{path}: describes its model in {len(text)} letters")
    with reading(path, "the description of the model"):
        model = json.loads(text)
    if not isinstance(model, dict):
        raise ValueError(f"{path}: the description of the model is no JSON object")
    return model


def read_hdf5(source: Source) -> KerasFile:
    """Read the weights of a file, and the model if it is described beside them."""
    by_class = any(source.has(container) for container in CONTAINERS)
    places = class_places(source) if by_class else legacy_places(source)
    if not "".join(p for numbered in places.values() for p in numbered).isprintable():
        raise ValueError(f"{source.path}: its layers must have printable names")
    arrays = {p: source.find(p) for numbered in places.values() for p in numbered}
    room = max(ALWAYS_UNPACKED_BYTES, MAX_GROWTH * source.content.length)
    claimed = sum(arrays[p].nbytes for ps in places.values() for p in ps)
    if claimed > room:
        raise ValueError(
            f"{source.path}: its arrays claim {claimed} bytes, {room} at most"
        )
    for place, dataset in arrays.items():
        if dataset.dtype.kind not in "iuf":
            raise ValueError(
                f"{source.path}: {place} holds {dataset.dtype}, not numbers"
            )
    read = {place: read_all(dataset, source) for place, dataset in arrays.items()}
    names = {
        f"{layer}/{n}": place
        for layer, numbered in places.items()
        for n, place in enumerate(numbered)
    }
    named = {name: read[place] for name, place in names.items()}
    attributes = Attributes(source)
    text = attributes.texts(source.file, "model_config")
    model = parsed(source.path, text[0]) if text else None
    version = "".join(attributes.texts(source.file, "keras_version"))
    return KerasFile(source.path, model, named, names, by_class, version)


def class_places(source: Source) -> dict[str, list[str]]:
    """Return where arrays are, by layer, in a file whose layers go by class."""
    places: dict[str, list[str]] = {}
    models: list[tuple[str, str, Any]] = [("", "", source.file)]
    seen = 0
    with reading(source.path, "layers"):
        for prefix, at, model in models:  # it grows: a layer may be a model itself
            for place, name, layer in layers_within(source, model):
                owners = {"": layer, f"{CELL}/": source.follow(layer, CELL)}
                numbered = [
                    f"{at}{place}/{at_owner}vars/{n}"
                    for at_owner, owner in owners.items()
                    for n in in_order(children(source.follow(owner, "vars")))
                ]
                seen += 1 + len(numbered)
                if seen > MAX_LAYERS:  # there may be a circle
                    raise ValueError(f"more than {MAX_LAYERS} layers and arrays")
                if numbered:
                    places[prefix + name] = numbered
                models.append((f"{prefix}{name}/", f"{at}{place}/", layer))
    return places


def layers_within(source: Source, model: Any) -> Iterator[tuple[str, str, Any]]:
    """Yield where the layers of a model are in it, their names, and themselves."""
    for container in CONTAINERS:
        layers = source.follow(model, container)
        for name in in_order(children(layers)):
            if (layer := source.follow(layers, name)) is not None:
                yield f"{container}/{name}", name, layer
    for name in HALVES:
        if (layer := source.follow(model, name)) is not None:
            yield name, name, layer


def legacy_places(source: Source) -> dict[str, list[str]]:
    """Return where arrays are, by layer, in a file whose layers go by name."""
    attributes, places = Attributes(source), {}
    with reading(source.path, "layer_names"):
        root = "model_weights/" if source.has("model_weights") else ""
        group = source.follow(source.file, "model_weights") if root else source.file
        names = listed(attributes, group, "layer_names") if children(group) else []
        for name in names[:MAX_LAYERS]:
            layer = group
            for part in name.split("/"):
                layer = source.follow(layer, part)
            if children(layer):
                # A model within the model has all its arrays in one list.
                owned: dict[str, list[str]] = {}
                for weight in listed(attributes, layer, "weight_names"):
                    owner = CELL_OF_LAYER.sub(r"\1/", f"/{weight}").split("/")[-2]
                    owned.setdefault(owner, []).append(f"{root}{name}/{weight}")
                for owner, found in owned.items():
                    places[f"{name}/{owner}" if len(owned) > 1 else name] = found
            if sum(map(len, places.values())) > MAX_LAYERS:
                raise ValueError(f"more than {MAX_LAYERS} arrays")
    if not names:
        raise ValueError(f"{source.path}: holds no weights that Keras wrote")
    return places


def listed(attributes: Attributes, item: Any, name: str) -> list[str]:
    """Return texts of an attribute, which Keras cuts in pieces where it is long."""
    found = attributes.texts(item, name)
    for n in range(MAX_LAYERS):
        if not (more := attributes.texts(item, f"{name}{n}")):
            break
        found += more
    return found


def children(group: Any) -> list[str]:
    """Return the names in a group; none if it is no group."""
    return list(islice(group, MAX_LAYERS + 1)) if isinstance(group, h5py.Group) else []


def in_order(names: Any) -> list[str]:
    """Return names in the order of the numbers in them: conv2 before conv10."""
    # Split at its numbers, a name has texts at even places and numbers at odd ones.
    return sorted(
        names,
        key=lambda name: [
            int(part) if n % 2 else part
            for n, part in enumerate(re.split(r"(\d{1,18})", name))
        ],
    )


def write_keras_weights(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write arrays at their places, those of layers that go by class.

    Keras 3 reads them, by `load_weights`; what Keras 2.12 called otherwise is renamed.
    """
    if not path.name.endswith(".weights.h5"):
        raise ValueError(f"path must end in .weights.h5, got {quoted(path.name)}")
    content = BytesIO()
    with h5py.File(content, "w") as file:
        now, old = CONTAINERS
        for place, array in arrays.items():
            file.create_dataset(place.replace(old, now), data=array, track_times=False)
    write_whole(path, content.getvalue())
