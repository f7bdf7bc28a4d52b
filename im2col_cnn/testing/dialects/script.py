"""The lines in which a course calls its functions: one script for each operation.

A course is described by the lines in which it calls its functions:

    forward  = "out, cache = conv_forward(x, w, b, {'stride': stride, 'pad': padding})"
    backward = "dx, dw, db = conv_backward(dout, cache)"

The same lines, with numbers for the arrays, are the counterexample that a report
prints. Lines are assignments and calls; ``a or b`` is the first of two that is there.
"""

from __future__ import annotations

import ast
import inspect
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Mapping

from ..support import EVERYTHING, Support
from .layouts import plain_layout
from .roles import roles_of

__all__ = [
    "ARRAYS",
    "GRADIENTS",
    "NOT_ITS_OWN",
    "PLAIN_COLUMNS",
    "ROLES",
    "Script",
    "attributes_set",
    "dotted",
    "fits",
    "functions_in",
    "in_its_words",
    "made_in",
    "made_object",
    "parsed",
    "roots_of",
    "tightness",
]

GRADIENTS = {"x": "dx", "w": "dw", "b": "db"}
ARRAYS = {"conv": ("x", "w", "b"), "share": ("dz",)}
PLAIN_COLUMNS = "NHW YXC"
NOT_ITS_OWN = ("np", "len", "type", "staticmethod")  # what lines may call as well
ROLES = ("x", "w", "b", "y", "dy", "dx", "dw", "db")


@dataclass(frozen=True)
class Script:
    """
    How a course calls one kind of operation.

    Parameters
    ----------
    kind : str
        One of ``conv``, ``max_pool``, ``avg_pool``, ``im2col``, ``mask``, ``share``.
    forward, backward : str
        Lines of Python, in the names of the homework. Beside the arrays, which `words`
        names, they may use ``stride``, ``padding``, ``settings`` (all of them, as
        keywords), ``K``, ``KH``, ``KW``, ``SH``, ``SW``, ``N``, ``C``, ``F``,
        ``OH``, ``OW``, ``kernel_size`` and the shape of the images, ``x_shape``.
    words : mapping
        What the lines call ``x``, ``w``, ``b``, ``y``, ``dy``, ``dx``, ``dw``, ``db``;
        by default the same.
    layouts : mapping
        The layouts of ``x``, ``y``, ``w`` and ``b`` where they are not those of the
        laws; see `layouts`. ``y`` has that of ``x`` unless it is named.
    support : Support
        What may be asked of it.
    cache : str
        Lines that make what backward needs, where a file has no forward.
    tensors : bool
        Whether arrays go in and out as PyTorch tensors.
    template : tuple of str
        Keys of bugs that the course's own template makes everyone write.
    is_sure : bool
        Whether it is meant so, though no call of it ends well.
    is_loose : bool
        Whether others have such names too, so that calls have to show that it is meant.
    uncalled : str
        What must be the backward, where no way to call it was found.
    title : str
        What it is called, if not by the functions and classes in its lines.
    place : str
        Where a person wrote it: what its lines cannot do is said of that place.
    """

    kind: str
    forward: str
    backward: str = ""
    words: Mapping[str, str] = field(default_factory=dict)
    layouts: Mapping[str, str] = field(default_factory=dict)
    support: Support = EVERYTHING
    cache: str = ""
    tensors: bool = False
    template: tuple[str, ...] = ()
    is_sure: bool = False
    is_loose: bool = False
    uncalled: str = ""
    title: str = ""
    place: str = ""

    def word(self, name: str) -> str:
        """Return what the lines call an array."""
        return self.words.get(name, name)

    def layout(self, role: str, axes: int) -> str:
        """Return the layout of x, y, w or b."""
        if role == "y" and "y" not in self.layouts and "x" in self.layouts:
            return self.layouts["x"].replace("C", "F")
        return self.layouts.get(role, plain_layout(role, axes))

    def but(self, **changes: Any) -> Script:
        """Return a variant."""
        return replace(self, **changes)


MEANS = ("average", "avg", "mean")


