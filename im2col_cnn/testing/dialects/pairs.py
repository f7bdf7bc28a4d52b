"""Tell by names which functions convolve or pool, and which backward is whose.

``conv_backward`` is that of ``conv_forward``: what is left of both names is the same. A
``backprop`` whose name is that of no forward may be that of any.
"""

from __future__ import annotations

import inspect
import re
from typing import Any, Mapping

from .roles import parameters_in, roles_of

__all__ = [
    "OTHER_AXES",
    "backwards_in",
    "called_inside",
    "forwards_in",
    "is_backward",
    "is_nameless",
    "is_plain",
    "kinds_of",
    "own_functions",
    "stem",
]

BACK = re.compile(
    r"back_?prop(agation)?|backwards?|bwd|bprop|_?gradients?|_?grad_?|deriv\w*|^d_|"
    r"_back$|col2im"
)
FORTH = re.compile(r"forwards?(_?pass|_?prop(agation)?)?|fwd|feed|_for$")
# What may be in the name of a function that convolves or pools, and does nothing else.
PLAIN = re.compile(
    r"convolutional|convolution|convolve|conv|correlate|corr|max_?pool(ing)?|"
    r"(avg|average|mean)_?pool(ing)?|pool(ing)?|layer|naive|fast|loops?|slow|im2col|"
    r"vectorized|numpy|np|my|[123]_?d|pass|prop(agation)?|op|func(tion)?|stride[sd]?|"
    r"batch|simple|valid|multi|channels?|image|cnn|_|\d"
)
KINDS = "conv|corr|pool|im2col|col2im"
OTHER_AXES = re.compile(r"[13]_?[dD](?![a-z])")  # tiny problems have two
OTHERS = (
    *("single", "step", "relu", "transpose", "deconv", "test", "check", "depthwise"),
    *("global", "adaptive", "unpool"),
)


def own_functions(names: Mapping[str, Any]) -> dict[str, Any]:
    """Return the functions that a file defines."""
    return {
        name: it
        for name, it in names.items()
        if inspect.isfunction(it) or inspect.ismethod(it)
    }


def forwards_in(names: Mapping[str, Any]) -> list[str]:
    """Return the functions that by their names convolve or pool, and do no more."""
    inside = called_inside(names)
    return [
        name
        for name, it in own_functions(names).items()
        if (is_plain(name) and kinds_of(name, it)) or is_nameless(name, it)
        if not is_backward(name) and name not in inside
    ]


def backwards_in(names: Mapping[str, Any]) -> dict[str, list[str]]:
    """
    Return the functions that look like a backward, and of which forwards they may be.

    Those are the forwards of the same name. Where there is none, they are those of the
    same kind, or of any kind if the name says no more than that it goes backward.

    Examples
    --------
    >>> from im2col_cnn.testing.dialects.pairs import backwards_in
    >>> def convolve(x, w, b): ...
    >>> def pool(x, size): ...
    >>> def convolution_gradient(upstream, saved): ...
    >>> def backprop(dout, x): ...
    >>> backwards_in(globals())
    {'convolution_gradient': ['convolve'], 'backprop': ['convolve', 'pool']}
    """
    own = own_functions(names)
    forwards = {name: it for name, it in own.items() if not is_backward(name)}
    kinds = {name: kinds_of(name, it) for name, it in forwards.items()}
    kinds |= {name: ["conv"] for name, it in forwards.items() if is_nameless(name, it)}
    found = {}
    for name, it in own.items():
        if not is_backward(name) or not (goes_backward(it) or "col2im" in name):
            continue
        its_kinds = kinds_of(name, it)
        same = [each for each in forwards if stem(each) == stem(name)]
        may_be = [each for each in same or forwards if kinds[each]]
        if not same and its_kinds:
            may_be = [each for each in may_be if {*its_kinds} & {*kinds[each]}]
        if may_be and (same or its_kinds or not rest(name)):
            found[name] = may_be
    return found


def goes_backward(function: Any) -> bool:
    """Tell whether a function may take an upstream gradient, by what it is told."""
    roles = [roles_of(each.name) for each in parameters_in(function)]
    told = any("dy" in some or "cache" in some for some in roles)
    return bool(roles) and (told or not roles[0])


def called_inside(names: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return which functions others do their work with, and which others."""
    found: dict[str, list[str]] = {}
    for name, value in names.items():
        lower = name.lower()
        is_class = inspect.isclass(value)
        if not is_class and any(word in lower for word in OTHERS):
            continue
        methods = list(vars(value).values()) if is_class else [value]
        for method in methods:
            code = getattr(method, "__code__", None)
            for called in set(code.co_names) & names.keys() - {name} if code else ():
                found.setdefault(called, []).append(name)
    return found


def is_backward(name: str) -> bool:
    """Tell whether a name is that of a backward."""
    return BACK.search(name.lower()) is not None


def stem(name: str) -> str:
    """Return what the names of a forward and its backward have in common."""
    lower = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    lower = lower.replace("col2im", "im2col")
    return re.sub(r"_", "", FORTH.sub("", BACK.sub("", lower)))


def kinds_of(name: str, function: Any) -> list[str]:
    """Return what a function may be by its name: conv, pooling, im2col, nothing."""
    lower = name.lower()
    if any(word in lower for word in OTHERS):
        return []
    if "pool" in lower:
        if any("mode" in roles_of(each.name) for each in parameters_in(function)):
            return ["max_pool", "avg_pool"]
        mean = any(word in lower for word in ("avg", "average", "mean"))
        return ["avg_pool" if mean else "max_pool"]
    if "conv" in lower or "corr" in lower:
        return ["conv"]
    return ["im2col"] if re.search("im2col|col2im", lower) and not rest(name) else []


def rest(name: str) -> str:
    """Return what a name says beside convolving, pooling, forward and backward."""
    return PLAIN.sub("", FORTH.sub("", BACK.sub("", name.lower())))


def is_plain(name: str) -> bool:
    """Tell whether a name says that a function convolves or pools, and no more."""
    return not rest(name) and re.search(KINDS, name.lower()) is not None


def is_nameless(name: str, function: Any) -> bool:
    """Tell whether a function is a forward of images and kernels, and says no more."""
    roles = {role for each in parameters_in(function) for role in roles_of(each.name)}
    is_forward = FORTH.search(name.lower()) is not None and not is_backward(name)
    return is_forward and not rest(name) and not is_plain(name) and {"x", "w"} <= roles
