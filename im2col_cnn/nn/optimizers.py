"""Optimizers: rules that move parameters against their gradients, in place.

An optimizer looks at dicts of arrays, not at networks: ``step(parameters, gradients)``
changes each parameter by what its gradient says. What it must remember from step to
step is a dict of arrays too, so that it can be saved like the parameters themselves.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from math import sqrt
from typing import Any, ClassVar, TypeAlias, final

import numpy as np

from .._checks import as_above_zero, as_array, as_at_least_zero, as_below_one, quoted
from .._dtypes import arithmetic
from .._typing import Array, ArrayLike
from .hints import Hinting

__all__ = ["SGD", "Adam", "Optimizer"]

Arrays: TypeAlias = Mapping[str, Array]


@dataclass(eq=False)
class Optimizer(Hinting, ABC):
    """
    An optimizer: a learning rate, and the arrays it keeps from step to step.

    It serves the parameters of its first step, the very arrays: what it has learned
    about one network would lead another astray.
    """

    instead: ClassVar[str] = "step(parameters, gradients) moves parameters"
    too_many: ClassVar[str] = "leave out parameters, which come with every step"
    learning_rate: float
    state: dict[str, Array] = field(default_factory=dict, init=False, repr=False)
    served: dict[str, Array] = field(default_factory=dict, init=False, repr=False)

    def step(self, parameters: Arrays, gradients: Mapping[str, ArrayLike]) -> None:
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
            If a parameter is no array of floats, if names or shapes differ, or if the
            optimizer has served other parameters; nothing has been changed then.

        Notes
        -----
        float16 is moved by arithmetic in float32, and rounded once. Overflow and
        underflow are not reported here, whatever ``np.seterr`` says: a step that ends
        in the middle would leave some parameters where they were.
        """
        found = as_gradients(parameters, gradients)
        self.require_served(parameters)
        self.served = dict(parameters)
        with np.errstate(all="ignore"):
            self.move(parameters, found)

    @abstractmethod
    def move(self, parameters: Arrays, gradients: Arrays) -> None:
        """Move parameters by gradients that fit them; they are in the working dtype."""

    def kept(self, name: str, like: Array) -> Array:
        """Return the array of `state` under `name`; the first time, zeros as `like`."""
        if name not in self.state:
            self.state[name] = np.zeros_like(like)
        return self.state[name]

    def require_served(self, parameters: Arrays) -> None:
        """Refuse other parameters than those of the first step, or of `state`."""
        way_out = "make a new one, or empty its `state` and its `served`"
        if self.served and self.served.keys() != parameters.keys():
            odd = sorted(parameters.keys() - self.served.keys())
            raise ValueError(
                f"this optimizer serves {', '.join(self.served):.60}"
                f"{f' and not {odd[0]}' if odd else ', all of them'}: {way_out}"
            )
        for name, parameter in self.served.items():
            if parameters[name] is not parameter:
                raise ValueError(
                    f"this optimizer serves other arrays than {name} of this network: "
                    f"{way_out}"
                )
        shapes = {name: parameter.shape for name, parameter in parameters.items()}
        for name, array in self.state.items():
            expected = () if name == "steps" else shapes.get(name.rpartition(".")[0])
            if array.shape != expected:
                raise ValueError(
                    f"the state of this optimizer holds {name} of shape {array.shape}, "
                    f"as other parameters have: {way_out}"
                )

    def __getstate__(self) -> dict[str, Any]:
        """Leave out `served`: a copy serves the copies it is given."""
        return vars(self) | {"served": {}}


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

    def move(self, parameters: Arrays, gradients: Arrays) -> None:
        """Follow the formula above."""
        rate = float(self.learning_rate)
        for name, parameter in parameters.items():
            gradient = gradients[name]
            velocity = self.kept(f"{name}.velocity", gradient)
            velocity *= self.momentum
            velocity -= rate * gradient
            add(parameter, velocity, decay=rate * self.weight_decay)


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

    def move(self, parameters: Arrays, gradients: Arrays) -> None:
        """Follow the formula above."""
        rate = float(self.learning_rate)
        steps = self.kept("steps", np.zeros((), np.int64))
        steps += 1
        growth = 1 - self.beta1 ** int(steps)
        square_growth = sqrt(1 - self.beta2 ** int(steps))
        for name, parameter in parameters.items():
            gradient = gradients[name]
            mean = self.kept(f"{name}.mean", gradient)
            square = self.kept(f"{name}.square", gradient)
            mean += (1 - self.beta1) * (gradient - mean)
            square += (1 - self.beta2) * (gradient * gradient - square)
            spread = np.sqrt(square) / square_growth + self.epsilon
            change = (-rate / growth) * mean / spread
            add(parameter, change, decay=rate * self.weight_decay)


def add(parameter: Array, change: Array, *, decay: float) -> None:
    """
    Add a change to a parameter, in place; first take a share away from weights.

    Biases, scales and means do not decay: they have one axis, weights have two or more.
    """
    exact = parameter.astype(change.dtype, copy=False)  # of float16, float32
    if decay and parameter.ndim > 1:
        exact *= 1 - decay
    exact += change
    if exact is not parameter:
        parameter[...] = exact


def as_gradients(parameters: Any, gradients: Any) -> dict[str, Array]:
    """Return the gradients of parameters, in the dtype in which they are computed."""
    for name, value in (("parameters", parameters), ("gradients", gradients)):
        if not isinstance(value, Mapping):
            raise TypeError(f"{name} must be a dict of arrays, got {quoted(value)}")
    for name in parameters:
        if not isinstance(name, str):
            raise TypeError(f"names of parameters must be strings, got {quoted(name)}")
    if parameters.keys() != gradients.keys():
        odd = ", ".join(sorted(map(str, parameters.keys() ^ gradients.keys())))
        raise ValueError(
            f"parameters and gradients must have the same names; only one has {odd}"
        )
    found = {}
    for name, parameter in parameters.items():
        if not isinstance(parameter, np.ndarray) or parameter.dtype.kind != "f":
            raise TypeError(
                f"parameters must be arrays of floats, got {name} = {quoted(parameter)}"
            )
        if not parameter.flags.writeable:
            raise ValueError(f"{name} must be writeable, to be changed in place")
        gradient = as_array(gradients[name], f"the gradient of {name}")
        if gradient.shape != parameter.shape:
            raise ValueError(
                f"the gradient of {name} must have its shape, {parameter.shape}, "
                f"got {gradient.shape}"
            )
        found[name] = gradient.astype(arithmetic(parameter).working, copy=False)
    return found
