"""The command `explain`: the windows of a layer in numbers, with the formulas."""

from pathlib import Path
from typing import Annotated, Any

from typer import Option

from .._checks import by
from .._typing import Shape
from ..pictures import draw_window
from ..window import Window
from .arguments import (
    AsJson,
    BadInputError,
    as_written,
    read_padding,
    read_sizes,
    refusing,
    require_outputs,
    require_svg,
    write_output,
)
from .terminal import open_screen, say, say_json

__all__ = ["explain"]

MIN_SIDE_PIXELS = 8


def explain(
    *,
    images: Annotated[
        str, Option("--input", metavar="1x5x7x3", help="Images, pixels, channels.")
    ],
    kernel: Annotated[
        str,
        Option(
            metavar="3x2", help="Rows and columns; 3x2x3x8 adds channels and filters."
        ),
    ],
    stride: Annotated[str, Option(help="Pixels from window to window.")] = "1",
    padding: Annotated[
        str, Option(help="1, 1x2, 0:1x2:3 (before:after), valid, same or same_lower.")
    ] = "0",
    dilation: Annotated[str, Option(help="Pixels from tap to tap.")] = "1",
    ceil_mode: Annotated[
        bool, Option("--ceil-mode", help="Keep a last window that reaches over.")
    ] = False,
    draw: Annotated[
        Path | None, Option(metavar="OUT.svg", help="Draw the windows of one channel.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fill in the size formula, split the padding, and count the unread pixels."""
    window, N, C, F = read_layer(
        images, kernel, stride, padding, dilation, ceil_mode=ceil_mode
    )
    with refusing():
        require_svg("--draw", draw)
        require_outputs({"--draw": draw})
        drawn = b"" if draw is None else draw_window(window).encode()
    if draw is not None:
        write_output(draw, drawn)
    if as_json:
        say_json(as_numbers(window, N, C, F))
        return
    screen = open_screen()
    for line in window.explain(N, C, F).splitlines():
        say(screen, line)
    if draw is not None:
        say(screen, f"drawn to {draw}")
    shape = (N, *window.spatial, C)
    if looks_like_an_image(shape):
        say(screen, hint(shape))


def looks_like_an_image(shape: Shape) -> bool:
    """Return whether the sizes of signals may be those of one image with channels."""
    *sides, C = shape
    return len(sides) == 2 and min(sides) >= MIN_SIDE_PIXELS and C in {1, 3, 4}


def hint(shape: Shape) -> str:
    """Say how the sizes of signals are read, and how one image is written."""
    given = by(shape)
    return (
        f"{given} is read as {shape[0]} signals of {shape[1]}: one image is 1x{given}"
    )


def as_numbers(window: Window, N: int, C: int, F: int) -> dict[str, Any]:
    """Return the numbers of a layer by name."""
    rows, width = window.columns_shape(N, C)
    return {
        "images": N,
        "channels": C,
        "filters": F,
        "size": window.spatial,
        "kernel_size": window.kernel_size,
        "stride": window.stride,
        "padding": window.padding,
        "dilation": window.dilation,
        "output_size": window.output_size,
        "unread": window.unread,
        "columns": [rows, width],
        "columns_bytes": window.columns_bytes(N, C),
        "multiply_adds": rows * width * F,
    }


def read_layer(
    images: str,
    kernel: str,
    stride: str,
    padding: str,
    dilation: str,
    *,
    ceil_mode: bool,
) -> tuple[Window, int, int, int]:
    """Return the window that options describe, with images, channels and filters."""
    shape = read_sizes(images, "--input", "1x5x7x3")
    if len(shape) < 3 or min(shape) < 1:
        raise BadInputError(
            f"--input must be images x pixels x channels, such as 1x5x7x3, got {images}"
        )
    N, *spatial, C = shape
    taps = read_sizes(kernel, "--kernel", "3x2")
    F = 1
    if len(taps) == len(shape):
        *size, depth, F = taps
        taps = tuple(size)
        if depth != C or F < 1:
            raise BadInputError(
                f"--kernel must read all channels of --input, C = {C}, for at least "
                f"one filter, got {kernel}"
            )
    if len(taps) == 2 and looks_like_an_image(shape):
        raise BadInputError(f"--input {hint(shape)}")
    with refusing():
        window = Window(
            tuple(spatial),
            as_written(taps),
            stride=as_written(read_sizes(stride, "--stride", "2 or 2x1")),
            padding=read_padding(padding),
            dilation=as_written(read_sizes(dilation, "--dilation", "2 or 2x1")),
            ceil_mode=ceil_mode,
        )
    return window, N, C, F
