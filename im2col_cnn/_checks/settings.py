"""Values as the package uses them: numbers, sizes, paddings, paths, words, dtypes.

Each `as_...` returns a value in one form, or refuses it; `quoted` and `printable` write
what was given into a message.
"""

from collections.abc import Callable, Iterable, Sequence
from math import inf, isfinite, prod
from operator import index
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar, get_args

import numpy as np
import numpy.typing as npt

from .._typing import Padding, PaddingWord, Shape, Sizes

__all__ = [
    "MAX_NUMBERS",
    "MAX_PIXELS",
    "as_above_zero",
    "as_at_least_zero",
    "as_below_one",
    "as_bins",
    "as_choice",
    "as_dtype",
    "as_exponent",
    "as_flag",
    "as_float_dtype",
    "as_function",
    "as_int",
    "as_items",
    "as_padding",
    "as_path",
    "as_per_axis",
    "as_real",
    "as_rng",
    "as_shape",
    "as_share",
    "as_slope",
    "by",
    "entries",
    "in_a_line",
    "is_lone",
    "printable",
    "quoted",
    "require_countable",
    "require_kind",
    "require_modest",
    "require_window",
    "visible",
    "whole",
]


Word = TypeVar("Word", bound=str)
Kind = TypeVar("Kind")
MAX_PIXELS = 2**31  # along one axis: positions are products of two
MAX_BINS = 2**31  # of an image and a channel
MAX_AXES = 32
MAX_NUMBERS = 2**48  # of one array: 256 TiB, if each is a byte
MAX_LETTERS = 100  # of a value that is quoted
MAX_LINE_LETTERS = 500  # of what a file says


def by(sizes: Iterable[int]) -> str:
    """Write sizes the way people say them: ``3x4``."""
    return "x".join(map(str, sizes))


def quoted(value: Any) -> str:
    """Write a value as code would, in one line, and no more of it than that holds."""
    line = " ".join(repr(value).split())
    return line if len(line) <= MAX_LETTERS else f"{line[:MAX_LETTERS]}..."


def as_exponent(value: Any, name: str = "p") -> float:
    """Return `value` as the exponent of a norm: finite, and at least 1."""
    return as_real(value, name, lambda p: p >= 1, "be at least 1", ": less is no norm")


def as_slope(value: Any) -> float:
    """Return `value` as the slope of a line: a finite float."""
    return as_real(value, "slope")


def as_below_one(value: Any, name: str) -> float:
    """Return `value` as a float from 0 to less than 1."""
    return as_real(value, name, lambda n: 0 <= n < 1, "be at least 0 and below 1")


def as_share(value: Any, name: str) -> float:
    """Return `value` as a float from 0 to 1."""
    return as_real(value, name, lambda share: 0 <= share <= 1, "lie between 0 and 1")


def as_at_least_zero(value: Any, name: str) -> float:
    """Return `value` as a finite float that is not negative."""
    return as_real(value, name, lambda number: number >= 0, "be at least 0")


def as_above_zero(value: Any, name: str) -> float:
    """Return `value` as a finite float above 0."""
    return as_real(value, name, lambda number: number > 0, "be above 0")


def as_rng(value: Any) -> "np.random.Generator":  # in quotes: see `dropout_forward`
    """Return `value` if it is a generator of random numbers; a seed is not one."""
    if not isinstance(value, np.random.Generator):
        raise TypeError(
            f"rng must be a numpy.random.Generator, got {quoted(value)}: "
            f"np.random.default_rng(seed) makes one"
        )
    return value


def as_real(
    value: Any,
    name: str,
    holds: Callable[[float], bool] = isfinite,
    rule: str = "",
    way_out: str = "",
) -> float:
    """Return `value` as a finite float, for which a rule holds if one is given."""
    real = int | float | np.integer | np.floating
    if isinstance(value, bool | np.bool_) or not isinstance(value, real):
        raise TypeError(f"{name} must be a number, got {quoted(value)}")
    try:
        number = float(value)
    except OverflowError:
        number = inf
    if not isfinite(number):
        raise ValueError(f"{name} must be finite, got {quoted(value)}")
    if not holds(number):
        raise ValueError(f"{name} must {rule}, got {quoted(value)}{way_out}")
    return number


def as_int(value: Any, name: str, *, at_least: int) -> int:
    """Return `value` as an int; a float or a bool is not one."""
    try:
        number = whole(value)
    except TypeError:
        raise TypeError(f"{name} must be an int, got {quoted(value)}") from None
    if number < at_least:
        raise ValueError(f"{name} must be at least {at_least}, got {number}")
    return number