def in_its_words(script: Script, names: Mapping[str, Any]) -> Script:
    """Return a script with the word for an average that its functions know."""
    both = script.forward, script.backward
    usual = next((word for word in MEANS if f"'{word}'" in "".join(both)), "")
    said = {
        constant
        for lines in both
        for path, _ in functions_in(lines)
        for constant in constants_of(found(path, names))
    }
    others = [word for word in MEANS if word in said]
    if not usual or usual in others or not others:
        return script
    words = f"'{usual}'", f"'{others[0]}'"
    return script.but(
        forward=script.forward.replace(*words), backward=script.backward.replace(*words)
    )


def constants_of(function: Any) -> list[Any]:
    """Return the constants in the code of a function."""
    return list(getattr(getattr(function, "__code__", None), "co_consts", ()))


@cache
def parsed(lines: str) -> list[Any]:
    """Return the statements of some lines."""
    return ast.parse(inspect.cleandoc(lines)).body


def functions_in(lines: str, script: Any = None) -> list[Any]:
    """Return the calls whose function is a plain name, or an attribute of one.

    Methods of the arrays that `script` names are left out.
    """
    own = {script.word(role) for role in ROLES} if script else set()
    found = []
    for statement in parsed(lines):
        for node in ast.walk(statement):
            if isinstance(node, ast.Call):
                path = dotted(node.func)
                if path and path[0] not in {*NOT_ITS_OWN, *own}:
                    found.append((path, node))
    return found


def dotted(node: ast.expr) -> tuple[Any, ...]:
    """Return ``("a", "b")`` for ``a.b``; nothing for anything else."""
    if isinstance(node, ast.Name):
        return (node.id,)
    if isinstance(node, ast.Attribute):
        inner = dotted(node.value)
        return (*inner, node.attr) if inner else ()
    return ()


def made_in(lines: str) -> set[str]:
    """Return the names that lines assign to."""
    return {
        node.id
        for statement in parsed(lines)
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def attributes_set(lines: str) -> set[str]:
    """Return the attributes of plain names that lines assign to: ``layer.weight``."""
    return {
        node.attr
        for statement in parsed(lines)
        for node in ast.walk(statement)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
        if isinstance(node.value, ast.Name)
    }


def fits(script: Script, names: Mapping[str, Any]) -> tuple[Any, ...]:
    """
    Tell which parts of a script the definitions of a file can run.

    Returns
    -------
    parts : tuple of str
        ``"forward"`` and ``"backward"``, as far as the names are there and take so many
        arguments.
    """
    made = made_in(script.forward)
    graded = []
    classes = {}  # of objects that the lines make
    for statement in parsed(script.forward):
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call):
            path = dotted(statement.value.func)
            if len(path) == 1 and isinstance(statement.targets[0], ast.Name):
                classes[statement.targets[0].id] = names.get(path[0])
    for part, lines in (("forward", script.forward), ("backward", script.backward)):
        calls = [call for call in functions_in(lines, script) if call[0][0] not in made]
        methods = [
            call for call in functions_in(lines, script) if call[0][0] in classes
        ]
        if not lines or not (calls or methods):
            continue
        made_here = {names.get(name) for name in roots_of_layers(lines)}
        if any(
            inspect.isclass(found(path, names)) and found(path, names) not in made_here
            for path, _ in calls
            if len(path) == 1
        ):
            continue  # a class is no function
        if all(takes(found(path, names), node) for path, node in calls) and all(
            has_method(classes[path[0]], path, node) for path, node in methods
        ):
            graded.append(part)
    if made_object(script) and "forward" not in graded:
        return ()
    return tuple(graded)


def tightness(script: Script, names: Mapping[str, Any]) -> float:
    """Return which share of the parameters of the functions a script uses."""
    used = there = 0
    for lines in (script.forward, script.backward):
        for path, node in functions_in(lines, script):
            try:
                parameters = inspect.signature(found(path, names)).parameters
            except (TypeError, ValueError):
                continue
            there += len(parameters)
            used += len(node.args) + len(node.keywords)
    return used / there if there else 0.5


