"""Write files as Keras does, with HDF5 and zip alone."""

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from im2col_cnn._typing import Array

__all__ = [
    "Layers",
    "arrays",
    "sequential",
    "write_archive",
    "write_by_class",
    "write_by_name",
]

Layers = Mapping[str, list[Array]]


def arrays(*shapes: tuple[int, ...]) -> list[Array]:
    """Draw arrays that are also legal variances."""
    rng = np.random.default_rng(0)
    return [rng.uniform(0.5, 1, shape).astype(np.float32) for shape in shapes]


def write_by_class(path: Path, layers: Layers) -> Path:
    """Write a ``.weights.h5`` file of Keras 3."""
    with h5py.File(path, "w") as file:
        file.create_group("vars")
        file.create_group("layers")
        for name, arrays in layers.items():
            group = file.create_group(f"layers/{name}/vars")
            group.attrs["name"] = name
            for number, array in enumerate(arrays):
                group[str(number)] = array
    return path


def write_by_name(path: Path, layers: Layers, model: Any = None) -> Path:
    """Write an ``.h5`` file: of a whole model, or of its weights alone."""
    with h5py.File(path, "w") as file:
        root = file if model is None else file.create_group("model_weights")
        if model is not None:
            file.attrs["model_config"] = json.dumps(model)
        # Keras 2 writes texts of fixed length here, Keras 3 others.
        root.attrs["layer_names"] = [name.encode() for name in layers]
        for name, arrays in layers.items():
            group = root.create_group(name)
            names = [f"{name}/{n}:0" for n in range(len(arrays))]
            group.attrs["weight_names"] = names
            for weight, array in zip(names, arrays, strict=True):
                group[weight] = array
    return path


def write_archive(path: Path, layers: Layers, model: Any) -> Path:
    """Write a ``.keras`` file."""
    weights = write_by_class(path.with_suffix(".bare"), layers)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.15.1"}))
        archive.writestr("config.json", json.dumps(model))
        archive.write(weights, "model.weights.h5")
    weights.unlink()
    return path


def sequential(shape: tuple[int | None, ...], *layers: Any) -> dict[str, Any]:
    """Describe a chain of layers, each given as its class and its settings."""
    entries: list[dict[str, Any]] = [
        {
            "class_name": "InputLayer",
            "config": {"batch_shape": [None, *shape], "name": "x"},
        }
    ]
    for n, (kind, settings) in enumerate(layers):
        config = {"name": f"{kind.lower()}_{n}", "trainable": True, **settings}
        entries.append({"class_name": kind, "config": config})
    return {"class_name": "Sequential", "config": {"name": "net", "layers": entries}}