def as_shape(value: Sizes, name: str, *, at_least: int) -> Shape:
    """Return `value` as a tuple of ints of whatever length it has."""
    try:
        shape = tuple(whole(n) for n in entries(value))
    except TypeError:
        raise TypeError(
            f"{name} must be a tuple of ints, got {quoted(value)}"
        ) from None
    if not shape or min(shape) < at_least:
        raise ValueError(
            f"{name} must be at least {at_least} along every axis, got {shape}"
        )
    require_modest(max(shape), name)
    require_countable(shape, name)
    return shape


def as_per_axis(value: Sizes, name: str, axes: int, *, at_least: int) -> Shape:
    """Return `value` as one int per spatial axis; a lone int serves them all."""
    try:
        sizes = tuple(whole(n) for n in entries(value))
    except TypeError:
        raise TypeError(
            f"{name} must be an int or one int per spatial axis, got {quoted(value)}"
        ) from None
    if is_lone(value):
        sizes *= axes
    require_entries(len(sizes), name, axes, value)
    if min(sizes) < at_least:
        raise ValueError(f"{name} must be at least {at_least}, got {quoted(value)}")
    require_modest(max(sizes), name)
    return sizes


def as_bins(value: Sizes, axes: int) -> Shape:
    """Return `value` as numbers of bins, one per spatial axis."""
    bins = as_per_axis(value, "output_size", axes, at_least=1)
    if prod(bins) >= MAX_BINS:
        raise ValueError(f"output_size must be fewer than 2**31 bins, got {by(bins)}")
    return bins


def as_padding(value: Padding, axes: int) -> PaddingWord | tuple[tuple[int, int], ...]:
    """Return `value` as one ``(before, after)`` pair per spatial axis, or as its word.

    An int, one int per axis, and pairs become pairs; ``"valid"`` becomes zeros. How
    much ``"same"`` and ``"same_lower"`` add is a matter of geometry: see `Window`.
    """
    if isinstance(value, str):
        word: PaddingWord = as_choice(value, "padding", get_args(PaddingWord))
        return ((0, 0),) * axes if word == "valid" else word
    rule = (
        "padding must be an int, one int or one (before, after) pair per spatial axis, "
        f'"valid", "same" or "same_lower", got {quoted(value)}'
    )
    try:
        pairs = [padding_along(side) for side in entries(value)]
    except TypeError:
        raise TypeError(rule) from None
    if is_lone(value):
        pairs *= axes
    require_entries(len(pairs), "padding", axes, value)
    if any(len(side) != 2 for side in pairs):
        raise ValueError(rule)
    if any(n < 0 for side in pairs for n in side):
        raise ValueError(
            f"padding must be at least 0, got {quoted(value)}: to crop, slice the image"
        )
    require_modest(max(n for side in pairs for n in side), "padding")
    return tuple((before, after) for before, after in pairs)


def padding_along(side: Any) -> Shape:
    """Return the padding before and after an axis; a lone int pads both equally."""
    return (whole(side),) * 2 if is_lone(side) else tuple(map(whole, entries(side)))


def as_dtype(value: npt.DTypeLike) -> np.dtype:
    """Return `value` as a dtype."""
    try:
        dtype: np.dtype = np.dtype(value)
    except Exception:  # of many kinds, as there are many ways to write one
        raise TypeError(f"dtype must name a dtype, got {quoted(value)}") from None
    return dtype


def as_float_dtype(value: npt.DTypeLike) -> np.dtype:
    """Return `value` as a dtype of real numbers that need not be whole."""
    dtype = as_dtype(value)
    if dtype.kind != "f":
        raise TypeError(f"dtype must be a floating-point type, got {dtype}")
    return dtype


def as_choice(value: Any, name: str, choices: tuple[Word, ...]) -> Word:
    """Return `value` if it is one of the words in `choices`."""
    words = ", ".join(f'"{choice}"' for choice in choices)
    if not isinstance(value, str):
        raise TypeError(f"{name} must be one of {words}, got {quoted(value)}")
    for choice in choices:
        if value == choice:
            return choice
    raise ValueError(f"{name} must be one of {words}, got {quoted(value)}")


