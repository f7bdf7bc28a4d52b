"""Read the names of the course Convolutional Neural Networks, first week.

Channels last, square filters, settings in a dict, a bias of shape (1, 1, 1, n_C). The
notebook that this package grew from has the same shapes and words of its own.
"""

from collections.abc import Callable
from typing import Any

from ... import loops
from ..._typing import Array, Shape
from ..support import Support
from .dialect import Dialect, Names, Offer, ask, parameters_of

__all__ = ["COURSERA", "NOTEBOOK", "offer", "takes_a_dict"]

SQUARE = Support(
    axes=(2,),
    kernel="one",
    stride="one",
    paddings=("int",),
    dilation="none",
    groups=False,
    ceil_mode=False,
    empty_batch=False,
    bias_shapes=False,
    dtypes=("float32",),
)
POOLING = Support(
    axes=(2,),
    kernel="one",
    stride="one",
    paddings=(),
    dilation="none",
    ceil_mode=False,
    empty_batch=False,
    dtypes=("float32",),
)
HELPER = Support(dtypes=("float32",))
CONV_SETTINGS = {"stride", "padding", "dilation", "groups"}


def convolution(
    names: Names, forward_name: str, backward_name: str, pad: str
) -> list[Offer]:
    """Offer a convolution; a backward without a forward gets the usual cache."""
    its_forward, its_backward = names.get(forward_name), names.get(backward_name)
    if its_forward is None and its_backward is None:
        return []

    def forward(
        x: Array, w: Array, b: Array, *, stride: int = 1, padding: int = 0
    ) -> tuple[Array, Any]:
        settings = {pad: padding, "stride": stride}
        arguments = x, w, b.reshape(1, 1, 1, -1), settings
        if its_forward is None:
            y, _ = loops.conv_forward(x, w, b, stride=stride or 1, padding=padding)
            return y, (arguments, b.shape)
        y, cache = ask(forward_name, its_forward, *arguments, returns=("Z", "cache"))
        return y, (cache, b.shape)

    def backward(dy: Array, cache: tuple[Any, Shape]) -> tuple[Array, Array, Array]:
        theirs, shape = cache
        returns = ("dA_prev", "dW", "db")
        dx, dw, db = ask(
            backward_name, its_backward or len, dy, theirs, returns=returns
        )
        return dx, dw, db.reshape(shape) if db.shape == (1, 1, 1, *shape) else db

    return [
        offer("conv", (forward_name, backward_name), names, (forward, backward), SQUARE)
    ]


def poolings(names: Names) -> list[Offer]:
    """Offer a pooling in two modes."""
    its_forward, its_backward = names.get("pool_forward"), names.get("pool_backward")
    if its_forward is None and its_backward is None:
        return []
    return [
        pooling(names, its_forward, its_backward, mode) for mode in ("max", "average")
    ]


def pooling(names: Names, its_forward: Any, its_backward: Any, mode: str) -> Offer:
    """Offer a pooling in one mode."""
    kind = "max_pool" if mode == "max" else "avg_pool"
    right = loops.max_pool_forward if mode == "max" else loops.avg_pool_forward

    def forward(x: Array, kernel_size: Shape, *, stride: int) -> tuple[Array, Any]:
        settings = {"f": kernel_size[0], "stride": stride}
        if its_forward is None:
            return right(x, kernel_size, stride=stride or 1)[0], (x, settings)
        y, cache = ask(
            "pool_forward", its_forward, x, settings, mode, returns=("A", "cache")
        )
        return y, cache

    def backward(dy: Array, cache: Any) -> Array:
        found: Array = ask(
            "pool_backward", its_backward, dy, cache, mode, returns=("dA_prev",)
        )
        return found

    both = ("pool_forward", "pool_backward")
    title = f', mode="{mode}"'
    return offer(kind, both, names, (forward, backward), POOLING, title=title)


