"""Say what of a script cannot be: its kind, its layouts, calls of what is not there.

`fits` tells whether a file is meant by a script of a course, one of many. Here a person
says that it is, so each name and each call that does not fit is worth a word.
"""

from __future__ import annotations

import ast
import builtins
import inspect
from typing import Any, Iterator, Mapping

from ..support import Support
from .dialect import parameters_of
from .layouts import plain_layout
from .run import KNOWN
from .script import PLAIN_COLUMNS, ROLES, Script, made_in, parsed

__all__ = ["misfits", "mistake_in", "sets"]

SCRIPTED = ("conv", "max_pool", "avg_pool", "im2col", "mask", "share")


def mistake_in(script: Any) -> str:
    """Return what is wrong with a script, whatever the homework is, if anything is.

    Examples
    --------
    >>> from im2col_cnn.testing.dialects.misfits import mistake_in
    >>> from im2col_cnn.testing.dialects.script import Script
    >>> mistake_in(Script("conv", "y = conv(x, w)", layouts={"x": "HWCM"}))
    'the layout of x is "HWCM"; it has letters of "NHWC" (or 1), each once at most'
    """
    if not isinstance(script, Script):
        return f"SCRIPTS holds Script(...), not {script!r}"
    if script.kind not in SCRIPTED:
        return f"the kind is one of {', '.join(SCRIPTED)}, not {script.kind!r}"
    for part in ("forward", "backward", "cache"):
        try:
            parsed(getattr(script, part))
        except SyntaxError as error:
            line = (error.text or "").strip()
            return f"{part} is no Python: {error.msg}: {line}"
    support: Any = script.support
    if not isinstance(support, Support):
        return f"support is a Support, not {support!r}"
    for name, allowed in (("words", ROLES), ("layouts", ("x", "y", "w", "b"))):
        for key in getattr(script, name):
            if key not in allowed:
                return f"{name} are for {', '.join(allowed)}, not {key!r}"
    return next(filter(None, (layout_mistake(script, r) for r in script.layouts)), "")


def layout_mistake(script: Script, role: str) -> str:
    """Return what is wrong with a layout, if anything is."""
    layout = script.layouts[role]
    if script.kind == "im2col" and role == "y":
        plain = PLAIN_COLUMNS
        is_right = sorted(layout) == sorted(plain) and len(layout.split()) == 2
        rule, each = "the letters of", "each once"
    else:
        plain = plain_layout(role, script.support.axes[0])
        letters = [letter for letter in layout if letter != "1"]
        is_right = {*letters} <= {*plain} and len({*letters}) == len(letters)
        rule, each = "letters of", "(or 1), each once at most"
    words = f'the layout of {role} is "{layout}"; it has {rule} "{plain}" {each}'
    return "" if is_right else words


def misfits(
    script: Script, names: Mapping[str, Any]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what of the forward and of the backward of a script a file does not have.

    Each is a tuple of words: ``"Sieve.pul is not there"``.
    """
    made: dict[str, Any] = dict.fromkeys(KNOWN)
    made |= {script.word(role): None for role in ROLES}
    found = []
    for lines in (script.forward or script.cache, script.backward):
        made |= {name: made.get(name) for name in made_in(lines)}
        words: dict[str, None] = {}
        for statement in parsed(lines):
            words.update(dict.fromkeys(problems_of(statement, made, names)))
            if isinstance(statement, ast.Assign):
                value, target = statement.value, statement.targets[0]
                maker = value.func if isinstance(value, ast.Call) else None
                if isinstance(target, ast.Name) and isinstance(maker, ast.Name):
                    made[target.id] = names.get(maker.id)
        found.append(tuple(words))
    return found[0], found[1]


def problems_of(
    statement: ast.stmt, made: Mapping[str, Any], names: Mapping[str, Any]
) -> Iterator[str]:
    """Yield what a line uses that is not there, or does not take what it is handed."""
    own = {node.arg for node in ast.walk(statement) if isinstance(node, ast.arg)}
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            known = node.id in made or node.id in names or node.id in own
            if not known and node.id != "np" and not hasattr(builtins, node.id):
                yield f"{node.id} is not there"
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        if isinstance(function, ast.Name) and function.id in names:
            yield from refused(function.id, names[function.id], node, 0)
        holder = function.value if isinstance(function, ast.Attribute) else function
        if not isinstance(holder, ast.Name) or holder.id in names:
            continue
        kind = made.get(holder.id)
        method = getattr(function, "attr", "__call__")
        if not inspect.isclass(kind):
            continue
        if any(method in vars(base) for base in kind.__mro__):
            it = inspect.getattr_static(kind, method)
            more = 0 if isinstance(it, (staticmethod, classmethod)) else 1
            yield from refused(
                f"{kind.__name__}.{method}", getattr(kind, method), node, more
            )
        elif not sets(kind, method):
            yield f"{kind.__name__}.{method} is not there"


def refused(name: str, function: Any, node: ast.Call, more: int) -> Iterator[str]:
    """Yield why a call cannot be, if its signature says so."""
    stars = any(isinstance(each, ast.Starred) for each in node.args)
    if stars or any(word.arg is None for word in node.keywords):
        return
    if not callable(function):
        yield f"{name} is no function"
        return
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return
    try:
        signature.bind(
            *[None] * (len(node.args) + more),
            **{word.arg: None for word in node.keywords if word.arg},
        )
    except TypeError as error:
        takes = ", ".join([*parameters_of(function)][more:])
        yield f"{ast.unparse(node)}: {error}; {name} takes ({takes})"


def sets(kind: Any, name: str) -> bool:
    """Tell whether methods of a class may set an attribute of an object."""
    methods = [each for base in kind.__mro__ for each in vars(base).values()]
    codes = [each.__code__ for each in methods if hasattr(each, "__code__")]
    return any(name in c.co_names for c in codes) or hasattr(kind, "__getattr__")
