"""Captions: numbers, shapes and settings in words, the same in every picture."""

from typing import Any

from .._checks import by
from ..window import Window

__all__ = ["briefly", "image_title", "named", "settings_of", "shown", "times"]


def shown(entry: Any) -> str:
    """Write an entry of an array as short as it can be; None is not written."""
    return "" if entry is None else f"{entry:g}"


def times(shape: tuple[int, ...]) -> str:
    """Write a shape the way mathematicians do."""
    return by(shape).replace("x", "\N{MULTIPLICATION SIGN}")


def named(name: str, shape: tuple[int, ...]) -> str:
    """Write a name and a shape, with more room between them than between words."""
    return f"{name}\N{EN SPACE}{times(shape)}"


def image_title(window: Window) -> str:
    """Return the size of the image, and its size with padding."""
    title = named("x", window.spatial)
    if window.padded_size == window.spatial:
        return title
    return f"{title}, padded to {times(window.padded_size)}"


def settings_of(window: Window) -> str:
    """Return kernel, stride, padding and dilation in words, without the defaults."""
    parts = [f"kernel {times(window.kernel_size)}", f"stride {briefly(window.stride)}"]
    if any(map(any, window.padding)):
        before, after = window.padding[0]
        same = before == after and len(set(window.padding)) == 1
        parts.append(f"padding {before if same else window.padding}")
    if max(window.dilation) > 1:
        parts.append(f"dilation {briefly(window.dilation)}")
    return ", ".join(parts)


def briefly(sizes: tuple[int, ...]) -> str:
    """Write one number where all are the same."""
    return str(sizes[0]) if len(set(sizes)) == 1 else times(sizes)
