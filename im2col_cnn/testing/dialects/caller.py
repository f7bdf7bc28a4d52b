"""Forward and backward of one script, as the laws call them, and as a program."""

from __future__ import annotations

import ast
import copy
import inspect
import textwrap
from dataclasses import replace
from typing import Any, Mapping

import numpy as np

from ..errors import SubjectError
from .dialect import Offer
from .layouts import (
    arrange,
    arrange_columns,
    in_numpy_terms,
    plain_layout,
    restore,
)
from .roles import unnamed_in
from .run import Run, as_numbers, bindings
from .script import (
    ARRAYS,
    GRADIENTS,
    PLAIN_COLUMNS,
    Script,
    dotted,
    functions_in,
    made_in,
    made_object,
    parsed,
    tightness,
)

__all__ = ["Caller", "offer_of"]


class Caller:
    """Forward and backward of one script, as laws call them."""

    def __init__(
        self, script: Script, names: Mapping[str, Any], parts: tuple[str, ...]
    ) -> None:
        self.script, self.names, self.parts = script, names, parts

    def enter(self, array: Any) -> Any:
        """Hand an array over in the homework's type."""
        if not self.script.tensors:
            return array
        import torch  # noqa: PLC0415  # only where the homework has imported it

        return torch.from_numpy(np.array(array))

    def forward(self, *arrays: Any, **settings: Any) -> tuple[Any, ...]:
        """Run the lines of forward; the cache is where they left everything."""
        script = self.script
        known = bindings(script, arrays, settings)
        roles = ARRAYS.get(script.kind, ("x",))
        handed = {role: known[script.word(role)] for role in roles}
        if script.tensors:
            for role in roles:
                known[script.word(role)] = self.enter(handed[role])
        run = Run(self.names, known, script.place)
        shapes = {role: array.shape for role, array in zip(roles, arrays)}
        used: list[bool] = []
        cache = run, shapes, used, dict(settings)
        if "forward" not in self.parts:
            run.run(script.cache)
            return None, cache
        run.run(script.forward)
        name = run.name_of(parsed(script.forward)[-1])
        y = as_numbers(run.known.get(script.word("y")), name, script.word("y"))
        self.write_back(arrays, handed)
        return self.leave("y", y, shapes, settings), cache

    def backward(self, dy: Any, cache: Any) -> Any:
        """Run the lines of backward, and return the gradients."""
        script = self.script
        before, shapes, used, settings = cache
        run = before.copied()
        if used and made_object(script):
            # A layer may add up gradients, or have taken its step: make another one.
            run = Run(self.names, dict(before.start), script.place)
            run.run(script.forward)
        used.append(True)
        handed = self.reach(dy, shapes, settings)
        run.known[script.word("dy")] = self.enter(handed)
        run.run(script.backward)
        if script.kind == "im2col" or handed is dy:
            pass
        elif dy.flags.writeable:
            axes = len(shapes["x"]) - 2
            plain = plain_layout("y", axes)
            back = restore(handed, script.layout("y", axes), plain)
            if back.shape == dy.shape:
                dy[...] = back
        name = run.name_of(last_call(script.backward))
        gradients = []
        for role in ARRAYS.get(script.kind, ("x",)):
            word = script.word(GRADIENTS[role])
            if word not in made_in(script.backward):
                gradients.append(np.zeros(shapes[role]))
                continue
            found = as_numbers(run.known.get(word), name, word)
            gradients.append(self.leave(role, found, shapes, settings))
        return tuple(gradients) if len(gradients) > 1 else gradients[0]

    def sizes(self, shapes: Any, settings: Any) -> dict[str, int]:
        """Return how long the axes of a matrix of windows are."""
        N, H, W, C = shapes["x"]
        KH, KW = settings["kernel_size"]
        stride, padding = settings.get("stride", 1), settings.get("padding", 0)
        SH, SW = stride if isinstance(stride, tuple) else (stride, stride)
        p = padding if isinstance(padding, int) else 0
        out = (H + 2 * p - KH) // SH + 1, (W + 2 * p - KW) // SW + 1
        return dict(zip("NHWYXC", (N, *out, KH, KW, C)))

    def reach(self, dy: Any, shapes: Any, settings: Any) -> Any:
        """Put an upstream gradient in the homework's layout."""
        script = self.script
        if script.kind == "im2col":
            sizes = self.sizes(shapes, settings)
            layout = script.layouts.get("y", PLAIN_COLUMNS)
            return arrange_columns(dy, sizes, PLAIN_COLUMNS, layout)
        axes = len(shapes["x"]) - 2
        plain, layout = plain_layout("y", axes), script.layout("y", axes)
        if any(
            letter not in layout and size != 1 for letter, size in zip(plain, dy.shape)
        ):
            raise SubjectError(
                "a gradient of this shape cannot be handed over", "shape"
            )
        return arrange(dy, plain, layout)

    def leave(self, role: str, array: Any, shapes: Any, settings: Any) -> Any:
        """Put an array back in the laws' layout."""
        script = self.script
        if script.kind in ("mask", "share"):
            return array.astype(float) if array.dtype == bool else array
        if script.kind == "im2col" and role == "y":
            sizes = self.sizes(shapes, settings)
            layout = script.layouts.get("y", PLAIN_COLUMNS)
            return arrange_columns(array, sizes, layout, PLAIN_COLUMNS)
        axes = len(shapes["x"]) - 2
        layout = script.layout(role, axes)
        return restore(array, layout, plain_layout(role, axes))

    def write_back(self, arrays: Any, handed: Any) -> None:
        """Show what was written into an array in the one it came from."""
        axes = arrays[0].ndim - 2
        for role, array in zip(ARRAYS.get(self.script.kind, ("x",)), arrays):
            if self.script.kind in ("mask", "share") or not array.flags.writeable:
                continue
            plain = plain_layout(role, axes)
            back = restore(handed[role], self.script.layout(role, axes), plain)
            if back.shape == array.shape:
                array[...] = back

    def paste(self, arrays: Any, settings: Any, dy: Any, wanted: Any, what: str) -> str:
        """Write a call as a program in the homework's words that shows a difference."""
        script = self.script
        known = bindings(script, arrays, settings)
        lines = ["import numpy as np", ""]
        lines += ["import torch", ""] if script.tensors else []
        roles = ARRAYS.get(script.kind, ("x",))
        body = [] if "forward" not in self.parts else parsed(script.forward)
        body = body or parsed(script.cache)
        shapes = {role: array.shape for role, array in zip(roles, arrays)}
        shown = script.word(what)
        if dy is not None:
            body = body + parsed(script.backward)
        words = {script.word(role) for role in roles}
        for word in [script.word(role) for role in roles]:
            if any(mentions(statement, word) for statement in body):
                lines.append(f"{word} = {literal(known[word], script.tensors)}")
        if dy is not None:
            handed = self.reach(dy, shapes, settings)
            lines.append(f"{script.word('dy')} = {literal(handed, script.tensors)}")
        for statement in body:
            filled = Filled({k: v for k, v in known.items() if k not in words})
            tree = filled.visit(copy.deepcopy(statement))
            lines.append(ast.unparse(ast.fix_missing_locations(tree)))
        if wanted is not None and shown in {w for s in body for w in names_in(s)}:
            role = {"dx": "x", "dw": "w", "db": "b"}.get(what, what)
            if what == "dy":
                role = "y"
            right = self.outward(role, wanted, shapes, settings)
            lines.append(f"wanted = {literal(right, False)}")
            lines.append(
                f"print({shown})  # {what if shown == what else what + ', found'}"
            )
            lines.append("print(wanted)")
        return "\n".join(lines)

    def outward(self, role: str, array: Any, shapes: Any, settings: Any) -> Any:
        """Put a right answer in the homework's layout, to be printed beside its own."""
        if self.script.kind in ("mask", "share"):
            return array
        if self.script.kind == "im2col" and role == "y":
            return self.reach(array, shapes, settings)
        axes = len(shapes["x"]) - 2
        try:
            plain = plain_layout(role, axes)
            return arrange(array, plain, self.script.layout(role, axes))
        except (ValueError, IndexError):
            return array


