"""A layer that drops numbers at random while a network learns: `Dropout`."""

from typing import Any, final

import numpy as np

from .._checks import as_below_one
from .._typing import Array
from ..ops.dropout import dropout_backward, dropout_forward
from .layer import Back, ParameterlessLayer, Random, Rules

__all__ = ["Dropout"]


@final
class Dropout(ParameterlessLayer):
    """Set a share of all numbers to 0 at random, in training only; any shape."""

    kind = "dropout"
    rules = Rules(rate=as_below_one)

    rate: float

    def apply(self, x: Array, training: bool, rng: Random) -> tuple[Array, Any]:
        """Drop; see `dropout_forward`."""
        if training and rng is None:
            raise ValueError("dropout draws at random in training: hand it an rng")
        generator = np.random.default_rng(0) if rng is None else rng  # not drawn from
        return dropout_forward(x, self.rate, rng=generator, training=training)

    def differentiate(self, dy: Array, cache: Any, input_gradient: bool) -> Back:
        """Drop from the gradient what was dropped; see `dropout_backward`."""
        return dropout_backward(dy, cache) if input_gradient else None, {}
