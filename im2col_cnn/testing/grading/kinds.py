"""The kinds of operations that are graded: their oracle, their draws, small calls."""

from collections.abc import Callable
from functools import lru_cache
from itertools import combinations
from math import prod
from typing import Any, NamedTuple

import hypothesis.strategies as st
import numpy as np
import numpy.typing as npt

from ... import loops
from ..._checks import require_columns
from ..._typing import Array, Columns, Images, Shape
from ...loops.conv import crop, pad, place
from ...window import Window
from ..laws.drawing import in_units, read_only
from ..laws.subject import Oracle, Subject
from ..strategies import (
    SIZES,
    Case,
    Sizes,
    Sweep,
    among,
    convolutions,
    draw_array,
    most_around,
    poolings,
    unfoldings,
    written_as,
)
from ..support import EVERYTHING, Centred, Support

__all__ = [
    "KINDS",
    "call_of",
    "choices",
    "small_calls",
    "subject_of",
    "with_right_output",
]


def subject_of(
    kind: str,
    forward: Callable[..., tuple[Array, Any]],
    backward: Callable[..., Any] | None = None,
    support: Support = EVERYTHING,
    **changes: Any,
) -> Subject:
    """Return an implementation of one of the `KINDS`, as the laws take it."""
    draw_cases, (right, right_back), arrays = KINDS[kind]
    # Laws ask the same again and again, of loops that are slow.
    oracle = Oracle(remembered(right), right_back and remembered(right_back))
    if "forward" not in changes.get("graded", ("forward",)):
        forward = with_right_output(oracle, forward)

    def cases(dtype: npt.DTypeLike) -> st.SearchStrategy[Case]:
        return draw_cases(dtype, support=support, sizes=SIZES[0])

    @st.composite
    def varied(draw: st.DrawFn, dtype: npt.DTypeLike) -> Case:
        sizes = draw(among(SIZES))
        case = draw(draw_cases(dtype, support=support, sizes=sizes))
        return Case(in_units(draw, *case.arrays), case.settings)

    return Subject(
        kind,
        cases,
        forward,
        backward,
        oracle,
        arrays,
        dtypes=support.dtypes,
        small=small_calls(kind, support),
        without=tuple(
            name
            for name, has in (("x", support.input_gradient), ("b", support.bias))
            if not has
        ),
        bias=support.bias,
        varied=varied,
        **{"strict": False, **changes},
    )


