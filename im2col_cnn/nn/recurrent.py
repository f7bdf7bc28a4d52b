"""Layers that read a sequence step by step and remember: `LSTM` and `LSTMStates`.

    i, f, g, o = x[t] @ w + h @ recurrent + b         four gates of as many units
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)         what is remembered
    h = sigmoid(o) * tanh(c)                          what is written at this step

A sequence is an image with one spatial axis, ``(T, C)``. `LSTM` starts from zeros. A
network that goes on where it stopped reads its state and writes the next one:
`LSTMStates` does, and keeps ``h`` and ``c`` side by side, as one vector.
"""

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import KW_ONLY
from typing import Any, NamedTuple, final

import numpy as np

from .._checks import as_array, as_flag, as_function, as_upstream, quoted, require_cache
from .._dtypes import arithmetic
from .._typing import Array, Shape
from ..ops.dense import weight_gradient
from ..ops.sums import sum_by_channel
from ..tiling.blas import with_one_blas_thread
from .initializers import Initializer, glorot_uniform
from .layer import (
    COUNT,
    Back,
    Gradients,
    Inputs,
    InputShapes,
    Layer,
    Random,
    Rules,
    Shapes,
)

__all__ = ["LSTM", "LSTMStates"]

GATES = 4


class Trace(NamedTuple):
    """What a pass over sequences leaves behind; all arrays are (N, T, ...)."""

    x: Array
    states: Array  # h and c behind each step, those before the first one first
    gates: Array  # i, f, g, o as they were applied
    w: Array  # as it was then
    recurrent: Array


class Recurrent(Layer):
    """A layer with the weights of an LSTM."""

    rules = Rules(units=COUNT, initializer=as_function)

    units: int
    _: KW_ONLY
    initializer: Initializer = glorot_uniform

    @staticmethod
    @abstractmethod
    def sequence_shape(shape: InputShapes) -> Shape:
        """Return the shape of one sequence, of all that is read."""

    def array_shapes(self, shape: InputShapes) -> Shapes:
        """Return the shapes of ``w``, ``recurrent`` and ``b``."""
        sequence = self.sequence_shape(shape)
        if len(sequence) != 2:
            raise ValueError(f"reads sequences, (T, C), got images of shape {sequence}")
        width = GATES * self.units
        return {
            "w": (sequence[1], width),
            "recurrent": (self.units, width),
            "b": (width,),
        }

    def draw(self, shapes: Shapes, rng: np.random.Generator, dtype: np.dtype) -> None:
        """Draw weights; what is remembered is kept at first, by a bias of 1."""
        for name in ("w", "recurrent"):
            self.parameters[name] = self.initializer(shapes[name], rng=rng, dtype=dtype)
        self.parameters["b"] = np.zeros(shapes["b"], dtype)
        self.parameters["b"][self.units : 2 * self.units] = 1

    @with_one_blas_thread
    def run(self, x: Array, state: Array | None) -> Trace:
        """Read sequences ``(N, T, C)`` from a state ``(N, 2 * units)`` on."""
        w, recurrent, b = self.require_parameters().values()
        x = as_array(x, "x")
        if x.ndim != 3 or x.shape[-1] != len(w):
            raise ValueError(f"x must have shape (N, T, {len(w)}), got {x.shape}")
        (N, T, _), U = x.shape, self.units
        _, working = arithmetic(x, w)
        states = np.zeros((N, T + 1, 2 * U), working)
        if state is not None:
            states[:, 0] = state
        x, w, recurrent = (np.array(one, working) for one in (x, w, recurrent))
        gates = x @ w + b
        for t in range(T if N else 0):  # the shape of no images takes no time
            h, c = np.split(states[:, t], 2, axis=1)
            gates[:, t] += h @ recurrent
            i, f, g, o = np.split(gates[:, t], GATES, axis=1)
            for gate in (i, f, o):
                gate[...] = 0.5 * np.tanh(0.5 * gate) + 0.5  # the logistic function
            np.tanh(g, out=g)
            c = f * c + i * g
            states[:, t + 1, :U], states[:, t + 1, U:] = o * np.tanh(c), c
        return Trace(x, states, gates, w, recurrent)

    @with_one_blas_thread
    def run_back(
        self, dstates: Array, trace: Trace, input_gradient: bool
    ) -> tuple[Array | None, Array, Gradients]:
        """Return ``dx``, the gradient of the first state, and those of parameters."""
        x, states, gates, w, recurrent = trace
        dgates = np.empty_like(gates)
        N, T, _ = x.shape
        dh, dc = (np.zeros((N, self.units), gates.dtype) for _ in "hc")
        for t in reversed(range(T if N else 0)):
            i, f, g, o = np.split(gates[:, t], GATES, axis=1)
            before, after = (np.split(states[:, n], 2, axis=1)[1] for n in (t, t + 1))
            bent = np.tanh(after)
            dh_here, dc_here = np.split(dstates[:, t], 2, axis=1)
            dh = dh + dh_here
            dc = dc + dc_here + dh * o * (1 - bent**2)
            slopes = i * (1 - i), f * (1 - f), 1 - g**2, o * (1 - o)
            reached = dc * g, dc * before, dc * i, dh * bent
            dgates[:, t] = np.hstack(
                [a * b for a, b in zip(reached, slopes, strict=True)]
            )
            dh, dc = dgates[:, t] @ recurrent.T, dc * f
        h = states[:, :-1, : self.units]
        rows = dgates.reshape(-1, GATES * self.units)
        gradients = {
            "w": weight_gradient(x.reshape(-1, x.shape[-1]), rows),
            "recurrent": weight_gradient(h.reshape(-1, self.units), rows),
            "b": sum_by_channel(rows),
        }
        dx = dgates @ w.T if input_gradient else None
        return dx, np.hstack([dh, dc]), gradients

    def as_parameters(self, gradients: Gradients) -> Gradients:
        """Return gradients in the dtype of their parameters."""
        return {
            name: gradient.astype(self.parameters[name].dtype, copy=False)
            for name, gradient in gradients.items()
        }


