"""Optimizers: rules that move parameters against their gradients, in place.

An optimizer looks at dicts of arrays, not at networks: ``step(parameters, gradients)``
changes each parameter by what its gradient says. What it must remember from step to
step is a dict of arrays too, so that it can be saved like the parameters themselves.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from math import sqrt
from typing import Any, TypeAlias, final

import numpy as np

from .._checks import as_above_zero, as_at_least_zero, as_below_one, quoted
from .._typing import Array

__all__ = ["SGD", "Adam", "Optimizer"]

Arrays: TypeAlias = Mapping[str, Array]


@dataclass(eq=False)
class Optimizer(ABC):
    """An optimizer: a learning rate, and the arrays it keeps from step to step."""

    learning_rate: float
    state: dict[str, Array] = field(default_factory=dict, init=False, repr=False)

    @abstractmethod
    def step(self, parameters: Arrays, gradients: Arrays) -> None:
        """
        Move every parameter one step downhill, in place.

        Parameters
        ----------
        parameters : mapping of str to array
            What to change.
        gradients : mapping of str to array
            The gradient of the loss for each of them, under the same names and of the
            same shapes.

        Raises
        ------
        TypeError, ValueError
            If a parameter is no array of floats, or names or shapes differ; nothing has
            been changed then.
        """


@final
@dataclass(eq=False)
class SGD(Optimizer):
    """
    Stochastic gradient descent with momentum.

    Parameters
    ----------
    learning_rate : float, default 0.01
    momentum : float, default 0.9
        The share of the last step that the next one keeps: at 0.9 a steady gradient
        is followed ten times as fast. 0 is plain gradient descent.
    weight_decay : float, default 0
        What share of every weight a step takes away, times the learning rate.

    Notes
    -----
    ::

        velocity = momentum * velocity - learning_rate * gradient
        parameter += velocity

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn.nn import SGD
    >>> w = np.array([1.0, 2.0])
    >>> optimizer = SGD(0.5, momentum=0.5)
    >>> optimizer.step({"w": w}, {"w": np.array([1.0, 0.0])})
    >>> w
    array([0.5, 2. ])

    With no gradient at all, half of the last step is taken again:

    >>> optimizer.step({"w": w}, {"w": np.zeros(2)})
    >>> w
    array([0.25, 2.  ])
    """

    learning_rate: float = 0.01
    _: KW_ONLY
    momentum: float = 0.9
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        self.learning_rate = as_above_zero(self.learning_rate, "learning_rate")
        self.momentum = as_below_one(self.momentum, "momentum")
        self.weight_decay = as_at_least_zero(self.weight_decay, "weight_decay")

    def step(self, parameters: Arrays, gradients: Arrays) -> None:
        """Move every parameter one step downhill, in place; see `Optimizer.step`."""
        require_match(parameters, gradients)
        shrink(parameters, self.learning_rate * self.weight_decay)
        for name, parameter in parameters.items():
            velocity = remembered(self.state, f"{name}.velocity", parameter)
            velocity *= self.momentum
            velocity -= self.learning_rate * gradients[name]
            parameter[...] += velocity


@final
@dataclass(eq=False)
class Adam(Optimizer):
    """
    Gradient descent whose steps do not depend on the size of the gradient.

    Parameters
    ----------
    learning_rate : float, default 0.001
        About how far a parameter moves in one step.
    beta1, beta2 : float, default 0.9 and 0.999
        How slowly the running means of the gradient and of its square forget.
    epsilon : float, default 1e-8
        Keeps the step finite where the gradient has always been 0.
    weight_decay : float, default 0
        What share of every weight a step takes away, times the learning rate: AdamW.

    Notes
    -----
    ::

        mean   = beta1 * mean   + (1 - beta1) * gradient
        square = beta2 * square + (1 - beta2) * gradient ** 2
        parameter -= learning_rate * mean_hat / (sqrt(square_hat) + epsilon)

    Both means start at 0 and are therefore too small at first; dividing by
    ``1 - beta ** steps`` makes ``mean_hat`` and ``square_hat`` of them.

    References
    ----------
    Kingma, Ba (2015), "Adam: a method for stochastic optimization", ICLR.

    Examples
    --------
    The first step is as long as the learning rate, whatever the gradient:

    >>> import numpy as np
    >>> from im2col_cnn.nn import Adam
    >>> w = np.array([1.0, 2.0])
    >>> Adam(0.25).step({"w": w}, {"w": np.array([1000.0, -0.001])})
    >>> w.round(3)
    array([0.75, 2.25])
    """

    learning_rate: float = 0.001
    _: KW_ONLY
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        self.learning_rate = as_above_zero(self.learning_rate, "learning_rate")
        self.beta1 = as_below_one(self.beta1, "beta1")
        self.beta2 = as_below_one(self.beta2, "beta2")
        self.epsilon = as_above_zero(self.epsilon, "epsilon")
        self.weight_decay = as_at_least_zero(self.weight_decay, "weight_decay")

    def step(self, parameters: Arrays, gradients: Arrays) -> None:
        """Move every parameter one step downhill, in place; see `Optimizer.step`."""
        require_match(parameters, gradients)
        shrink(parameters, self.learning_rate * self.weight_decay)
        steps = remembered(self.state, "steps", np.zeros((), np.int64))
        steps += 1
        growth = 1 - self.beta1 ** int(steps)
        square_growth = sqrt(1 - self.beta2 ** int(steps))
        for name, parameter in parameters.items():
            gradient = gradients[name]
            mean = remembered(self.state, f"{name}.mean", parameter)
            square = remembered(self.state, f"{name}.square", parameter)
            mean += (1 - self.beta1) * (gradient - mean)
            square += (1 - self.beta2) * (gradient * gradient - square)
            spread = np.sqrt(square) / square_growth + self.epsilon
            parameter[...] -= (self.learning_rate / growth) * mean / spread


def shrink(parameters: Arrays, share: float) -> None:
    """
    Take a share away from every weight, apart from what the gradient asks for.

    Biases, scales and means stay: they have one axis, weights have two or more.
    """
    if share:
        for parameter in parameters.values():
            if parameter.ndim > 1:
                np.multiply(parameter, 1 - share, out=parameter)


def remembered(state: dict[str, Array], name: str, like: Array) -> Array:
    """Return the array kept under `name`; the first time, zeros shaped as `like`."""
    if name not in state:
        state[name] = np.zeros_like(like)
    return state[name]


def require_match(parameters: Mapping[str, Any], gradients: Arrays) -> None:
    """Refuse gradients that do not belong to these parameters."""
    if parameters.keys() != gradients.keys():
        odd = ", ".join(sorted(parameters.keys() ^ gradients.keys()))
        raise ValueError(
            f"parameters and gradients must have the same names; only one has {odd}"
        )
    for name, parameter in parameters.items():
        if not isinstance(parameter, np.ndarray) or parameter.dtype.kind != "f":
            raise TypeError(
                f"parameters must be arrays of floats, got {name} = {quoted(parameter)}"
            )
        if np.shape(gradients[name]) != parameter.shape:
            raise ValueError(
                f"the gradient of {name} must have its shape, {parameter.shape}, "
                f"got {np.shape(gradients[name])}"
            )