def remembered(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that answers the same call once, and remembers it."""
    known: dict[Any, Any] = {}

    def answer(*arguments: Any, **settings: Any) -> Any:
        key = *map(content, arguments), repr(settings)
        if key not in known:  # a cache is kept, so that no other has its id
            known[key] = arguments, function(*arguments, **settings)
        return known[key][1]

    return answer


def content(value: Any) -> Any:
    """Return what is the same for equal arrays, and for one and the same cache."""
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.str, value.tobytes()
    return id(value)


def with_right_output(
    oracle: Oracle | None, its_forward: Callable[..., tuple[Array, Any]]
) -> Callable[..., tuple[Array, Any]]:
    """Return a forward with the right output, and the cache that homework wants."""
    assert oracle is not None

    def forward(*arrays: Array, **settings: Any) -> tuple[Array, Any]:
        _, cache = its_forward(*arrays, **settings)
        moving = {**settings, "stride": settings.get("stride") or 1}
        return oracle.forward(*arrays, **moving)[0], cache

    return forward


@st.composite
def without_ties(
    draw: st.DrawFn, dtype: npt.DTypeLike, *, support: Support, sizes: Sizes
) -> Case:
    """Draw a pooling of images whose pixels all differ, so that one of them wins."""
    (x,), settings = draw(poolings(dtype, support=support, sizes=sizes))
    return Case((ranks(x),), settings)


@st.composite
def windows(
    draw: st.DrawFn, dtype: npt.DTypeLike, *, support: Support, sizes: Sizes
) -> Case:
    """Draw one window whose pixels all differ."""
    side = st.integers(1, sizes.taps)
    KH = draw(side, label="KH")
    KW = KH if support.kernel == "one" else draw(side, label="KW")
    return Case((ranks(draw_array(draw, (KH, KW), dtype)),), {})


@st.composite
def shares(
    draw: st.DrawFn, dtype: npt.DTypeLike, *, support: Support, sizes: Sizes
) -> Case:
    """Draw a gradient, and the shape of the window that is to share it."""
    case = draw(windows(dtype, support=support, sizes=sizes))
    dz = draw_array(draw, (1,), dtype, low=1)
    return Case((dz,), {"shape": case.arrays[0].shape})


def ranks(x: Array) -> Array:
    """Replace every number by its rank among all, half of them below 0."""
    order = np.argsort(np.argsort(x, axis=None, kind="stable")).reshape(x.shape)
    numbers = (order - (x.size - 1) // 2).astype(x.dtype)
    numbers.flags.writeable = False
    return numbers


def unfold_by_loops(
    x: Images, kernel_size: Shape, **settings: Any
) -> tuple[Columns, tuple[Shape, Window]]:
    """Write down every window of every image, one after the other."""
    N, *spatial, C = x.shape
    window = Window(spatial, kernel_size, **settings)
    padded = pad(x, window)
    rows = [
        padded[n][place(window, stop, 0, C)].ravel()
        for n in range(N)
        for stop in np.ndindex(window.output_size)
    ]
    columns = np.array(rows, x.dtype).reshape(window.columns_shape(N, C))
    return columns, (x.shape, window)


def fold_by_loops(columns: Columns, cache: tuple[Shape, Window]) -> Images:
    """Add every window back where it came from, one after the other."""
    shape, window = cache
    N, *_, C = shape
    require_columns(columns, window.columns_shape(N, C))
    x = pad(np.zeros(shape, columns.dtype), window)
    rows = iter(columns)
    for n in range(N):
        for stop in np.ndindex(window.output_size):
            here = place(window, stop, 0, C)
            x[n][here] += next(rows).reshape(x[n][here].shape)
    return crop(x, window)


def mask_of(window: Array, ties: str = "first") -> tuple[Array, None]:
    """Mark the pixels of one window that get its gradient, as weights."""
    wins = window == window.max()
    if np.isnan(window).any():
        wins = np.isnan(window)
    if ties == "first":
        wins = np.arange(window.size).reshape(window.shape) == np.argmax(wins)
    return (wins / wins.sum() if ties == "split" else wins.astype(np.float64)), None


def share_of(dz: Array, shape: Shape) -> tuple[Array, None]:
    """Share one gradient equally among the pixels of one window."""
    return np.full(shape, dz.item() / prod(shape)), None


class Kind(NamedTuple):
    """What is drawn for a kind, what is right, and the names of its arrays."""

    cases: Callable[..., st.SearchStrategy[Case]]
    oracle: Oracle
    arrays: tuple[str, ...]


KINDS = {
    "conv": Kind(
        convolutions,
        Oracle(loops.conv_forward, loops.conv_backward),
        ("x", "w", "b"),
    ),
    "max_pool": Kind(
        without_ties,
        Oracle(loops.max_pool_forward, loops.max_pool_backward),
        ("x",),
    ),
    "avg_pool": Kind(
        poolings,
        Oracle(loops.avg_pool_forward, loops.avg_pool_backward),
        ("x",),
    ),
    "im2col": Kind(unfoldings, Oracle(unfold_by_loops, fold_by_loops), ("x",)),
    "mask": Kind(windows, Oracle(mask_of), ("x",)),
    "share": Kind(shares, Oracle(share_of), ("x",)),
}


WORDS = ("valid", "same", "same_lower", "centred", "centred at stride 1")
NUMBERS = ("int", "each", "pairs")


@lru_cache(2**10)
def small_calls(kind: str, support: Support) -> tuple[Case, ...]:
    """
    List tiny calls that an implementation takes.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    support : Support

    Returns
    -------
    tuple of Case
        The first is a kernel of 2 taps along every axis on an image of 3 pixels. Then
        come those that differ from it in one thing, then those that do in two, each
        time by the size of their arrays.

    Examples
    --------
    >>> from im2col_cnn.testing.grading.kinds import small_calls
    >>> from im2col_cnn.testing.support import Support
    >>> first, *others = small_calls("avg_pool", Support(axes=(2,), paddings=("int",)))
    >>> first.arrays[0].shape, first.settings["kernel_size"], first.settings["padding"]
    ((1, 3, 3, 1), (2, 2), 0)
    """
    if kind in ("mask", "share"):
        shapes = [(2, 2), (1, 1), (1, 2), (2, 1)]
        return tuple(one_window(kind, shape) for shape in shapes)
    turned = choices(kind, support)
    simplest = {name: values[0] for name, values in turned.items()}
    changes = [(name, value) for name in turned for value in turned[name][1:]]
    plans = [
        simplest | dict(some)
        for count in range(3)
        for some in combinations(changes, count)
        if len(dict(some)) == count
    ]
    calls = [
        (sum(plan[name] != simplest[name] for name in plan), size(call), call)
        for plan in plans
        if (call := call_of(kind, support, plan)) is not None
    ]
    calls.sort(key=lambda call: call[:2])
    return tuple(call for _, _, call in calls)


def choices(kind: str, support: Support) -> dict[str, tuple[Any, ...]]:
    """Return what can be turned, and to what; first comes what is simplest."""
    paddings = [(form, 0) for form in support.paddings if form in WORDS]
    numbers = [form for form in support.paddings if form in NUMBERS]
    if numbers:
        pads = support.pads or (0, 1)
        paddings[:0] = [(numbers[0], pads[0])]
        paddings += [(form, pads[-1]) for form in numbers]
    strides = support.strides or (1, 2)
    kernels = sorted(support.kernels, key=lambda k: (k != 2, k))[:2] or (2, 1)
    return {
        "axes": support.axes,
        "kernel": tuple(kernels),
        "stops": ((2, 2), (1, 1)) if support.square else ((2, 2), (1, 1), (2, 3)),
        "stride": (1,) if support.stride == "none" else strides[:2],
        "dilation": (1,) if support.dilation == "none" else (1, 2),
        "padding": tuple(dict.fromkeys(paddings)) or (("", 0),),
        "images": (1,) if support.one_image else (1, 2),
        "channels": (1,) if support.one_channel else support.channels[:2] or (1, 2),
        "groups": (1, 2) if kind == "conv" and support.groups else (1,),
    }


def call_of(kind: str, support: Support, plan: dict[str, Any]) -> Case | None:
    """Return the call of a plan; none if its padding would hide the image."""
    axes, (form, p) = plan["axes"], plan["padding"]
    stops, last = plan["stops"]
    kernel, stride = plan["kernel"], plan["stride"]
    centred = form.startswith("centred")
    if centred and kernel % 2 == 0:
        kernel += 1
    if form.endswith("at stride 1"):
        stride, kernel = 1, max(3, kernel)
    if support.stride_is_kernel:
        stride = kernel
    movement = kernel, stride, plan["dilation"]
    sweeps = [Sweep(*movement, n, unread=0) for n in (*[stops] * (axes - 1), last)]
    around = kernel // 2 if centred else p
    if any(most_around(sweep, pooling=kind != "conv") < around for sweep in sweeps):
        return None
    pairs = ((around, around),) * axes
    written = {"int": p, "each": (p,) * axes, "pairs": pairs}
    settings = {
        "stride": written_as(support.stride, [stride] * axes),
        "padding": written.get(form, form) if support.paddings else None,
        "dilation": written_as(support.dilation, [plan["dilation"]] * axes),
    }
    if centred:
        settings["padding"] = Centred(pairs)
    known = {name: value for name, value in settings.items() if value is not None}
    kernel_size, channels = (kernel,) * axes, plan["channels"]
    spatial = (sweep.padded_size - 2 * around for sweep in sweeps)
    x = counting((plan["images"], *spatial, channels * plan["groups"]))
    if kind == "conv":
        filters = support.filters[0] if support.filters else channels
        F = 1 if support.one_filter else filters * plan["groups"]
        w = counting((*kernel_size, channels, F))
        groups = {"groups": plan["groups"]} if support.groups else {}
        b = counting((F,)) if support.bias else read_only(np.zeros(F))
        return Case((x, w, b), known | groups)
    side_by_side = {"stride": kernel_size} if support.stride_is_kernel else {}
    return Case(
        (x,), {"kernel_size": kernel_size, "stride": 1, **known, **side_by_side}
    )


def one_window(kind: str, shape: Shape) -> Case:
    """Return a window that has its maximum at the end, or a gradient to share in it."""
    if kind == "share":
        return Case((read_only(np.array([12.0])),), {"shape": shape})
    return Case((counting(shape),), {})


def counting(shape: Shape) -> Array:
    """Return 1, 2, 3, ... in a shape."""
    return read_only(np.arange(1.0, prod(shape) + 1).reshape(shape))


def size(call: Case) -> int:
    """Count the numbers in the arrays of a call."""
    return sum(array.size for array in call.arrays)