class Steps(NamedTuple):
    """The cache of a recurrent layer."""

    shape: Shape  # of the output
    reads: tuple[np.dtype, ...]
    trace: Trace


def gradient_dtypes(xs: Iterable[Array], result: np.dtype) -> tuple[np.dtype, ...]:
    """Return the dtypes of gradients: those of the inputs, but where they are whole."""
    return tuple(x.dtype if x.dtype.kind == "f" else result for x in xs)


@final
class LSTM(Recurrent):
    """
    Read sequences step by step: ``(T, C) -> (units,)``, what is written at the last.

    Parameters
    ----------
    units : int
        How many numbers are written at each step, and remembered.
    return_sequences : bool, default False
        Whether to write those of every step, ``(T, C) -> (T, units)``.
    initializer : Initializer
        What draws ``w`` and ``recurrent``; their columns are the gates i, f, g and o.

    References
    ----------
    Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997; Gers, Schmidhuber and
    Cummins, "Learning to Forget", 2000.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn.nn import LSTM
    >>> layer = LSTM(1)
    >>> layer.build((3, 1), rng=np.random.default_rng(0))
    (1,)
    >>> for name in "w", "recurrent":
    ...     layer.parameters[name][...] = 0
    >>> layer.parameters["b"][...] = [9, 9, 9, 9]  # all gates open: it counts steps
    >>> y, _ = layer.forward(np.zeros((1, 3, 1)))
    >>> bool(np.allclose(y, np.tanh(3), atol=1e-3))
    True
    """

    kind = "lstm"
    rules = Rules(return_sequences=as_flag)

    _: KW_ONLY
    return_sequences: bool = False

    @staticmethod
    def sequence_shape(shape: InputShapes) -> Shape:
        """Return the only shape."""
        return tuple(shape)

    def apply(self, x: Array, training: bool, rng: Random) -> tuple[Array, Any]:
        """Start from zeros, and return what is written."""
        trace = self.run(x, None)
        y = trace.states[:, 1:, : self.units]
        y = y if self.return_sequences else y[:, -1]
        result, _ = arithmetic(x, self.parameters["w"])
        return y.astype(result), Steps(y.shape, gradient_dtypes([x], result), trace)

    def differentiate(self, dy: Array, cache: Any, input_gradient: bool) -> Back:
        """Return ``dx``, and the gradients of ``w``, ``recurrent`` and ``b``."""
        shape, (dtype,), trace = require_cache(cache, Steps, "forward")
        dstates = np.zeros_like(trace.states[:, 1:])
        steps = slice(None) if self.return_sequences else -1
        dstates[:, steps, : self.units] = as_upstream(dy, shape)
        dx, _, gradients = self.run_back(dstates, trace, input_gradient)
        dx = None if dx is None else dx.astype(dtype, copy=False)
        return dx, self.as_parameters(gradients)


@final
class LSTMStates(Recurrent):
    """
    Read sequences and a state, and write the state behind each step.

    A state is ``(2 * units,)``: what was written at a step, then what is remembered.
    The last one is the state to go on with; without a state to read, it is zeros.

        (T, C), (2 * units,) -> (T, 2 * units)

    Parameters
    ----------
    units, initializer
        As those of `LSTM`.
    """

    kind = "lstm_states"
    merges = True

    @staticmethod
    def sequence_shape(shape: InputShapes) -> Shape:
        """Return the first shape."""
        return tuple(shape[0])

    def apply(self, x: Inputs, training: bool, rng: Random) -> tuple[Array, Any]:
        """Start from the state."""
        if not isinstance(x, tuple | list) or not 1 <= len(x) <= 2:
            raise TypeError(
                f"x must be sequences, or these and states, got {quoted(x)}"
            )
        xs = tuple(as_array(one, "x") for one in x)
        state = xs[1] if len(xs) > 1 else None
        wanted = (*xs[0].shape[:1], 2 * self.units)
        if state is not None and state.shape != wanted:
            raise ValueError(f"a state must have shape {wanted}, got {state.shape}")
        trace = self.run(xs[0], state)
        y = trace.states[:, 1:]
        result, _ = arithmetic(*xs, self.parameters["w"])
        return y.astype(result), Steps(y.shape, gradient_dtypes(xs, result), trace)

    def differentiate(self, dy: Array, cache: Any, input_gradient: bool) -> Back:
        """Return the gradients of sequences and states, and those of parameters."""
        shape, dtypes, trace = require_cache(cache, Steps, "forward")
        dy = as_upstream(dy, shape)
        dx, dstate, gradients = self.run_back(dy, trace, input_gradient)
        pairs = zip((dx, dstate), dtypes, strict=False)
        dxs = tuple(
            one.astype(dtype, copy=False) for one, dtype in pairs if one is not None
        )
        return dxs if input_gradient else None, self.as_parameters(gradients)