def last_call(lines: str) -> Any:
    """Return the last line that calls something."""
    calls = [
        statement
        for statement in parsed(lines)
        if any(isinstance(node, ast.Call) for node in ast.walk(statement))
    ]
    return (calls or parsed(lines))[-1]


def mentions(statement: ast.stmt, word: str) -> bool:
    """Tell whether a line uses a name."""
    return word in names_in(statement)


def names_in(statement: ast.stmt) -> set[str]:
    """Return the names in a line."""
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}


class Filled(ast.NodeTransformer):
    """Put numbers in the place of settings."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values

    def visit_Name(self, node: ast.Name) -> Any:
        """Write the value of a setting."""
        if isinstance(node.ctx, ast.Load) and node.id in self.values:
            value = self.values[node.id]
            if isinstance(value, (int, float, str, tuple)):
                plain = tuple(value) if isinstance(value, tuple) else value
                return ast.parse(repr(plain), mode="eval").body
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> Any:
        """Take the first of two names for a gradient."""
        return self.visit(node.values[0])

    def visit_Call(self, node: ast.Call) -> Any:
        """Write ``**settings`` as keywords."""
        keywords = []
        for word in node.keywords:
            if word.arg is None and isinstance(word.value, ast.Name):
                for name, value in self.values.get(word.value.id, {}).items():
                    plain = tuple(value) if isinstance(value, tuple) else value
                    tree = ast.parse(repr(plain), mode="eval").body
                    keywords.append(ast.keyword(name, tree))
            else:
                keywords.append(word)
        node.keywords = keywords
        self.generic_visit(node)
        return node


def literal(value: Any, tensors: bool) -> str:
    """Write an array as a line of Python."""
    if not isinstance(value, np.ndarray):
        return repr(value)
    numbers = repr(value.tolist()).replace("nan", "np.nan").replace("inf", "np.inf")
    kind = "" if value.dtype.kind == "f" and value.itemsize == 8 else str(value.dtype)
    more = f", dtype=np.{kind}" if kind else ""
    if 0 in value.shape:
        return f"np.zeros({value.shape}{more})"
    made = f"np.array({numbers}{more})"
    return f"torch.tensor({made})" if tensors else made


def offer_of(
    script: Script, names: Mapping[str, Any], parts: tuple[str, ...], title: str = ""
) -> Offer:
    """Return what a file offers by one script."""
    caller = Caller(script, names, parts)
    support = script.support
    asks_back = bool(script.backward) and "backward" in parts
    if asks_back and script.kind == "conv":
        made = made_in(script.backward)
        support = replace(
            support,
            input_gradient=script.word("dx") in made,
            bias=script.word("db") in made if support.bias else False,
        )
    title = title or script.title or title_of(script, parts)
    return Offer(
        script.kind,
        title,
        caller.forward,
        caller.backward if asks_back else None,
        support,
        tuple(part for part in parts if part == "forward" or asks_back),
        described=", ".join([sight(script, asks_back), *left_alone(script, names)]),
        paste=caller.paste,
        words=dict(script.words),
        template=script.template,
        tightness=tightness(script, names),
        needs_torch=script.tensors,
        cached=Caller(script, names, ("backward",)).forward
        if asks_back and can_do_without(script, names)
        else None,
        is_sure=script.is_sure,
        is_loose=script.is_loose,
        uncalled=script.uncalled,
    )


def left_alone(script: Script, names: Mapping[str, Any]) -> list[str]:
    """Say which numbers are not handed over, for what they are was not found out."""
    left: dict[str, None] = {}
    for path, node in functions_in(script.forward, script):
        given = {word.arg for word in node.keywords}
        if len(path) == 1 and given:  # by name, so what is not named is left
            unnamed = unnamed_in(names.get(path[0])) if not node.args else []
            left.update(dict.fromkeys(each for each in unnamed if each not in given))
    return [f"{each} left as it is, whatever it means" for each in left]


def can_do_without(script: Script, names: Mapping[str, Any]) -> bool:
    """Tell whether a backward can be called without its forward."""
    made = made_in(script.forward)
    if not any(
        mentions(line, word) for line in parsed(script.backward) for word in made
    ):
        return True
    return bool(script.cache) and keeps_its_arguments(script, names)


def keeps_its_arguments(script: Script, names: Mapping[str, Any]) -> bool:
    """Tell whether a forward returns, as the cache, nothing but what it was handed.

    Then its backward can be called without it.
    """
    try:
        ((path, _),) = functions_in(script.forward)
        source = ast.parse(textwrap.dedent(inspect.getsource(names[path[0]])))
    except (ValueError, KeyError, TypeError, OSError, SyntaxError):
        return False
    handed = [each.arg for node in ast.walk(source) for each in arguments_in(node)]
    stored = [
        node.id
        for node in ast.walk(source)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    ]
    caches = [
        [getattr(each, "id", "") for each in node.elts]
        for node in ast.walk(source)
        if isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Load)
    ]
    kept = [each for each in handed if each != "mode"]
    return kept in caches and not {*kept} & {*stored}


def arguments_in(node: ast.AST) -> list[ast.arg]:
    """Return the arguments of a function that is defined here."""
    return node.args.args if isinstance(node, ast.FunctionDef) else []


def title_of(script: Script, parts: tuple[str, ...]) -> str:
    """Name the functions that a script calls."""
    found = []
    for part, lines in (("forward", script.forward), ("backward", script.backward)):
        if part not in parts:
            continue
        for path, _ in functions_in(lines, script):
            made = made_in(script.forward) | made_in(script.backward)
            if path[0] != "layer" and path[0] not in made:
                found.append(".".join(path))
    return ", ".join(dict.fromkeys(found))


def sight(script: Script, asks_back: bool) -> str:
    """Say in NumPy's terms how a file was read."""
    if script.kind in ("mask", "share"):
        return ""
    axes = script.support.axes[0]
    said = [f"{script.word('x')} {in_numpy_terms(script.layout('x', axes))}"]
    if script.kind == "conv":
        w = in_numpy_terms(script.layout("w", axes), is_kernel=True)
        said.append(f"{script.word('w')} {w}")
        if script.support.bias and script.layout("b", axes) != "F":
            said.append(
                f"{script.word('b')} {in_numpy_terms(script.layout('b', axes))}"
            )
    if script.kind == "im2col":
        rows, inside = script.layouts.get("y", PLAIN_COLUMNS).split()
        names = {"H": "OH", "W": "OW", "Y": "KH", "X": "KW"}
        both = [" * ".join(names.get(c, c) for c in word) for word in (rows, inside)]
        said.append(f"columns ({both[0]}, {both[1]})")
    if script.support.positive:
        said.append("positive numbers alone, for it ends with a ReLU")
    if asks_back and "layer." in script.backward:
        nodes = [
            node
            for statement in parsed(script.backward)
            for node in ast.walk(statement)
            if isinstance(node, ast.Attribute) and dotted(node)[:1] == ("layer",)
        ]
        holders = {dotted(node.value) for node in nodes}
        left = [
            f".{'.'.join(dotted(node)[1:])}"
            for node in nodes
            if dotted(node) not in holders
        ]
        called = {f".{'.'.join(p[1:])}" for p, _ in functions_in(script.backward)}
        gradients = [name for name in dict.fromkeys(left) if name not in called]
        if gradients:
            said.append(f"gradients in {', '.join(gradients)}")
    return ", ".join(said)
