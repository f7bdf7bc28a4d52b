"""When an implementation fails: the one thing that all failing draws have in common.

What raises has no numbers that tell what it does. But if it fails on every draw with
padding, say, and on none without, that says where to look.
"""

from collections.abc import Iterator, Sequence

from .call_axes import PLACES, CallAxes
from .search import Trial

__all__ = ["when_it_fails"]

MIN_DRAWS = 4  # that fail, and that do not: fewer have too many things in common


def when_it_fails(kind: str, trials: Sequence[Trial]) -> str:
    """
    Say what is true of all draws on which an implementation fails, and of no other.

    Parameters
    ----------
    kind : str
    trials : sequence of Trial
        Draws of one law, of which some failed.

    Returns
    -------
    str
        To be read after "where"; empty if nothing simple is true of just those draws.
    """
    if kind not in PLACES:
        return ""
    failed = [trial.failure is not None for trial in trials]
    if min(failed.count(True), failed.count(False)) < MIN_DRAWS:
        return ""
    told = [list(conditions(CallAxes(kind, trial.case))) for trial in trials]
    for number, (words, contrary, _) in enumerate(told[0]):
        holds = [each[number][-1] for each in told]
        if holds == failed:
            return words
        if holds == [not fails for fails in failed]:
            return contrary
    return ""


def conditions(call: CallAxes) -> Iterator[tuple[str, str, bool]]:
    """Yield what may be true of a call, the contrary, and whether it is."""
    N, C, F = (call.sizes[name] for name in "ncf")
    axes = call.axes
    yield "there are several images", "there is one image", N > 1
    yield "there are several channels", "there is one channel", C > 1
    if call.kind == "conv":
        yield "there are several filters", "there is one filter", F > 1
        equal = "there are as many filters as channels"
        yield "there are not as many filters as channels", equal, F != C
    padded = any(axis.before or axis.after for axis in axes)
    yield "there is padding", "there is no padding", padded
    moves = any(axis.stride > 1 for axis in axes)
    yield "a stride is above 1", "all strides are 1", moves
    apart = any(axis.dilation > 1 for axis in axes)
    yield "a dilation is above 1", "all dilations are 1", apart
    overlap = any(axis.stride < axis.kernel for axis in axes)
    yield "windows overlap", "no windows overlap", overlap
    left = any((axis.padded_size - axis.span) % axis.stride for axis in axes)
    yield "the stride leaves pixels over", "the stride leaves no pixels over", left
    alone = any(axis.output_size == 1 for axis in axes)
    yield "y has a row or column of one window", "y has no axis of length 1", alone
    single = any(axis.kernel == 1 for axis in axes)
    yield "a kernel is one tap wide or high", "no axis of a kernel is one tap", single
    for word, sizes in (
        ("kernels", {axis.kernel for axis in axes}),
        ("strides", {axis.stride for axis in axes}),
        ("images", {axis.size for axis in axes}),
        ("outputs", {axis.output_size for axis in axes}),
    ):
        oblong, square = "not the same along all axes", "the same along all axes"
        yield f"{word} are {oblong}", f"{word} are {square}", len(sizes) > 1
