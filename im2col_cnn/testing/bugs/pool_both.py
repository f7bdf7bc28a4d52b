"""Show the bugs that a max pooling and an average pooling can have alike."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..._typing import Array, Images, Shape
from ...placing import pooling_window
from ...window import Window
from .exhibit import NOTEBOOK, SCRATCH, UNREPORTED, Exhibit
from .fresh import draw_numbers
from .pool_template import PoolPlan, taps
from .reshaped import dy_by_rows

__all__ = ["bugs_of_both"]


def swapped_stops(plan: PoolPlan) -> Shape:
    return plan.window.output_size[::-1]


def stops_of_a_square_image(plan: PoolPlan) -> Shape:
    """Take the image's height for its width too."""
    rows, columns = plan.window.axes
    width = rows.size + columns.padded_size - columns.size
    return plan.window.output_size[0], (width - columns.span) // columns.stride + 1


def transposed(plan: PoolPlan, i: int, j: int) -> tuple[slice, slice]:
    return taps(plan, j, i)


def without_stride(plan: PoolPlan, i: int, j: int) -> tuple[slice, slice]:
    rows, columns = plan.window.axes
    return slice(i, i + rows.span, rows.dilation), slice(
        j, j + columns.span, columns.dilation
    )


def side_by_side(spatial: Shape, kernel_size: Shape, **settings: Any) -> Window:
    """Move by the kernel's size, whatever the stride."""
    return pooling_window(spatial, kernel_size, **{**settings, "stride": None})


def in_order(plan: PoolPlan, i: int, j: int) -> tuple[slice, slice]:
    rows, columns = (
        slice(n * axis.span, (n + 1) * axis.span, axis.dilation)
        for n, axis in zip((i, j), plan.window.axes, strict=True)
    )
    return rows, columns