def offer(
    kind: str,
    wanted: tuple[str, str],
    names: Names,
    pair: tuple[Callable[..., tuple[Array, Any]], Callable[..., Any]],
    support: Support,
    *,
    title: str = "",
) -> Offer:
    """Offer a pair of functions, or the one of them that is there."""
    there = [name for name in wanted if name in names]
    graded = [
        part
        for part, name in zip(("forward", "backward"), wanted, strict=True)
        if name in names
    ]
    forward, backward = pair
    has_backward = "backward" in graded
    return Offer(
        kind,
        ", ".join(there) + title,
        forward,
        backward if has_backward else None,
        support,
        tuple(graded),
    )


def helpers(names: Names, mask_name: str, share_name: str) -> list[Offer]:
    """Offer the helpers that look at one window."""
    its_mask, its_share = names.get(mask_name), names.get(share_name)

    def mask(x: Array) -> tuple[Array, None]:
        found = ask(mask_name, its_mask or len, x, returns=("mask",))
        return found.astype(float), None

    def share(dz: Array, *, shape: Shape) -> tuple[Array, None]:
        found = ask(share_name, its_share or len, dz.item(), shape, returns=("a",))
        return found, None

    offers = [
        Offer("mask", mask_name, mask, None, HELPER, ("forward",)),
        Offer("share", share_name, share, None, HELPER, ("forward",)),
    ]
    return [each for each in offers if each.name in names]


def read_coursera(names: Names) -> list[Offer]:
    """Find what there is of the course's functions."""
    return [
        *convolution(names, "conv_forward", "conv_backward", "pad"),
        *poolings(names),
        *helpers(names, "create_mask_from_window", "distribute_value"),
    ]


def read_notebook(names: Names) -> list[Offer]:
    """Find what there is of the notebook's functions."""
    forward, backward = "conv_forward_propogation", "conv_backward_propogation"
    return [
        *convolution(names, forward, backward, "padding"),
        *poolings(names),
        *helpers(names, "max_pool", "average_pool"),
    ]


def takes_a_dict(names: Names) -> bool:
    """Tell whether conv_forward wants its settings in one argument."""
    function = names.get("conv_forward")
    if function is None:
        return True
    parameters = list(parameters_of(function))
    return len(parameters) == 4 and not CONV_SETTINGS & set(parameters)


def words(dx: str, dw: str, db: str, dy: str, *, padding: str) -> dict[str, str]:
    """Say what the laws' words are here."""
    same = {"x": "A_prev", "w": "W", "b": "b", "y": "Z", "kernel_size": "f"}
    return {**same, "dx": dx, "dw": dw, "db": db, "dy": dy, "padding": padding}


def other_words(dy: str, *, window: str, share: str) -> dict[str, dict[str, str]]:
    """Say what the laws' words are in poolings, and in helpers that see one window."""
    pooling = {"y": "A", "dy": dy}
    return {
        "max_pool": pooling,
        "avg_pool": pooling,
        "mask": {"x": window, "y": "the mask"},
        "share": {"dz": share, "y": "the shares"},
    }


COURSERA = Dialect(
    "coursera",
    (
        "conv_forward",
        "conv_backward",
        "pool_forward",
        "pool_backward",
        "create_mask_from_window",
        "distribute_value",
    ),
    read_coursera,
    takes_a_dict,
    words("dA_prev", "dW", "db", "dZ", padding="pad"),
    other_words("dA", window="x", share="dz"),
)
NOTEBOOK = Dialect(
    "notebook",
    (
        "conv_backward_propogation",
        "max_pool",
        "average_pool",
        "conv_forward_propogation",
        "pool_forward",
        "pool_backward",
    ),
    read_notebook,
    lambda names: (
        not names.keys().isdisjoint({"conv_backward_propogation", "max_pool"})
        or "average_pool" in names
    ),
    words("dJ_dA", "dJ_dW", "dJ_db", "dJ_dZ", padding="padding"),
    other_words("dJ_dZ", window="Z_slice", share="dJ_dZ_slice"),
)
