"""Layers of no known course: ``Conv2D(in, out, k, ...)``, ``forward``, ``backward``.

No two are alike, so a layer is made, and tiny calls tell what it has: which array of
kernels forward reads, where gradients are left, whether backward takes the step.
"""

from __future__ import annotations

import inspect
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from time import monotonic
from typing import Any, Iterator, Mapping

import numpy as np

from ..support import Support
from .dialect import is_refusal, where
from .family import CONVOLUTION, POOLING, family
from .gradients import Upstream, gradient_lines, looks_like_gradient
from .handed import handed, right_for
from .held import arrays_in, held_by, same_arrays
from .pairs import OTHER_AXES
from .roles import argument_lists, parameters_in, roles_of, settings_for
from .script import Script
from .tiny import Tiny, layouts_of, limited_to, tiny_problems
from .trials import execute

__all__ = ["FAMILY", "layers_in", "obstacles"]

# The method that is likeliest meant comes first.
FORWARDS = [
    *("forward", "forward_prop", "forward_propagation", "forward_pass"),
    *("forward_propagate", "forwardprop", "feedforward", "feed_forward", "fprop"),
    *("propagate", "forward_propogation", "__call__", "call", "apply", "convolve"),
    *("conv", "convolution", "pool", "max_pool", "pooling", "run", "process", "fwd"),
    *("compute", "front"),
]
BACKWARDS = [
    *("backward", "backprop", "back_prop", "backward_prop", "backward_propagation"),
    *("backward_pass", "back_propagation", "backpropagation", "backward_propagate"),
    *("bprop", "backwards", "back", "backpropagate", "back_propagate", "gradient"),
    *("backward_propogation", "bwd"),
]
SET_UPS = [
    *("init_params", "initialize", "init_weights", "initialize_weights", "build"),
    *("set_input_shape", "setup", "set_up", "init", "initialize_params", "init_layer"),
    *("initialize_parameters", "init_parameters", "initialise"),
]
OTHERS = ("transpose", "deconv", "global", "adaptive", "unpool")
SECONDS = 2.0  # in which all ways to make a layer are tried
MANY_ENDS = 200  # calls that tell how those of a layer end


RIGHT, SHAPE, OFF, CRASHED = 3, 2, 1, 0  # what a try gave


@dataclass
class Tried:
    """A layer that ran forward: the lines that did it, and what was found out."""

    lines: list[str]
    tiny: Tiny
    y: str
    w: str = "HWCF"
    b: str = "F"
    weights: str = ""
    bias: str = ""
    rank: int = SHAPE
    same: bool = False
    positive: bool = False
    at: dict[str, Any] = field(default_factory=dict)
    error: Exception | None = None


