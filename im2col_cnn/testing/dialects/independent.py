"""TheIndependentCode and kin: `Convolutional`, biases as large as the output."""

from __future__ import annotations

from dataclasses import replace

from .family import ONE_IMAGE, family
from .script import Script

__all__ = ["FAMILY"]

CONV = Script(
    "conv",
    """
    layer = Convolutional((C, *spatial), K, F)
    layer.kernels = 1.0 * kernels
    layer.biases = 0.0 * layer.biases + biases
    output = layer.forward(image)
    """,
    """
    dx = layer.backward(output_gradient, 1.0)
    dkernels = kernels - layer.kernels
    dbiases = (biases - layer.biases).sum((1, 2), keepdims=True)
    """,
    words={
        "x": "image",
        "w": "kernels",
        "b": "biases",
        "y": "output",
        "dy": "output_gradient",
        "dw": "dkernels",
        "db": "dbiases",
    },
    layouts={"x": "CHW", "w": "FCHW", "b": "F11"},
    support=replace(ONE_IMAGE, stride="none"),
)
FAMILY = family("independent", CONV)
