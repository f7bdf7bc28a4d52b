"""Do to weights what does harm, and say what must be said of it."""

from collections.abc import Callable
from typing import Any

import h5py
import numpy as np

from tests.files.forging import (
    Harm,
    external,
    filtered,
    linked,
    reconfigured,
    replaced,
    virtual,
)

__all__ = ["WEIGHTS"]

FAR = (2**40, 2)


def loop(file: h5py.File) -> None:
    """Let a group be inside itself."""
    file["conv1/conv1"] = file["conv1"]
    del file["conv1/w"]


def WEIGHTS(secret: str) -> dict[str, Harm]:
    """Return harmful changes to a weights file."""
    w = "conv1/w"
    return {
        "external link": (linked(w, h5py.ExternalLink(secret, "secret")), "no dataset"),
        "soft link": (linked(w, h5py.SoftLink("/dense1/w")), "no dataset conv1/w"),
        "dangling link": (linked(w, h5py.SoftLink("/none")), "no dataset conv1/w"),
        "external storage": (external(w, secret), "conv1/w has external storage"),
        "virtual": (virtual(w, secret), "conv1/w is a virtual dataset"),
        "plugin": (filtered(w, 32768), "conv1/w passes through filter 32768, where"),
        "terabytes": (
            replaced(w, shape=FAR, dtype="f4"),
            "conv1/w claims 8796093022208 bytes where the whole file has fewer",
        ),
        "compressed": (
            replaced(w, data=np.zeros((2, 2, 1, 2), "f4"), compression="gzip"),
            "conv1/w must hold numbers as they are in memory",
        ),
        "rank": (
            replaced(w, data=np.zeros(8, "f4")),
            "conv1/w must have shape 2x2x1x2, got 8",
        ),
        "whole numbers": (
            replaced(w, data=np.zeros((2, 2, 1, 2), "i4")),
            "conv1/w must hold finite floats",
        ),
        "text": (replaced(w, data=np.bytes_("w")), "conv1/w must hold numbers"),
        "objects": (
            replaced(w, data=["w"], dtype=h5py.string_dtype()),
            "conv1/w must hold numbers",
        ),
        "another precision": (
            replaced(w, data=np.full((2, 2, 1, 2), 1e300)),
            "conv1/w must be float32, got float64",
        ),
        "nan": (
            replaced(w, data=np.full((2, 2, 1, 2), np.nan, "f4")),
            "conv1/w must hold finite floats",
        ),
        "a group in itself": (loop, "has no dataset conv1/w"),
        "missing": (lambda file: file.pop(w), "no dataset conv1/w"),
        "version": (
            lambda file: file.attrs.modify("format_version", 2),
            "format_version must be 1, got 2",
        ),
        "version that is no number": (
            lambda file: file.attrs.create("format_version", "x" * 1000),
            r"format_version must be one number, got object of shape \(\)",
        ),
        "no json": (
            replaced("configuration", data=np.bytes_(b"{")),
            "configuration cannot be read: Expecting",
        ),
        "deep json": (
            replaced("configuration", data=np.bytes_(b"[" * 200_000)),
            "configuration cannot be read",
        ),
        "no object": (
            replaced("configuration", data=np.bytes_(b"[]")),
            "configuration must be a JSON object",
        ),
        **{
            what: (reconfigured(change), f"configuration.*{words}")
            for what, (change, words) in CONFIGURATIONS.items()
        },
    }


def layer(number: int, **settings: Any) -> Callable[[dict[str, Any]], None]:
    return lambda configuration: configuration["layers"][number].update(settings)


def setting(**settings: Any) -> Callable[[dict[str, Any]], None]:
    return lambda configuration: configuration.update(settings)


CONFIGURATIONS: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "unknown layer": (layer(0, kind="os.system"), "os.system is no kind of layer"),
    "layer of no kind": (layer(0, kind=["conv"]), "is no kind of layer"),
    "unknown setting": (layer(0, colour="red"), "conv: .*has no colour"),
    "hidden setting": (layer(0, parameters={}), "has no parameters"),
    "unknown initializer": (layer(0, initializer="eval"), "initializer eval is not"),
    "many filters": (layer(0, filters=10**30), "conv1.w must have shape 2x2x1x10000"),
    "other filters": (layer(0, filters=3), "conv1/w must have shape 2x2x1x3"),
    "large padding": (layer(0, padding=2**20), "padding must be at most 65536, got 1"),
    "negative padding": (layer(0, padding=-1), "padding must be at least 0"),
    "float": (layer(0, stride=1.5), "stride must be an int"),
    "nothing": (layer(0, kernel_size=None), "kernel_size must be"),
    "many features": (layer(2, features=2**20), "dense1/w must have shape 12x1048576"),
    "no layers": (setting(layers=[]), "layers must be a list of up to"),
    "many layers": (setting(layers=[{"kind": "relu"}] * 10_001), "of up to 10000"),
    "large input": (
        setting(input_shape=[2**30, 2**30, 1]),
        "input_shape must hold fewer than",
    ),
    "no input": (setting(input_shape=[]), "input_shape must be"),
    "text as input": (setting(input_shape="abc"), "input_shape must be a list"),
    "another dtype": (setting(dtype="object"), "dtype must be float16, 32 or 64"),
    "classes": (setting(classes=["\x1b[31m"]), "classes must be .* printable"),
    "arrays with control codes": (
        setting(arrays=["\x1b[31m"]),
        "must list names of arrays",
    ),
    "layer with control codes": (layer(0, kind="\x1b[31m"), r"\?\[31m is no kind of"),
    "an array too many": (
        lambda c: c["layers"].pop(),
        "no layer has the array dense1/b",
    ),
    "no bias": (layer(0, bias=False), "no layer has the array conv1/b"),
}
