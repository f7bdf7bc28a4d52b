"""Read the names of this package.

Only settings that appear in a function's signature are asked of it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import SubjectError
from .capabilities import claimed
from .coursera import takes_a_dict
from .dialect import Dialect, Names, Offer, ask, parameters_of

if TYPE_CHECKING:
    from ..._typing import Array, Shape

__all__ = ["NATIVE", "column_offer", "pair_offer"]

PAIRS = {
    "conv": ("conv_forward", "conv_backward"),
    "max_pool": ("max_pool_forward", "max_pool_backward"),
    "avg_pool": ("avg_pool_forward", "avg_pool_backward"),
}
GRADIENTS = {"conv": ("dx", "dw", "db"), "max_pool": ("dx",), "avg_pool": ("dx",)}


def as_function(value: Any, name: str) -> None:
    """Refuse what cannot be called."""
    if not callable(value):
        raise TypeError(f"{name} must be a function, got {value!r}")


def pair_offer(
    kind: str,
    its_forward: Callable[..., Any],
    its_backward: Callable[..., Any] | None,
    names: tuple[str, str] | None = None,
) -> Offer:
    """Offer a forward, and its backward if there is one; by default by their names."""
    as_function(its_forward, "forward")
    if its_backward is not None:
        as_function(its_backward, "backward")
    forward_name, backward_name = names or (
        name_of(its_forward, PAIRS[kind][0]),
        name_of(its_backward, PAIRS[kind][1]),
    )

    def forward(*arrays: Any, **settings: Any) -> tuple[Array, Any]:
        # By its place: whatever it is called, a window comes behind the images.
        window = [settings.pop("kernel_size")] if "kernel_size" in settings else []

        def call() -> Any:
            return its_forward(*arrays, *window, **settings)

        y, cache = ask(forward_name, call, returns=("y", "cache"))
        return y, cache

    def backward(dy: Array, cache: Any) -> Any:
        def call() -> Any:
            return its_backward(dy, cache) if its_backward else None

        found = ask(backward_name, call, returns=GRADIENTS[kind])
        return tuple(found) if isinstance(found, list) else found

    name = ", ".join((forward_name, backward_name)[: 2 if its_backward else 1])
    return Offer(
        kind,
        name,
        forward,
        backward if its_backward else None,
        claimed(its_forward, kind),
        ("forward", "backward") if its_backward else ("forward",),
        claims=True,
    )


def name_of(function: Any, usual: str) -> str:
    """Return what a function is called, if that is a name."""
    name = getattr(function, "__name__", "")
    return name if name.isidentifier() else usual


def column_offer(
    its_im2col: Callable[..., Any], its_col2im: Callable[..., Any] | None
) -> Offer:
    """Offer im2col, with col2im for its backward."""
    as_function(its_im2col, "im2col")
    if its_col2im is not None:
        as_function(its_col2im, "col2im")

    def forward(x: Array, kernel_size: Shape, **settings: Any) -> tuple[Array, Any]:
        def call() -> Any:
            return its_im2col(x, kernel_size, **settings)

        found = ask("im2col", call, returns=("columns",))
        if found.ndim != 2:
            problem = f"im2col returned an array of shape {found.shape}, not a matrix"
            raise SubjectError(problem, "return")
        return found, (x.shape, kernel_size, settings)

    def backward(columns: Array, cache: Any) -> Array:
        shape, kernel_size, settings = cache

        def call() -> Any:
            assert its_col2im is not None
            return its_col2im(columns, shape, kernel_size, **settings)

        found: Array = ask("col2im", call, returns=("images",))
        return found

    return Offer(
        "im2col",
        "im2col, col2im" if its_col2im else "im2col",
        forward,
        backward if its_col2im else None,
        claimed(its_im2col, "im2col"),
        ("forward", "backward") if its_col2im else ("forward",),
        claims=True,
    )


def read(names: Names) -> list[Offer]:
    """Find what there is of this package's functions."""
    offers = [
        pair_offer(kind, names[forward], names.get(backward), (forward, backward))
        for kind, (forward, backward) in PAIRS.items()
        if forward in names and takes_arrays(names[forward], kind)
    ]
    if "im2col" in names and takes_kernel_size(names["im2col"]):
        offer = column_offer(names["im2col"], names.get("col2im"))
        # The name is everyone's: it is meant if it says so, or if calls do.
        loose = not names_kernel_size(names["im2col"])
        offers.append(replace(offer, is_loose=loose))
    return offers


def takes_arrays(function: Callable[..., Any], kind: str) -> bool:
    """Tell whether a forward takes x, w and b, or x and the size of a kernel."""
    with suppress(ValueError):  # which is raised if it does not tell
        try:
            inspect.signature(function).bind(*[None] * (3 if kind == "conv" else 2))
        except TypeError:
            return False
    return True


def takes_kernel_size(function: Callable[..., Any]) -> bool:
    """Tell whether an im2col takes images and the size of a kernel."""
    parameters = list(parameters_of(function).values())
    return len([p for p in parameters if p.default is p.empty]) <= 2


def names_kernel_size(function: Callable[..., Any]) -> bool:
    """Tell whether an im2col has this package's word for the size of a kernel."""
    parameters = parameters_of(function)
    some = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    return not parameters or some or "kernel_size" in parameters


NATIVE = Dialect(
    "native",
    (*(name for pair in PAIRS.values() for name in pair), "im2col", "col2im"),
    read,
    lambda names: not ("conv_forward" in names and takes_a_dict(names)),
)
