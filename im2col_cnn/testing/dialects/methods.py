"""Methods that are functions: ``Pool().maxpool(image, size, stride)``, and backward.

A class whose constructor needs no arguments; its methods are read as functions, and
called on an object.
"""

from __future__ import annotations

import inspect
import re
from typing import Any, Iterator, Mapping

from .family import family
from .pairs import is_nameless
from .script import Script, functions_in
from .trials import execute
from .unknown_functions import scripts_of

__all__ = ["FAMILY"]


def scripts_of_methods(names: Mapping[str, Any]) -> Iterator[Script]:
    """Yield the scripts of the methods of a file that convolve or pool."""
    for name, holder in names.items():
        if not inspect.isclass(holder) or not public_methods(holder):
            continue
        made = {name: holder}
        try:
            execute(f"layer = {name}()", made)
        except Exception:  # it wants to be told something
            continue
        methods = {
            each: getattr(made["layer"], each) for each in public_methods(holder)
        }
        if any(is_nameless(each, method) for each, method in methods.items()):
            continue  # a layer with a forward, which is read as such
        for script in scripts_of(methods):
            if script.forward:
                yield script.but(
                    forward=f"layer = {name}()\n{on_layer(script.forward, methods)}",
                    backward=on_layer(script.backward, methods),
                    title=title_of(script, name),
                )


def title_of(script: Script, holder: str) -> str:
    """Name the methods that a script calls."""
    both = functions_in(script.forward), functions_in(script.backward)
    called = [path[0] for calls in both for path, _ in calls]
    return ", ".join(dict.fromkeys(f"{holder}.{name}" for name in called))


def public_methods(holder: Any) -> list[str]:
    """Return the methods of a class that are its own and have a public name."""
    return [
        name
        for name, value in vars(holder).items()
        if inspect.isroutine(inspect.unwrap(getattr(value, "__func__", value)))
        and not name.startswith("_")
    ]


def on_layer(lines: str, methods: Mapping[str, Any]) -> str:
    """Return lines that call functions as lines that call them on a layer."""
    for name in methods:
        lines = re.sub(rf"(?<![\w.]){name}\(", f"layer.{name}(", lines)
    return lines


FAMILY = family("methods", more=scripts_of_methods)
