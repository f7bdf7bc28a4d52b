"""Let homework do what only a newer NumPy refuses, or a GPU does, and note that it did.

NumPy 2.4 refuses ``float(a)`` of an array of one number with axes, and ``z[0, 1] = a``
likewise; `np.float` went with 1.24, `np.Inf` with 2.0. Homework written for an older
NumPy is no wrong convolution for that. Three ways were tried: names in the homework's
module that hide ``float`` (``dtype=float`` then breaks), a class of arrays that
converts itself (assignments to plain arrays still fail), and this one: the lines in
question are rewritten to do the old thing where the new one is refused.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["GONE", "Tolerant", "made_tolerant", "names_for"]

GONE = {
    "float": float,
    "int": int,
    "bool": bool,
    "object": object,
    "complex": complex,
    "str": str,
    "float_": np.float64,
    "Inf": np.inf,
    "NaN": np.nan,
    "NAN": np.nan,
    "infty": np.inf,
    "PINF": np.inf,
    "NINF": -np.inf,
    "product": np.prod,
    "cumproduct": np.cumprod,
    "alltrue": np.all,
    "sometrue": np.any,
    "in1d": np.isin,
    "row_stack": np.vstack,
}
LIB_PAD = ("lib", "pad") if not hasattr(np.lib, "pad") else ()
SCALAR = "NumPy {} refuses {} (line {}); write {}"


class Tolerant:
    """
    The functions that rewritten lines call.

    Parameters
    ----------
    note : callable
        Told in a sentence what a newer NumPy refuses, in which line, and the remedy.
    """

    def __init__(self, note: Callable[[str], None]) -> None:
        self.note = note

    def as_scalar(self, kind: Callable[..., Any], value: Any, line: int) -> Any:
        """Return ``float(value)`` or ``int(value)``, of an array of one number too."""
        if not isinstance(value, np.ndarray) or not value.ndim or value.size != 1:
            return kind(value)
        name = kind.__name__
        words = f"{name}() of an array with axes", line, f"{name}(a.item())"
        self.note(SCALAR.format("2.4", *words))
        return kind(value.item())

    def assign(self, array: Any, place: Any, value: Any, line: int) -> None:
        """Do ``array[place] = value`` where value is an array of one number."""
        if (
            not isinstance(array, np.ndarray)
            or not isinstance(value, np.ndarray)
            or value.size != 1
            or np.ndim(array[place]) != 0
        ):
            array[place] = value  # raises again what it raised
            return
        words = "an array of one number for an entry", line, "a.item()"
        self.note(SCALAR.format("2.4", *words))
        array[place] = value.item()


def names_for(tolerant: Tolerant) -> dict[str, Any]:
    """Return the names that rewritten lines need."""
    return {"__as_scalar__": tolerant.as_scalar, "__assign__": tolerant.assign}


def made_tolerant(statement: ast.stmt, tolerant: Tolerant) -> ast.Module:
    """Return a module of one statement, rewritten."""
    tree: ast.Module = Rewriter(tolerant).visit(ast.Module([statement], []))
    return ast.fix_missing_locations(tree)


class Rewriter(ast.NodeTransformer):
    """Rewrite what a newer NumPy refuses."""

    def __init__(self, tolerant: Tolerant) -> None:
        self.tolerant = tolerant

    def visit_Call(self, node: ast.Call) -> Any:
        """Turn ``float(a)`` into a call that takes arrays of one number."""
        self.generic_visit(node)
        is_scalar = isinstance(node.func, ast.Name) and node.func.id in ("float", "int")
        if not is_scalar or len(node.args) != 1 or node.keywords:
            return node
        line = ast.Constant(node.lineno)
        made = ast.Call(
            ast.Name("__as_scalar__", ast.Load()), [node.func, node.args[0], line], []
        )
        return ast.copy_location(made, node)

    def visit_Constant(self, node: ast.Constant) -> Any:
        """Let what is meant for a GPU run on the CPU where there is none."""
        if node.value not in ("cuda", "cuda:0") or has_gpu():
            return node
        at = f'"{node.value}" (line {node.lineno})'
        self.tolerant.note(f"{at} is not here; the CPU stands in for it")
        return ast.copy_location(ast.Constant("cpu"), node)

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        """Note a name that NumPy has no more; it is put back for the homework."""
        self.generic_visit(node)
        inner = node.value
        if isinstance(inner, ast.Attribute) and (inner.attr, node.attr) == LIB_PAD:
            node.value = inner.value
            at = f"np.lib.pad (line {node.lineno})"
            self.tolerant.note(f"{at} is not in NumPy any more; write np.pad")
        is_numpy = isinstance(node.value, ast.Name) and node.value.id in ("np", "numpy")
        if is_numpy and node.attr in GONE and not has(node.attr):
            setattr(np, node.attr, GONE[node.attr])
            ADDED.add(node.attr)
        if is_numpy and node.attr in ADDED:
            now = getattr(GONE[node.attr], "__name__", f"np.{node.attr.lower()}")
            gone = f"np.{node.attr} (line {node.lineno}) is not in NumPy any more"
            self.tolerant.note(f"{gone}; write {now}")
        return node

    def visit_Assign(self, node: ast.Assign) -> Any:
        """Let ``z[i] = a`` take an array of one number."""
        self.generic_visit(node)
        if len(node.targets) != 1 or not isinstance(node.targets[0], ast.Subscript):
            return node
        return self.guarded(node, node.targets[0], node.value, None)

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        """Let ``z[i] += a`` take an array of one number."""
        self.generic_visit(node)
        if not isinstance(node.target, ast.Subscript):
            return node
        return self.guarded(node, node.target, node.value, node.op)

    def guarded(self, node: Any, target: ast.Subscript, value: Any, op: Any) -> Any:
        """Return the statement in a try, and what is done instead after it."""
        if any(isinstance(n, (ast.Yield, ast.Await)) for n in ast.walk(node)):
            return node
        name = "__value__"
        keep = ast.Assign([ast.Name(name, ast.Store())], value)
        held = ast.Name(name, ast.Load())
        line = ast.Constant(node.lineno)
        place = slice_of(target)
        if op is None:
            plain: Any = ast.Assign([target], held)
            result: Any = held
        else:
            plain = ast.AugAssign(target, op, held)
            read = ast.Subscript(target.value, target.slice, ast.Load())
            result = ast.BinOp(read, op, held)
        call = ast.Call(
            ast.Name("__assign__", ast.Load()), [target.value, place, result, line], []
        )
        errors = ast.Tuple(
            [ast.Name("TypeError", ast.Load()), ast.Name("ValueError", ast.Load())],
            ast.Load(),
        )
        handler = ast.ExceptHandler(errors, None, [ast.Expr(call)])
        both = [keep, ast.Try([plain], [handler], [], [])]
        for statement in both:
            for inner in ast.walk(statement):
                if not hasattr(inner, "lineno") and "lineno" in inner._attributes:
                    ast.copy_location(inner, node)
        return both


def slice_of(target: ast.Subscript) -> Any:
    """Return the index of a subscript as an expression that can be handed over."""
    index = target.slice
    parts = index.elts if isinstance(index, ast.Tuple) else [index]
    made = [as_slice(part) for part in parts]
    return ast.Tuple(made, ast.Load()) if isinstance(index, ast.Tuple) else made[0]


def as_slice(part: ast.expr) -> ast.expr:
    """Write ``a:b:c`` as ``slice(a, b, c)``."""
    if not isinstance(part, ast.Slice):
        return part
    bounds = [
        bound if bound is not None else ast.Constant(None)
        for bound in (part.lower, part.upper, part.step)
    ]
    return ast.Call(ast.Name("slice", ast.Load()), bounds, [])


def has_gpu() -> bool:
    """Tell whether there is one for homework that has imported PyTorch."""
    torch = sys.modules.get("torch")
    return torch is not None and bool(torch.cuda.is_available())


ADDED: set[str] = set()  # names put back into NumPy, in this process


def has(name: str) -> bool:
    """Tell whether NumPy has a name; asking for one that went may warn or raise."""
    try:
        getattr(np, name)
    except AttributeError:
        return False
    return True