def made_object(script: Script) -> bool:
    """Tell whether a script makes an object of a class of the homework."""
    return "layer = " in script.forward


def roots_of_layers(lines: str) -> set[str]:
    """Return the classes of which lines make a layer."""
    return {
        statement.value.func.id
        for statement in parsed(lines)
        if isinstance(statement, ast.Assign)
        and isinstance(statement.targets[0], ast.Name)
        and statement.targets[0].id == "layer"
        and isinstance(statement.value, ast.Call)
        and isinstance(statement.value.func, ast.Name)
    }


def roots_of(script: Script, *, made: bool = False) -> tuple[Any, ...]:
    """Return the functions that a script needs, or the names its forward makes."""
    own = made_in(script.forward)
    if made:
        return tuple(sorted(own))
    calls = [
        path[0]
        for lines in (script.forward, script.backward)
        for path, _ in functions_in(lines, script)
    ]
    return tuple(dict.fromkeys(name for name in calls if name not in own))


def found(path: tuple[str, ...], names: Mapping[str, Any]) -> Any:
    """Return what a dotted name means, or None."""
    value = names.get(path[0])
    for attribute in path[1:]:
        value = getattr(value, attribute, None)
    return value


def has_method(holder: Any, path: tuple[str, ...], node: ast.Call) -> bool:
    """Tell whether objects of a class have a method that takes these arguments."""
    path = (*path, "__call__") if len(path) == 1 else path
    if len(path) != 2 or not hasattr(holder, path[1]):
        return len(path) > 2
    method = getattr(holder, path[1])
    static = isinstance(inspect.getattr_static(holder, path[1]), staticmethod)
    return takes(method, node, 0 if static or inspect.ismethod(method) else 1)


def takes(function: Any, node: ast.Call, more: int = 0) -> bool:
    """Tell whether a function takes as many arguments, and the keywords, of a call.

    A stride does not go where it takes a padding, nor an array where it takes either,
    nor the number of filters where it takes the size of a kernel.
    """
    if not callable(function):
        return False
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return True
    keywords = {word.arg: None for word in node.keywords if word.arg}
    try:
        signature.bind(*[None] * (len(node.args) + more), **keywords)
    except TypeError:
        return False
    places = zip([*signature.parameters][more:], node.args)
    return not any(clash(place, argument) for place, argument in places)


ARGUMENTS = {
    "C": "C",
    "F": "F",
    "K": "K",
    "KH": "K",
    "KW": "K",
    "stride": "stride",
    "S": "stride",
    "SH": "stride",
    "SW": "stride",
    "padding": "padding",
    "word": "padding",
}
SAME = {"KH": "K", "KW": "K", "shape": "K"}
STRICT = {"C", "F", "K", "stride", "padding", "activation", "settings", "step"}
ARRAY_ROLES = {"x", "w", "b", "dy"}


def clash(name: str, argument: ast.expr) -> bool:
    """Tell whether an argument does not go where a parameter of this name takes it."""
    wanted = {SAME.get(role, role) for role in roles_of(name)}
    wanted |= {"F"} if name.lower() in ("filters", "kernels") else set()
    wanted |= {"K"} if name.lower() == "kernel" else set()  # or how large it is
    given = given_by(argument)
    if not wanted or not given or wanted & given:
        return False
    return (wanted <= STRICT and given <= STRICT | ARRAY_ROLES) or (
        given <= STRICT and wanted <= ARRAY_ROLES
    )


def given_by(argument: ast.expr) -> set[str]:
    """Return the roles of an argument: settings by their names, arrays by theirs."""
    if isinstance(argument, ast.Lambda):
        return {"activation"}
    if isinstance(argument, ast.Dict):
        return {"settings"}
    names = {node.id for node in ast.walk(argument) if isinstance(node, ast.Name)}
    if not isinstance(argument, (ast.Name, ast.Tuple)) or len(names) > 2:
        return set()
    if known := {ARGUMENTS[name] for name in names if name in ARGUMENTS}:
        return known if len(known) == 1 else set()
    return {role for name in names for role in roles_of(name)}
