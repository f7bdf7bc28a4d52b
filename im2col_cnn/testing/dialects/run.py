"""Run the lines of a script in the names of the homework, and tell what went wrong."""

from __future__ import annotations

import ast
from contextlib import suppress
from functools import cache
from typing import Any, Callable, Mapping

import numpy as np

from ..errors import MISCALLED, NOT_THERE, NOT_WRITTEN, SubjectError
from ..support import Centred
from .dialect import MISSING, described, is_template, raised_by, where
from .held import held_by
from .layouts import arrange, plain_layout
from .script import ARRAYS, NOT_ITS_OWN, Script, dotted, parsed

__all__ = ["KNOWN", "Run", "as_numbers", "bindings"]

# What lines may use beside arrays and what the homework defines.
KNOWN = (
    *("C", "F", "K", "KH", "KW", "N", "OH", "OW", "S", "SH", "SW", "kernel_size"),
    *("padding", "settings", "shape", "spatial", "stride", "word", "x_shape"),
)


def bindings(
    script: Script, arrays: Any, settings: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what the lines may use: arrays in the homework's layout, and settings."""
    stride, padding = stride_of(script, settings), settings.get("padding", 0)
    kernel_size: Any = settings.get("kernel_size")
    known: dict[str, Any] = {}
    axes = arrays[0].ndim - 2
    if script.kind == "conv":
        x, w, _ = arrays
        kernel_size = w.shape[:-2]
        known["C"], known["F"] = x.shape[-1], w.shape[-1]
    elif script.kind in ("max_pool", "avg_pool", "im2col"):
        known["C"] = known["F"] = arrays[0].shape[-1]
    if script.kind in ("mask", "share"):
        known.update(settings)
    else:
        known["N"] = arrays[0].shape[0]
        known["spatial"] = arrays[0].shape[1:-1]
        known["kernel_size"] = tuple(kernel_size)
        known["K"], known["KH"], known["KW"] = (
            kernel_size[0],
            kernel_size[0],
            kernel_size[-1],
        )
        steps = stride if isinstance(stride, tuple) else (stride,) * axes
        known["S"], known["SH"], known["SW"] = steps[0], steps[0], steps[-1]
        p = padding if isinstance(padding, int) else 0
        taken = zip(known["spatial"], known["kernel_size"], steps)
        out = [(n + 2 * p - k) // (step or 1) + 1 for n, k, step in taken]
        known["OH"], known["OW"] = out[0], out[-1]
        if isinstance(padding, Centred):
            known["word"] = "same"
        elif padding in ("valid", 0):
            known["word"] = "valid"
        else:
            known["word"] = padding
        known["stride"], known["padding"] = stride, padding
        known["settings"] = {k: v for k, v in settings.items() if k != "kernel_size"}
    for role, array in zip(ARRAYS.get(script.kind, ("x",)), arrays):
        if script.kind == "mask":
            known[script.word(role)] = array
        elif script.kind == "share":
            known[script.word(role)] = array.item()
        else:
            layout = script.layout(role, axes)
            known[script.word(role)] = arrange(array, plain_layout(role, axes), layout)
    if script.kind not in ("mask", "share"):
        known["x_shape"] = known[script.word("x")].shape
    return known


def stride_of(script: Script, settings: Mapping[str, Any]) -> Any:
    """Return a stride as lines take it: one number for windows side by side too."""
    stride = settings.get("stride", 1)
    one = script.support.stride == "one" and isinstance(stride, tuple)
    return stride[0] if one else stride


@cache
def compiled(node: ast.expr) -> Any:
    """Compile an expression."""
    tree = ast.fix_missing_locations(ast.Expression(node))
    return compile(tree, "<call>", "eval")


class Run:
    """The lines of a script, run one by one in the names of the homework."""

    def __init__(
        self, names: Mapping[str, Any], known: dict[str, Any], place: str = ""
    ) -> None:
        self.names, self.known, self.place = names, known, place
        self.start = dict(known)
        self.classes: dict[str, str] = {}
        self.put: list[Any] = []  # what lines have set on objects

    def copied(self) -> Run:
        """Return a run that can go on by itself from here."""
        other = Run(self.names, dict(self.known), self.place)
        other.classes, other.put = dict(self.classes), list(self.put)
        return other

    def run(self, lines: str) -> None:
        """Run some lines."""
        for statement in parsed(lines):
            self.step(statement)

    def step(self, statement: ast.stmt) -> None:
        """Run one line; raise `SubjectError` unless its call returns what it should."""
        if isinstance(statement, ast.Assign):
            (target,) = statement.targets
            value = statement.value
            if isinstance(value, ast.Call) and isinstance(target, ast.Name):
                path = dotted(value.func)
                if len(path) == 1 and path[0] not in self.known:
                    self.classes[target.id] = path[0]
            if isinstance(value, ast.Tuple) and isinstance(target, ast.Tuple):
                for one, other in zip(target.elts, value.elts):
                    self.step(ast.copy_location(ast.Assign([one], other), statement))
                return
            made, value = self.evaluate(value)
            if isinstance(target, ast.Tuple):
                self.unpack(target, value, made)
            elif isinstance(target, ast.Name):
                self.known[target.id] = made
            else:
                self.known["__value__"] = made
                self.execute(ast.Assign([target], ast.Name("__value__", ast.Load())))
        elif isinstance(statement, ast.Expr):
            self.evaluate(statement.value)

    def evaluate(self, node: ast.expr) -> tuple[Any, ...]:
        """Return the value of an expression, and the expression that was taken."""
        if isinstance(node, ast.BoolOp):
            for choice in node.values:
                try:
                    value = self.value_of(choice, quiet=True)
                except AttributeError:
                    continue
                if value is not None:
                    return value, choice
            return self.value_of(node.values[0]), node.values[0]
        return self.value_of(node), node

    def value_of(self, node: ast.expr, *, quiet: bool = False) -> Any:
        """Evaluate one expression."""
        code = compiled(node)
        return self.guarded(
            node, lambda: eval(code, {**self.names, **self.known}), quiet
        )

    def execute(self, statement: ast.stmt) -> None:
        """Execute one assignment to an attribute."""
        self.refuse_another_name(statement)
        tree = ast.fix_missing_locations(ast.Module([statement], []))
        code = compile(tree, "<call>", "exec")
        self.guarded(statement, lambda: exec(code, {**self.names, **self.known}), False)
        self.put.append(self.known["__value__"])

    def refuse_another_name(self, statement: ast.stmt) -> None:
        """Refuse to set an array in vain: the object has its own by another name."""
        target = statement.targets[0] if isinstance(statement, ast.Assign) else None
        if not isinstance(target, ast.Attribute):
            return
        holder, array = self.value_of(target.value), self.known["__value__"]
        if hasattr(holder, target.attr) or not isinstance(array, np.ndarray):
            return
        name = ".".join((self.name_of(target.value), target.attr))
        size = sorted(array.squeeze().shape)
        for path, own in held_by(holder, ""):
            is_ours = any(own is one for one in self.put)
            if not is_ours and sorted(own.squeeze().shape) == size:
                problem = f"{name} is not there; an array of that size is in {path}"
                raise SubjectError(problem, MISCALLED)

    def guarded(self, node: Any, call: Callable[[], Any], quiet: bool) -> Any:
        """Do something, and say which function raised what if it did."""
        name = self.name_of(node)
        try:
            return call()
        except SystemExit as error:
            raise SubjectError(f"{name} called sys.exit", "SystemExit") from error
        except NotImplementedError as error:
            problem = f"{name} is not written yet: it raised NotImplementedError"
            raise SubjectError(problem + where(error), NOT_WRITTEN) from error
        except Exception as error:
            if quiet and isinstance(error, AttributeError):
                raise
            kind = type(error).__name__
            if kind in MISSING:
                problem = f"{name} cannot be checked: {error}"
                raise SubjectError(problem + where(error), NOT_THERE) from error
            if kind == "TypeError" and "None" in str(error) and is_template(error):
                problem = f"{name} is not written yet: it goes on with None"
                raise SubjectError(problem + where(error), NOT_WRITTEN) from error
            if isinstance(node, ast.Attribute) and isinstance(error, AttributeError):
                raise SubjectError(self.left_nothing(node), "return") from error
            text = str(error)
            if kind == "Exception" and "implement" in text.lower():
                problem = f"{name} is not written yet: it raised {text!r}"
                raise SubjectError(problem + where(error), NOT_WRITTEN) from error
            words = ": ".join(filter(None, (kind, text)))
            if self.place and not where(error) and "NoneType" not in text:
                problem = f"{self.place}: {ast.unparse(node)} raised {words}"
                raise SubjectError(problem, MISCALLED, text) from error
            raise raised_by(name, error) from error

    def name_of(self, node: Any) -> str:
        """Return which function of the homework a line calls, in words."""
        for inner in ast.walk(node):
            if isinstance(inner, ast.Call):
                path = dotted(inner.func)
                if path and path[0] not in NOT_ITS_OWN:
                    first = self.classes.get(path[0], path[0])
                    return ".".join((first, *path[1:]))
        path = dotted(node) if isinstance(node, ast.expr) else ()
        return (
            ".".join((self.classes.get(path[0], path[0]), *path[1:])) if path else "it"
        )

    def left_nothing(self, node: ast.Attribute) -> str:
        """Say that a gradient was not left on an object, and what is there instead."""
        path = dotted(node)
        holder = self.known.get(path[0])
        name = self.classes.get(path[0], path[0])
        problem = f"{name}.backward left no {path[-1]} on the object"
        there = [
            key
            for key, value in getattr(holder, "__dict__", {}).items()
            if isinstance(value, np.ndarray)
        ]
        if there:
            problem += f"; arrays on the object are {', '.join(there)}"
        return problem

    def unpack(self, target: ast.Tuple, value: ast.expr, made: Any) -> None:
        """Name the values that a call returned, or say what it returned instead."""
        wanted = [ast.unparse(element) for element in target.elts]
        words = f"({', '.join(wanted)})"
        name = self.name_of(value)
        if made is None or made is NotImplemented:
            problem = f"{name} returned {made} instead of {words}"
            raise SubjectError(problem, NOT_WRITTEN)
        if not isinstance(made, (tuple, list)):
            problem = f"{name} returned {described(made)} instead of {words}"
            raise SubjectError(problem, "return")
        if len(made) != len(wanted):
            problem = f"{name} returned {len(made)} values instead of {words}"
            raise SubjectError(problem, "return")
        if all(each is None for each in made[: max(1, len(made) - 1)]):
            problem = f"{name} returned None for {wanted[0]}"
            raise SubjectError(problem, NOT_WRITTEN)
        self.known.update(zip(wanted, made))


def as_numbers(value: Any, name: str, what: str) -> Any:
    """Return what should be an array of numbers as a plain one."""
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    if isinstance(value, tuple) and [each is None for each in value].count(False) == 1:
        (value,) = (each for each in value if each is not None)
    if isinstance(value, (list, tuple)) and value:
        with suppress(ValueError):
            value = np.array(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = np.asarray(value)
    if value is None or value is NotImplemented:
        problem = f"{name} gave {value} for {what}, not an array of numbers"
        raise SubjectError(problem, NOT_WRITTEN)
    array = np.asarray(value) if isinstance(value, (np.ndarray, np.generic)) else None
    if array is None or array.dtype.kind not in "biuf":
        problem = (
            f"{name} returned {described(value)} for {what}, not an array of numbers"
        )
        raise SubjectError(problem, "return")
    return array
