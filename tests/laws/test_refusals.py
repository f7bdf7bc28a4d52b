"""A refusal is one line, and not a long one, however large what it quotes."""

# mypy: disable-error-code="arg-type"
# Wrong types are the subject here.

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from im2col_cnn import (
    conv_forward,
    dropout_forward,
    im2col,
    leaky_relu_forward,
    max_pool_forward,
    step_by_step,
)
from im2col_cnn.nn import SGD, Dense, Sequential, evaluate, fit

x: Any = np.ones((1, 9, 8, 2))
w: Any = np.ones((3, 2, 2, 6))

CALLS: dict[str, Callable[[], Any]] = {
    "kernel_size": lambda: im2col(x, w),
    "stride": lambda: im2col(x, 2, stride=x),
    "padding": lambda: im2col(x, 2, padding=[[x]]),
    "ties": lambda: max_pool_forward(x, 2, ties=x),
    "ceil_mode": lambda: max_pool_forward(x, 2, ceil_mode=x),
    "slope": lambda: leaky_relu_forward(x, {"slope": x}),
    "rng": lambda: dropout_forward(x, 0.5, rng=x),
    "cache": lambda: step_by_step.conv_backward_propogation(x, conv_forward(x, w)[1]),
    "hyperparameters": lambda: step_by_step.pool_forward(x, [x]),
    "learning_rate": lambda: SGD(x),
    "layers": lambda: Sequential([x]),
    "initializer": lambda: Dense(3, initializer=x),
    "network": lambda: evaluate(x, x, x),
    "epochs": lambda: fit(x, x, x, epochs=x, batch_size=1, optimizer=SGD(), rng=x),
}


@pytest.mark.parametrize("argument", CALLS)
def test_a_refusal_is_one_line_that_names_the_argument(argument: str) -> None:
    with pytest.raises(TypeError) as refusal:
        CALLS[argument]()

    message = str(refusal.value)
    assert message.startswith(argument)
    assert "\n" not in message
    assert len(message) < 250
