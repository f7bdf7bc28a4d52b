"""Where a backward leaves its gradients: in what it returns, on the object, in a step.

It is called once, and every array that comes of it is told by its shape: that of the
images, of the kernels, of the biases. What fits no shape is told by elimination, for a
gradient may be wrong in its shape.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import product
from typing import Any, Iterator, Mapping

import numpy as np

from .held import arrays_in, held_by
from .roles import STEPS, argument_lists
from .trials import execute

__all__ = ["Upstream", "gradient_lines", "is_bias", "looks_like_gradient"]


@dataclass(frozen=True)
class Upstream:
    """A layer after forward: its lines and names, where kernels and biases are."""

    lines: list[str]
    names: Mapping[str, Any]
    weights: str
    bias: str
    b: str

    def again(self, padding: int) -> dict[str, Any]:
        """Run forward once more, in a new layer."""
        names = {**self.names, "padding": padding}
        execute("\n".join(self.lines), names)
        return names


def gradient_lines(function: Any, method: str, upstream: Upstream) -> str:
    """
    Return the lines that call backward and fetch the gradients.

    Parameters
    ----------
    function : callable
        The method, as its class has it.
    method : str
        What it is called.
    upstream : Upstream

    Returns
    -------
    str
        Nothing if there is no way to call it.
    """
    first, found = None, ""
    # Some crop by [p:-p], which does not run where p is 0.
    pads = (0, 1) if "padding" in upstream.lines[0].replace("padding=", "") else (0,)
    for padding, call in product(pads, calls_of(function, method, upstream)):
        try:
            names = upstream.again(padding)
        except Exception:  # its forward takes no padding, then
            continue
        y = np.asarray(names["y"])
        dy = np.random.default_rng(0).integers(1, 9, y.shape) / 8.0
        lines = step_of(names["layer"])
        for line in lines:
            execute(line, names)
        before = {
            path: array.copy() for path, array in held_by(names["layer"], "layer")
        }
        before |= {role: names[role] for role in ("w", "b") if role in names}
        first = first or "\n".join([*lines, *usual(call, upstream)])
        names["dy"] = dy
        try:
            with np.errstate(all="ignore"):
                execute(f"found = {call}", names)
        except TimeoutError:  # it would not return in another way
            return first
        except Exception:  # it is broken in whatever way, or not to be called so
            continue
        more = "\n".join([*lines, *fetched(call, names, before, upstream)])
        if all(re.search(rf"\bd{role}\b.* = ", more) for role in wanted_of(upstream)):
            return more
        found = found or more  # by another padding, there may be more to find
    return found or first or ""


def wanted_of(upstream: Upstream) -> list[str]:
    """Return of which arrays there are gradients to find."""
    has = {"x": True, "w": upstream.weights, "b": upstream.bias}
    return [role for role, is_there in has.items() if is_there]


def calls_of(function: Any, method: str, upstream: Upstream) -> Iterator[str]:
    """Yield the calls of a backward, with a learning rate of 1 where it wants one.

    What is not known, such as labels for the last layer, is None.
    """
    roles = {"x": ("x",), "train": ("True", ""), "": ("None",)}
    if any(line.startswith("y, cache = ") for line in upstream.lines):
        roles["cache"] = ("cache",)
    for more in argument_lists(function, roles, skip=1):
        yield f"layer.{method}({', '.join(filter(None, ('dy', more)))})"


def step_of(layer: Any) -> list[str]:
    """Return the lines that make the step of a layer with a rate of its own plain."""
    return [
        f"layer.{name} = 1.0"
        for name, value in getattr(layer, "__dict__", {}).items()
        if name.lower().strip("_") in STEPS and isinstance(value, float)
    ]


def usual(call: str, upstream: Upstream) -> list[str]:
    """Return the usual lines for a backward that does not run."""
    lines = [f"dx = {call}"]
    if upstream.weights:
        lines.append("dw = layer.dW or layer.dw or layer.grad_w")
    if upstream.bias:
        lines.append("db = layer.db or layer.dB or layer.grad_b")
    return lines


def fetched(call: str, names: Any, before: Any, upstream: Upstream) -> list[str]:
    """Return the lines that fetch the gradients that one call gave."""
    held = dict(held_by(names["layer"], "layer"))
    wanted = {"x": np.shape(names["x"])}
    paths = {"w": upstream.weights, "b": upstream.bias}
    wanted.update({role: before[path].shape for role, path in paths.items() if path})
    returned = arrays_in(names["found"])
    places: dict[str, str] = {}
    for role, shape in wanted.items():
        for place, array in returned:
            alike = role == "b" and is_bias(array, before[paths["b"]])
            free = role not in places and place not in places.values()
            if free and (alike or array.shape == shape):
                places[role] = place
    left: dict[str, str] = {}
    for role, shape in wanted.items():
        if role in places:
            continue
        if path := left_by(held, before, shape, paths.get(role, ""), places | left):
            left[role] = path
    stepped = {
        role
        for role, path in paths.items()
        if path
        and role not in {**places, **left}
        and path in held
        and not np.array_equal(held[path], before[path])
    }
    missing = [r for r in wanted if r not in {**places, **left} and r not in stepped]
    over = [place for place, _ in returned if place not in places.values()]
    for role in missing[: len(over)]:  # of a wrong shape, then
        places[role] = over.pop(0)
    lines = (
        [f"found = {call}"]
        if any(places.values())
        else [f"dx = {call}" if places else call]
    )
    if places and not any(places.values()):
        (role,) = places
        lines = [f"d{role} = {call}"]
        places = {}
    if not places and not left and not stepped:
        return [f"dx = {call}"]  # which is None where nothing is written yet
    lines += [f"d{role} = found{place}" for role, place in places.items()]
    lines += [f"d{role} = {path}" for role, path in left.items()]
    lines += [f"d{role} = {role} - {paths[role]}" for role in paths if role in stepped]
    if upstream.bias:
        full = before[paths["b"]].ndim == len(upstream.b)
        axes = tuple(
            n
            for n, letter in enumerate(upstream.b)
            if full and letter == "1" and before[paths["b"]].shape[n] != 1
        )
        if axes:
            lines.append(f"db = db.sum({axes}, keepdims=True)")
    return lines


def is_bias(array: Any, bias: Any) -> bool:
    """Tell whether an array is that of the biases but for axes of length 1."""
    same = array.squeeze().shape == bias.squeeze().shape
    return bool(same and array.size == bias.size)


def left_by(held: Any, before: Any, shape: Any, key: str, taken: Any) -> str:
    """Return the path of the gradient that backward left: of this shape, and new."""
    for path, value in held.items():
        if path == key or path in taken.values() or value.shape != tuple(shape):
            continue
        if looks_like_gradient(path, key) and (
            path not in before or not np.array_equal(before[path], value)
        ):
            return str(path)
    return ""


def looks_like_gradient(path: str, key: str) -> bool:
    """Tell whether a path is that of a gradient: dW, d_weights, weights_grad, ..."""
    words = path.lower().replace("[", ".").replace("'", "").replace("]", "").split(".")
    own = key.lower().replace("[", ".").replace("'", "").replace("]", "").split(".")
    return any(is_gradient(word.lstrip("_"), own[-1]) for word in words[1:])


def is_gradient(word: str, key: str) -> bool:
    """Tell whether a name is that of a gradient."""
    return (
        "grad" in word
        or word.startswith(("d", "delta", "nabla"))
        or (word.endswith("_d") or f"d{key}" in word)
    )