def stops_without_padding(plan: PoolPlan) -> Shape:
    return tuple(
        max(0, (axis.size - axis.span) // axis.stride + 1) for axis in plan.window.axes
    )


def overwrite(dx: Images, here: tuple[Any, ...], part: Array, weights: Array) -> None:
    dx[here] = part


def from_the_end(sizes: Shape, plan: PoolPlan) -> Iterable[Shape]:
    return [*np.ndindex(sizes)][::-1]


def keep_padding(dx: Images, plan: PoolPlan) -> Images:
    """Take positions in the padded image for positions in the image."""
    _, H, W, _ = plan.x.shape
    return dx[:, :H, :W]


def zero_dy(dx: Images, dy: Images) -> Images:
    dy[...] = 0
    return dx


def stops_of_the_height(plan: PoolPlan) -> Shape:
    OH, _ = plan.window.output_size
    return OH, OH


def exchanged(sizes: Shape, plan: PoolPlan) -> Iterable[Shape]:
    OH, OW = sizes
    return np.ndindex(OW, OH)


def columns_from_h(plan: PoolPlan, i: int, j: int) -> tuple[slice, slice]:
    rows, _ = taps(plan, i, j)
    _, columns = taps(plan, i, i)
    return rows, columns


def every_pixel(sizes: Shape, plan: PoolPlan) -> Iterable[Shape]:
    """Count the pixels of the input, not those of the output."""
    return np.ndindex(plan.x.shape[1:3])


def broken_number_of_stops(plan: PoolPlan) -> tuple[float, ...]:
    return tuple(
        (axis.padded_size - axis.span) / axis.stride + 1 for axis in plan.window.axes
    )


def stops_without_kernel(plan: PoolPlan) -> Shape:
    return tuple(axis.padded_size // axis.stride for axis in plan.window.axes)


def input_by_stride(sizes: Shape, plan: PoolPlan) -> Iterable[Shape]:
    """Count the steps over the input, whether a window follows or not."""
    return np.ndindex(*(axis.padded_size // axis.stride for axis in plan.window.axes))


def range_of_input(sizes: Shape, plan: PoolPlan) -> Iterable[Shape]:
    """Count the steps of ``range(0, H, stride)``."""
    return np.ndindex(
        *(-(-axis.padded_size // axis.stride) for axis in plan.window.axes)
    )


def add_to_each(dx: Images, here: tuple[Any, ...], part: Array, weights: Array) -> None:
    """Go through the pixels that share in dy one by one, as an index does."""
    n, rows, columns, c = here
    for i, j in np.argwhere(weights):
        place = rows.start + i * rows.step, columns.start + j * columns.step
        dx[n, place[0], place[1], c] += part[i, j]


def assign_to_each(
    dx: Images, here: tuple[Any, ...], part: Array, weights: Array
) -> None:
    n, rows, columns, c = here
    for i, j in np.argwhere(weights):
        place = rows.start + i * rows.step, columns.start + j * columns.step
        dx[n, place[0], place[1], c] = part[i, j]


def every_two_pixels(plan: PoolPlan, i: int, j: int) -> tuple[slice, slice]:
    rows, columns = taps(plan, i, j)
    return (
        slice(2 * i, 2 * i + rows.stop - rows.start, rows.step),
        slice(2 * j, 2 * j + columns.stop - columns.start, columns.step),
    )


def stops_side_by_side(plan: PoolPlan) -> Shape:
    return tuple(axis.padded_size // axis.span for axis in plan.window.axes)


def image_0(n: int) -> int:
    return 0


def last_image_only(dx: Images, dy: Images) -> Images:
    dx[:-1] = 0
    return dx


def first_channel_only(dx: Images, dy: Images) -> Images:
    dx[..., 1:] = 0
    return dx


def what_was_reached(dx: Images, plan: PoolPlan) -> Images:
    """Give dx the size that the windows span, which may be less than the image's."""
    OH, OW = plan.window.output_size
    rows, columns = (
        slice(axis.before, min(axis.before + axis.size, tap.stop))
        for axis, tap in zip(plan.window.axes, taps(plan, OH - 1, OW - 1), strict=True)
    )
    return dx[:, rows, columns]


def nothing(dx: Images, dy: Images) -> Images:
    return np.zeros_like(dx)


def first_window_only(sizes: Shape, plan: PoolPlan) -> Iterable[Shape]:
    return [*np.ndindex(sizes)][:1]


def of_a_square_kernel(plan: PoolPlan, i: int, j: int) -> tuple[slice, slice]:
    """Take the kernel's height for its width too."""
    rows, columns = taps(plan, i, j)
    span = plan.window.axes[0].span
    return rows, slice(columns.start, columns.start + span, columns.step)


def bugs_of_both(bug: Callable[..., Exhibit], letter: str) -> tuple[Exhibit, ...]:
    """Return the bugs that a max pooling and an average pooling can have alike."""
    return (
        bug(
            f"C1d{letter}",
            "the output has its height and width swapped",
            "it is right on square images; elsewhere y has the wrong shape",
            "y = np.zeros((N, OH, OW, C)), OH computed from H and KH",
            "Maratyszcza/NNPACK 15: all tests use square images",
            stops=swapped_stops,
        ),
        bug(
            f"C1k{letter}",
            "the output's width is computed from the image's height",
            "it is right for square images only",
            "OW = (W - KW) // stride + 1",
            "Maratyszcza/NNPACK 15: all tests use square images",
            stops=stops_of_a_square_image,
        ),
        bug(
            f"C1e{letter}",
            "rows and columns are swapped in a slice of backward",
            "right on square images with symmetric gradients, wrong otherwise",
            "dx[n, h_start:h_end, w_start:w_end, c]",
            "renmengye/np-conv2d PR 2",
            writes=transposed,
        ),
        bug(
            f"C1g{letter}",
            "rows and columns are swapped in a slice of forward, or in the place of y",
            "y is transposed: right on symmetric images only",
            "y[n, h, w, c] from x[n, h_start:h_end, w_start:w_end, c]",
            "renmengye/np-conv2d PR 2",
            reads=transposed,
        ),
        bug(
            f"C3{letter}",
            "dx is assigned with = where windows overlap",
            "a pixel is read by several windows, and each of them adds a part",
            "dx[here] += part",
            "karpathy/nn-zero-to-hero 52; FluxML/NNlib.jl 205",
            deposit=overwrite,
            # Taps one after the other, so that the first window comes last.
            spellings=[{"deposit": overwrite, "visits_back": from_the_end}],
        ),
        bug(
            f"C4d{letter}",
            "the stride is missing where forward slices the image",
            "windows move by one pixel whatever the stride",
            "h_start = stride * h",
            "Kulbear/deep-learning-coursera 34",
            reads=without_stride,
            halves=True,
        ),
        bug(
            f"C4e{letter}",
            "the stride is missing where backward slices the image",
            "gradients go to the pixels next to those that forward read",
            "h_start = stride * h",
            "fissehab/Deep_learning_specialization 1",
            writes=without_stride,
            halves=True,
        ),
        bug(
            f"C8{letter}",
            "positions in the padded image are taken for positions in the image",
            "the gradient lands as many pixels too far down and right as there is "
            "padding",
            "dx = dx_padded[:, p : p + H, p : p + W]",
            "numpy-ml Pool2D.backward",
            crop=keep_padding,
        ),
        bug(
            f"C9{letter}",
            "the output's size forgets the padding",
            "there are fewer outputs than windows",
            "OH = (H + 2 * pad - KH) // stride + 1",
            f"{SCRATCH} Pooling.forward",
            stops=stops_without_padding,
            halves=True,
        ),
        bug(
            f"C13{letter}",
            "dx has the size that the windows reach, not that of x",
            "where the stride does not divide, no window reads the last pixels, but "
            "they are there",
            "dx = np.zeros(x.shape)",
            "tensorflow/tensorflow 2118",
            crop=what_was_reached,
        ),
        bug(
            f"S13{letter}",
            "backward sees the first image of a batch only",
            "a helper for one window is not a pooling: it has to go through all images",
            "for n in range(N):",
            NOTEBOOK,
            images=lambda x: 1,
        ),
        bug(
            f"E9{letter}",
            "the stride is taken for the kernel's size",
            "windows stand side by side though they were to overlap",
            "h_start = stride * h",
            UNREPORTED,
            as_window=side_by_side,
            spellings=[{"reads": in_order}, {"writes": in_order}],
        ),
        bug(
            f"C14{letter}",
            "arrays are made without a dtype",
            "np.zeros makes float64, so float32 goes in and float64 comes out",
            "np.zeros(x.shape, x.dtype)",
            f"{SCRATCH}; numpy-ml col2im",
            dtype=lambda array: np.float64,
        ),
        bug(
            f"E10{letter}",
            "the shape of dy is never checked",
            "loops run over dy's own sizes, so a small dy leaves a part out",
            "if dy.shape != y.shape: raise ValueError(...)",
            UNREPORTED,
            check_upstream=lambda dy, shape: None,
        ),
        bug(
            f"E11{letter}",
            "dy is overwritten",
            "the caller, or another layer, still needs it",
            "work on dy.copy()",
            UNREPORTED,
            done=zero_dy,
        ),
        bug(
            f"E45{letter}",
            "the output's width is its height",
            "one of the two is written twice; where kernel and settings are the same "
            f"along both axes, it has the numbers of C1k{letter}",
            "OW = (W - KW) // stride + 1",
            UNREPORTED,
            stops=stops_of_the_height,
        ),
        bug(
            f"E47{letter}",
            "the loops of backward have their bounds exchanged",
            "the loop over rows runs to OW; where the output is not square, one of the "
            "two runs out of it",
            "for h in range(OH): for w in range(OW):",
            UNREPORTED,
            visits_back=exchanged,
        ),
        bug(
            f"E46{letter}",
            "the loops of forward have their bounds exchanged",
            "the loop over rows runs to OW; where the output is not square, one of the "
            "two runs out of it",
            "for h in range(OH): for w in range(OW):",
            UNREPORTED,
            visits=exchanged,
        ),
        bug(
            f"E48{letter}",
            "columns are taken from h where forward slices the image",
            "all windows stand on the diagonal, so all columns of a row of y are alike",
            "w_start = stride * w",
            UNREPORTED,
            reads=columns_from_h,
        ),
        bug(
            f"E49{letter}",
            "columns are taken from h where backward slices the image",
            "all windows stand on the diagonal, wherever forward had read",
            "w_start = stride * w",
            UNREPORTED,
            writes=columns_from_h,
        ),
        bug(
            f"E51{letter}",
            "the loops of backward run over the pixels of the input",
            "dy has a place for every window, and those are fewer",
            "for h in range(OH): for w in range(OW):",
            UNREPORTED,
            visits_back=every_pixel,
            halves=True,
        ),
        bug(
            f"E50{letter}",
            "the loops of forward run over the pixels of the input",
            "y has a place for every window, and those are fewer",
            "for h in range(OH): for w in range(OW):",
            UNREPORTED,
            visits=every_pixel,
            halves=True,
        ),
        bug(
            f"E52{letter}",
            "the output's size is computed with / where // belongs",
            "in Python 3, / gives a float, and no array has 2.0 rows",
            "OH = (H - KH) // stride + 1",
            UNREPORTED,
            stops=broken_number_of_stops,
        ),
        bug(
            f"E53{letter}",
            "the output's size is the input's, divided by the stride",
            "it is right where windows do not overlap and none is cut short; "
            "elsewhere the last ones stick out of the image",
            "OH = (H - KH) // stride + 1",
            UNREPORTED,
            stops=stops_without_kernel,
            halves=True,
        ),
        bug(
            f"E54{letter}",
            "the output's size is the input's, divided by the kernel's",
            "it is right where the stride is the kernel's size",
            "OH = (H - KH) // stride + 1",
            UNREPORTED,
            stops=stops_side_by_side,
            halves=True,
        ),
        bug(
            f"E96{letter}",
            "the loops of forward run over the input, a stride at a time",
            "the last windows stick out of the image, and y has no place for them; it "
            "is right where windows do not overlap and none is cut short",
            "for h in range(OH): h_start = stride * h",
            UNREPORTED,
            visits=input_by_stride,
            spellings=[{"visits": range_of_input}],
            halves=True,
        ),
        bug(
            f"E97{letter}",
            "windows are 2 pixels apart in backward, whatever the stride",
            "a number stands where the stride belongs: it is right for a stride of 2",
            "dx[n, stride * h + i, stride * w + j, c]",
            UNREPORTED,
            writes=every_two_pixels,
            looks=taps,
            spellings=[
                {"writes": every_two_pixels},
                {"writes": every_two_pixels, "looks": taps, "deposit": add_to_each},
                {"writes": every_two_pixels, "looks": taps, "deposit": assign_to_each},
            ],
        ),
        bug(
            f"E40{letter}",
            "forward reads image 0, whichever it is at",
            "a number stands where the index of the image belongs, so all images of "
            "the batch have the same output",
            "x[n, h_start:h_end, w_start:w_end, c]",
            UNREPORTED,
            image=image_0,
        ),
        bug(
            f"E29{letter}",
            "dx starts as random numbers",
            "what is added comes on top; every call answers something else",
            "dx = np.zeros(x.shape)",
            UNREPORTED,
            unsteady=True,
            new_dx=draw_numbers,
        ),
        bug(
            f"E55{letter}",
            "only the last image has a gradient",
            "dx is made anew in the loop over images, or it is filled after the loop",
            "dx = np.zeros(x.shape) before the loop over images",
            UNREPORTED,
            done=last_image_only,
        ),
        bug(
            f"E62{letter}",
            "dy is reshaped to rows before its channels are moved to the end",
            "reshaping keeps the order in memory, in which channels come first",
            "dy.transpose(0, 2, 3, 1).reshape(-1, C)",
            UNREPORTED,
            upstream=dy_by_rows,
        ),
        bug(
            f"E64{letter}",
            "dx stays zero",
            "it is made, and nothing is written into what is returned",
            "dx[here] += part, and return that dx",
            UNREPORTED,
            done=nothing,
        ),
        bug(
            f"E65{letter}",
            "backward sees the first window only",
            "return, or break, stands inside the loop over windows",
            "return after the loops over h and w",
            UNREPORTED,
            visits_back=first_window_only,
        ),
        bug(
            f"S5{letter}",
            "the kernel's height stands for its width where backward slices",
            "it is right for square kernels only",
            "dx[n, h_start : h_start + KH, w_start : w_start + KW, c]",
            UNREPORTED,
            writes=of_a_square_kernel,
            looks=taps,
        ),
        bug(
            f"E44{letter}",
            "backward sees the first channel only",
            "return, or break, stands inside the loop over channels",
            "for c in range(C): and return after the loops",
            UNREPORTED,
            done=first_channel_only,
        ),
    )