def as_flag(value: Any, name: str) -> bool:
    """Return `value` if it is True or False; 1 and "yes" are not."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} must be True or False, got {quoted(value)}")
    return bool(value)


def as_function(value: Any, name: str) -> Any:
    """Return `value` if it can be called, and is no class, which makes what can."""
    if not callable(value):
        raise TypeError(f"{name} must be a function, got {quoted(value)}")
    if isinstance(value, type):
        raise TypeError(
            f"{name} must be a function, got a class: write {value.__name__}()"
        )
    return value


def as_items(
    values: Iterable[Kind], name: str, kind: type[Kind] | None = None
) -> list[Kind]:
    """Return things, of one kind if one is given, as a list of at least one."""
    if isinstance(values, str) or not np.iterable(values):
        raise TypeError(f"{name} must be a list, got {quoted(values)}")
    items = list(values)
    if kind is not None:
        for value in items:
            require_kind(value, name, kind)
    if not items:
        raise ValueError(f"{name} must hold at least one, got none")
    return items


def require_kind(value: Any, name: str, kind: type[Kind]) -> Kind:
    """Return `value` if it is of a kind."""
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be a {kind.__name__}, got {quoted(value)}")
    return value


def as_path(value: Any, name: str) -> Path:
    """Return `value` as a path."""
    if not isinstance(value, str | PathLike):
        raise TypeError(f"{name} must be a path, got {quoted(value)}")
    path = Path(value)
    if "\0" in str(path):
        raise ValueError(f"{name} must hold no null byte, got {quoted(str(path))}")
    return path


def whole(value: Any) -> int:
    """Return `value` as an int; ``operator.index`` alone would take True for 1."""
    if isinstance(value, bool | np.bool_):
        raise TypeError
    return index(value)


def entries(value: Any) -> tuple[Any, ...]:
    """Return the entries of a sequence; a lone value is its only entry."""
    if is_lone(value):
        return (value,)
    if not isinstance(value, Sequence | np.ndarray) or isinstance(value, str | bytes):
        raise TypeError
    return tuple(value)


def is_lone(value: Any) -> bool:
    """Tell whether a value is no sequence; an array without axes is none."""
    return not np.iterable(value)


def require_modest(number: int, name: str) -> None:
    """Refuse a number of 2**31 or more, for which positions would overflow."""
    if number >= MAX_PIXELS:
        raise ValueError(f"{name} must be less than 2**31, got {number}")


def require_countable(shape: Shape, name: str) -> None:
    """Refuse a shape of very many axes, or of more numbers than any memory holds."""
    if len(shape) > MAX_AXES:
        raise ValueError(f"{name} must have at most {MAX_AXES} axes, got {len(shape)}")
    if prod(shape) >= MAX_NUMBERS:
        raise ValueError(f"{name} must hold fewer than 2**48 numbers, got {by(shape)}")


def require_entries(count: int, name: str, axes: int, value: Any) -> None:
    """Refuse a setting with more or fewer entries than there are spatial axes."""
    if count != axes:
        raise ValueError(
            f"{name} must have {axes} {'entry' if axes == 1 else 'entries'}, "
            f"one per spatial axis, got {count}: {quoted(value)}"
        )


def require_window(
    kernel_size: Sizes, stride: Sizes, padding: Padding, dilation: Sizes
) -> None:
    """Refuse the settings of a window before the number of spatial axes is known."""
    lengths = [
        len(setting)
        for setting in (kernel_size, stride, dilation, padding)
        if isinstance(setting, Sequence | np.ndarray)
        and not (isinstance(setting, str) or is_lone(setting))
    ]
    axes = max(lengths[0], 1) if lengths else 1
    as_per_axis(kernel_size, "kernel_size", axes, at_least=1)
    as_per_axis(stride, "stride", axes, at_least=1)
    as_per_axis(dilation, "dilation", axes, at_least=1)
    as_padding(padding, axes)


def in_a_line(error: BaseException) -> str:
    """Return what an error says, as one line."""
    return printable(str(error)) or type(error).__name__


def printable(text: str) -> str:
    """Return one line of a text of which parts come from a file: no control codes."""
    line = " ".join(text.split())
    if len(line) <= MAX_LINE_LETTERS:
        return visible(line)
    # The end says what to do: what is left out is in the middle, and whole words.
    half = (MAX_LINE_LETTERS - len(" ... ")) // 2
    first, last = line[:half], line[-half:]
    first, last = first.rpartition(" ")[0] or first, last.partition(" ")[2] or last
    return visible(f"{first} ... {last}")


def visible(text: str) -> str:
    """Return a text without control codes, line ends and halves of letters."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