def layers_in(names: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
    """Yield the classes that by their names convolve or pool, and their forwards."""
    for name, layer in names.items():
        lower = name.lower()
        if not inspect.isclass(layer) or any(word in lower for word in OTHERS):
            continue
        forward = method_of(layer, FORWARDS)
        if forward and ("pool" in lower or "conv" in lower or lower.startswith("cnn")):
            yield name, layer, forward


def scripts_of(names: Mapping[str, Any]) -> Iterator[Script]:
    """Yield the scripts of the classes of a file that look like layers."""
    settings = {"settings": settings_for(names), "w": ("F",)}  # filters: how many
    for name, layer, forward in layers_in(names):
        if OTHER_AXES.search(name):
            continue
        if "pool" in name.lower():
            sizes = {**settings, "w": ("K", "(KH, KW)")}
            yield from pooling(name, layer, forward, sizes)
        else:
            yield from convolution(name, layer, forward, settings)


def obstacles(names: Mapping[str, Any]) -> Iterator[str]:
    """Say of each class that looks like a layer what most calls of it end with.

    Of those that made a layer, if any did.
    """
    for name, layer, forward in layers_in(names):
        kind, size = ("max_pool", "K") if "pool" in name.lower() else ("conv", "F")
        ends: list[Counter[str]] = [Counter(), Counter()]
        settings = {"settings": settings_for(names), "w": (size,)}
        some = tries(name, layer, forward, kind, 3, settings)
        for make, call, tiny in islice(some, MANY_ENDS):
            known = {**tiny.bindings(), name: layer}
            try:
                known = built([make], known)
            except Exception as error:  # of whatever kind
                ends[0][f"{name} raised {raised(error)}"] += 1
                continue
            try:
                built([call], known)
            except Exception as error:  # of whatever kind
                ends[1][f"{name}.{forward} raised {raised(error)}"] += 1
        its_ends = ends[1] or ends[0]
        takes = ", ".join(each.name for each in parameters_in(layer))
        unknown = f"what {name}({takes}) takes was not found out"
        yield its_ends.most_common(1)[0][0] if its_ends else unknown


def raised(error: Exception) -> str:
    """Say what was raised, and in which line of the homework."""
    return f"{type(error).__name__}: {error}{where(error)}"


def method_of(layer: Any, known: list[str]) -> str:
    """Return the first of some methods that the homework's own class has."""
    own = {name for base in layer.__mro__ if base is not object for name in vars(base)}
    return next((name for name in known if name in own), "")


def built(lines: list[str], known: Mapping[str, Any]) -> dict[str, Any]:
    """Run lines, and return the names as they left them."""
    names = dict(known)
    execute("\n".join(lines), names)
    return names


def set_ups(layer: Any) -> Iterator[str]:
    """Yield the line that makes the kernels of a layer, if not its constructor does."""
    yield ""
    for method in SET_UPS:
        if method in vars(layer):
            for given in argument_lists(getattr(layer, method)):
                yield f"\nlayer.{method}({given})"


def calls_of(layer: Any, method: str) -> Iterator[str]:
    """Yield calls of forward: images first, and whatever else it wants."""
    handed = {"w": ("w",), "b": ("b",)}  # some keep no kernels
    for more in argument_lists(getattr(layer, method), handed, skip=1):
        call = "layer" if method == "__call__" else f"layer.{method}"
        yield f"{call}({', '.join(filter(None, ('x', more)))})"


def tries(  # noqa: PLR0917 - beside its uses
    name: str, layer: Any, forward: str, kind: str, kernel: int, settings: Any
) -> Iterator[tuple[str, str, Tiny]]:
    """Yield how a layer could be made and called, on which problem, for some time."""
    end = monotonic() + SECONDS
    makes = [
        f"layer = {name}({given}){set_up}"
        for given in argument_lists(layer, settings)
        for set_up in set_ups(layer)
    ]
    calls = list(calls_of(layer, forward))
    # Some poolings take no stride, or no other than their kernel.
    alone = (False,) if kind == "conv" else (False, True)
    moves = alone if any("=stride" in make for make in makes) else alone[-1:]
    problems = (tiny_problems(kind, kernel, side_by_side=side) for side in moves)
    for tiny in chain.from_iterable(problems):
        for make in makes:
            for call in calls:
                if monotonic() < end:
                    yield make, call, tiny


def best_of(found: Iterator[Tried], layer: Any) -> Tried | None:
    """
    Return the first try that gives the right numbers, or else the best of all.

    A layer that crashed in every way is read only where there is no doubt how it is
    meant: it refused all layouts but one, crashed in the same words for all that it did
    not refuse, or a name is not there.
    """
    tries = []
    for tried in found:
        if tried.rank == RIGHT:
            return tried
        tries.append(tried)
    best = max(tries, key=lambda tried: tried.rank, default=None)
    if best is None or best.rank > CRASHED:
        return best
    names = [t for t in tries if isinstance(t.error, NameError)]
    if names and is_clear(layer):
        return names[0]
    likeliest = [tried for tried in tries if tried.lines[0] == best.lines[0]]
    layouts = {tried.tiny.layout for tried in likeliest}
    errors = {str(tried.error) for tried in likeliest}
    alike = len(layouts) == 1 or len(errors) == 1
    return best if alike and is_clear(layer) else None


def is_clear(layer: Any) -> bool:
    """Tell whether it is clear how many channels and filters a constructor is told."""
    roles = [roles_of(each.name) for each in parameters_in(layer)]
    told = ("input_shape",) in roles  # what is left is the number of filters
    return all(
        "shape" not in some and (told or not {"C", "F"} <= {*some}) for some in roles
    )


def convolution(name: str, layer: Any, forward: str, settings: Any) -> Iterator[Script]:
    """Yield the script of a convolution, if there is a way to call it."""
    tried = best_of(convolutions(name, layer, forward, settings), layer)
    if tried is None:
        return
    tiny = tried.tiny
    unusual = tried.same or tiny.channels == 1
    if unusual and tried.rank != RIGHT:
        return
    paddings: tuple[str, ...] = ("int",) if "=padding" in tried.lines[0] else ()
    paddings = ("(padding, padding)" in tried.lines[0] and ("int",)) or paddings
    has_stride = "stride" in tried.lines[0].replace("stride=", "")
    support = replace(
        CONVOLUTION,
        kernel="one",
        stride="one" if has_stride else "none",
        paddings=("centred at stride 1",) if tried.same else paddings,
        kernels=() if re.search(r"\bKH?\b|=w\b", "".join(tried.lines)) else (3,),
        bias=bool(tried.bias),
        one_image="N" not in tiny.layout,
        positive=tried.positive,
    )
    knows = "C" in tried.w and knows_depth(tried)
    support = limited_to(support, tiny, tried.lines[0], has_channels=knows)
    yield script_of(layer, tried, "conv", support)


def knows_depth(tried: Tried) -> bool:
    """Tell whether a layer is told of channels before it has its kernels."""
    make, *others = tried.lines
    told = re.search(r"\bC\b|\bx_shape\b", make) or "=w" in "".join(others)
    return bool(told) or re.match(r"layer(\.\w+)?\(x", others[0]) is not None


def convolutions(name: str, layer: Any, forward: str, settings: Any) -> Iterator[Tried]:
    """Yield the ways to make a convolution in which the output has a right shape."""
    for make, call, tiny in tries(name, layer, forward, "conv", 3, settings):
        known = {**tiny.bindings(), name: layer}
        try:
            with np.errstate(all="ignore"):
                way = handed_kernels if "=w" in call else with_kernels
                tried = way(make, call, tiny, known)
        except Exception:  # not in this way
            continue
        if tried is not None:
            yield tried


def with_kernels(
    make: str, call: str, tiny: Tiny, known: Mapping[str, Any]
) -> Tried | None:
    """Put the kernels and biases of a problem into a layer, and run it."""
    lines = [make]
    made = built(lines, known)
    kernels = [*kernels_in(made["layer"], tiny)]
    if not kernels:  # some make them when they see the first image
        lines.append(call)
        made = built(lines, known)
        kernels = [*kernels_in(made["layer"], tiny)]
    for path, w in kernels:
        array = tiny.array("w", w)
        own = same_arrays(made["layer"], "layer", eval(path, made))
        filled = [*lines, *(f"{each} = 1.0 * w" for each in own)]
        names = {**known, "w": array, "b": 1.0}
        try:
            calls = lines_of(call, built(filled, names), tiny)
            once = built([*filled, *calls], names)
            y = np.array(once["y"])
        except Exception as error:
            if is_refusal(error):
                raise
            lines = [*filled, f"y = {call}"]
            layout = tiny.layout.replace("C", "F")
            return Tried(lines, tiny, layout, w, rank=CRASHED, at=names, error=error)
        without = [*(f"{each} = 0.0 * w" for each in own), *calls]  # in the same layer
        if np.array_equal(y, built(without, once)["y"]):
            continue  # forward does not read this array
        outputs = [(layout, False) for layout in tiny.outputs(y.shape)]
        outputs += [(layout, True) for layout in tiny.outputs(y.shape, padded=True)]
        likely = tiny.likely(y.shape)
        for layout, same in outputs[:1] or [(likely, False)] * bool(likely):
            tried = Tried(filled, tiny, layout, w, weights=path, same=same, at=names)
            with_bias(tried, calls)
            tried.rank = tried.rank if outputs else OFF
            return tried
    return None


def handed_kernels(
    make: str, call: str, tiny: Tiny, known: Mapping[str, Any]
) -> Tried | None:
    """Hand the kernels and biases of a problem over to forward."""
    best = None

    def run(names: dict[str, Any]) -> tuple[list[str], dict[str, Any]]:
        calls = lines_of(call, built([make], names), tiny)
        return calls, built([make, *calls], names)

    end = monotonic() + SECONDS
    for one, w, b, (calls, names) in handed(call, tiny, known, run, [], end):
        if one.filters == 1:  # they make too many kernels for this
            break
        for y in tiny.outputs(np.shape(names["y"])):
            lines = [make, *calls]
            bias = "b" if "=b" in call else ""
            tried = Tried(lines, tiny, y, w, b, weights="w", bias=bias, at=names)
            is_right = tiny.agrees(names["y"], y, right_for(call, tiny))
            tried.rank = RIGHT if is_right else SHAPE
            if is_right:
                return tried
            best = best or tried
    return best


def kernels_in(layer: Any, tiny: Tiny) -> Iterator[tuple[str, str]]:
    """Yield the arrays of an object that are as large as kernels, with layouts."""
    sizes = {"F": 5, "C": tiny.channels, "H": 3, "W": 3}
    for path, array in held_by(layer, "layer"):
        for layout in layouts_of(array.shape, sizes):
            if {"F", "H", "W"} <= set(layout):
                alone = tiny.channels == 1 and "C" not in layout
                yield path, layout.replace("1", "C", 1) if alone else layout


def lines_of(call: str, names: Mapping[str, Any], tiny: Tiny) -> list[str]:
    """Return the lines that call forward and fetch its output: returned, or left."""
    before = {path: array.copy() for path, array in held_by(names["layer"], "layer")}
    after = built([f"found = {call}"], names)
    for place, _ in arrays_in(after["found"]):
        if place == "[0]" and len(after["found"]) == 2:
            return [f"y, cache = {call}"]
        return [f"y = {call}{place}"]
    if after["found"] is None:
        for path, array in held_by(after["layer"], "layer"):
            new = path not in before or not np.array_equal(array, before[path])
            if new and tiny.outputs(array.shape) and array is not names["x"]:
                return [call, f"y = {path}"]
    return ["y = None"]


def with_bias(tried: Tried, calls: list[str]) -> None:
    """Find the biases that forward reads, and whether it gives the right numbers."""
    tiny, names = tried.tiny, tried.at
    made = built(tried.lines, names)
    out = {
        "F": 5,
        "N": tiny.images,
        "H": tiny.height - tiny.kernel + 1,
        "W": tiny.width - tiny.kernel + 1,
    }
    around = 1 if tried.same else 0
    right = tiny.right(around)
    closest = unread = None
    for path, array in held_by(made["layer"], "layer"):
        if path == tried.weights or array.ndim > 4:
            continue
        for layout in layouts_of(array.shape, out):
            if "F" not in layout:
                continue
            b = re.sub("[NHW]", "1", layout)  # some are as large as y
            names["b"] = tiny.array("b", b)
            line = f"{path} = 1.0 * b" if b == layout else f"{path} = 0.0 * {path} + b"
            filled = [*tried.lines, line]
            once = built([*tried.lines, *calls], names)
            without = np.array(once["y"])
            y = built([line, *calls], once)["y"]  # in the same layer
            if y.shape != without.shape:
                continue
            if not np.array_equal(y, without):
                closest = closest or (path, b, filled)
            elif array.size == out["F"] and not looks_like_gradient(path, path):
                unread = unread or (path, b, filled)  # it forgets to add its bias
        if closest:
            break
    closest = closest or unread
    if closest:
        tried.bias, tried.b, tried.lines = closest
        names["b"] = tiny.array("b", tried.b)
    else:
        right = right - np.arange(1.0, 6.0)
    tried.lines = [*tried.lines, *calls]
    names = built(tried.lines, names)
    tried.at.update(names)
    tried.rank = RIGHT if tiny.agrees(names["y"], tried.y, right) else SHAPE
    names = {**tried.at, "w": -tried.at["w"]}
    y = built(tried.lines, names)["y"]
    wanted = right - 2 * (tiny.right(around) - tiny.plain("b"))
    tried.positive = tried.rank == RIGHT and not tiny.agrees(y, tried.y, wanted)


def script_of(layer: Any, tried: Tried, kind: str, support: Support) -> Script:
    """Return the script of a layer: where backward leaves its gradients is tried."""
    script = Script(
        kind,
        "\n".join(tried.lines),
        layouts={"x": tried.tiny.layout, "y": tried.y, "w": tried.w, "b": tried.b},
        support=support,
        is_sure=tried.rank in (OFF, CRASHED),
    )
    method = method_of(layer, BACKWARDS)
    if not method or tried.rank == CRASHED:
        return script
    upstream = Upstream(tried.lines, tried.at, tried.weights, tried.bias, tried.b)
    backward = gradient_lines(getattr(layer, method), method, upstream)
    return script.but(backward=backward, uncalled="" if backward else method)


def pooling(name: str, layer: Any, forward: str, settings: Any) -> Iterator[Script]:
    """Yield the scripts of a pooling."""
    lower = name.lower()
    kinds = ["avg_pool" if "avg" in lower or "mean" in lower or "aver" in lower else ""]
    kinds = [kinds[0] or "max_pool"]
    if any("mode" in roles_of(each.name) for each in parameters_in(layer)):
        kinds = ["max_pool", "avg_pool"]
    for kind in kinds:
        tried = best_of(poolings(name, layer, forward, kind, settings), layer)
        if tried is None:
            continue
        make = tried.lines[0]
        has_stride = "=stride" in make or "=(stride" in make
        support = replace(
            POOLING,
            kernel="one",
            stride="one",
            stride_is_kernel=not has_stride,
            kernels=() if "K" in make.partition("(")[2] else (2,),
            one_image="N" not in tried.tiny.layout,
        )
        knows = "C" in tried.tiny.layout
        support = limited_to(support, tried.tiny, make, has_channels=knows)
        yield script_of(layer, tried, kind, support)


def poolings(
    name: str, layer: Any, forward: str, kind: str, settings: Any
) -> Iterator[Tried]:
    """Yield the ways to make a pooling in which the output has the right shape."""
    for make, call, tiny in tries(name, layer, forward, kind, 2, settings):
        make_it = make.replace("'max'", "'average'") if kind == "avg_pool" else make
        known = {**tiny.bindings(), name: layer}
        lines, made = [make_it, f"y = {call}"], dict[str, Any]()
        try:
            with np.errstate(all="ignore"):
                made = built(lines[:1], known)
                lines[1:] = lines_of(call, made, tiny)
                names = built(lines, known)
        except Exception as error:  # not in this way
            if "layer" in made and not is_refusal(error):
                y = tiny.layout.replace("C", "F")
                yield Tried(lines, tiny, y, rank=CRASHED, at=made, error=error)
            continue
        for _, y in arrays_in(names["y"]):
            outputs = tiny.outputs(y.shape)[:1]
            for layout in outputs or filter(None, [tiny.likely(y.shape)]):
                is_right = tiny.agrees(y, layout, tiny.right())
                rank = (RIGHT if is_right else SHAPE) if outputs else OFF
                yield Tried(lines, tiny, layout, rank=rank, at=names)


FAMILY = family("classes", more=scripts_of)
