"""Show convolutions that lose their way between dx and its padded copy."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from ..._typing import Bias, Images, Kernels, Shape
from .conv_template import Plan, conv_bug, crop, pad, stops, taps
from .exhibit import NOTEBOOK, UNREPORTED

__all__ = ["CROP_BUGS"]


def crop_from_both_ends(dx: Images, plan: Plan) -> Images:
    (top, bottom), (left, right) = plan.padding
    return dx[:, top:-bottom, left:-right]


def crop_into_place(dx: Images, plan: Plan) -> Images:
    cropped = np.zeros((*plan.x.shape[:3], dx.shape[-1]))
    for n, image in enumerate(dx):
        (top, bottom), (left, right) = plan.padding
        cropped[n, :, :, :] = image[top:-bottom, left:-right, :]
    return cropped


def what_was_reached(dx: Images, plan: Plan) -> tuple[Images, Plan]:
    """Give dx the size that the windows span, which may be less than the image's."""
    OH, OW = stops(plan)
    rows, columns = (tap.stop for tap in taps(plan, OH - 1, OW - 1))
    H, W = rows - sum(plan.padding[0]), columns - sum(plan.padding[1])
    x = plan.x[:, : max(0, H), : max(0, W)]
    return dx[:, :rows, :columns], replace(plan, x=x)


def crop_the_last_image(dx: Images, plan: Plan) -> Images:
    cropped = np.zeros(plan.x.shape, dx.dtype)
    cropped[-1:] = crop(dx, plan)[-1:]
    return cropped


def crop_in_full(dx: Images, plan: Plan) -> Images:
    """Fill an image of the size that is planned with all that is not padding."""
    (top, bottom), (left, right) = plan.padding
    _, H, W, _ = dx.shape
    cropped = np.zeros(plan.x.shape, dx.dtype)
    cropped[...] = dx[:, top : H - bottom, left : W - right]
    return cropped


def crop_one_pixel(dx: Images, plan: Plan) -> Images:
    return dx[:, 1:-1, 1:-1]


def crop_one_pixel_of_large_kernels(dx: Images, plan: Plan) -> Images:
    return dx if len(plan.w) == 1 else crop_one_pixel(dx, plan)


def crop_one_pixel_into_place(dx: Images, plan: Plan) -> Images:
    cropped = np.zeros(plan.x.shape, dx.dtype)
    for n, image in enumerate(dx):
        cropped[n, :, :, :] = image[1:-1, 1:-1, :]
    return cropped


def keep_padding(dx: Images, plan: Plan) -> Images:
    return dx


def untouched(dx: Images, plan: Plan) -> Images:
    return np.zeros(plan.x.shape, dx.dtype)


def full_correlation_padded_as_x(dx: Images, plan: Plan) -> Images:
    """Surround dy with the padding of x, and let the turned kernel go over it."""
    for n, size in enumerate(stops(plan)):
        span = plan.dilation[n] * (plan.w.shape[n] - 1) + 1
        reached = plan.stride[n] * (size - 1) + span
        before, after = plan.padding[n]
        # Padded by span - 1, it would reach all these pixels, and so needs a crop.
        places = np.arange(span - 1 - before, reached - (span - 1 - after))
        inside = (places >= 0) & (places < reached)
        shape = [len(places) if axis == n + 1 else 1 for axis in range(4)]
        dx = dx.take(places, n + 1, mode="clip") * inside.reshape(shape)
    return dx


def padded_by_one_more(plan: Plan) -> Plan:
    """Pad as Holberton's "// 2 + 1" does: one pixel more than forward did."""
    if plan.written == "valid" or np.all(np.asarray(plan.padding) == 0):
        return plan
    pairs = tuple((before + 1, after + 1) for before, after in plan.padding)
    return replace(plan, padding=pairs)


def padded_already(plan: Plan) -> Plan:
    return replace(plan, x=pad(plan.x, plan))


def own_stops(sizes: Shape, plan: Plan) -> Iterable[Shape]:
    """Compute the size of the output again, from the image that was kept."""
    return np.ndindex(stops(plan))


def without_padding(size: Shape, plan: Plan, dtype: type) -> Images:
    return np.zeros(plan.x.shape, dtype)


def as_a_square(dx: Images, plan: Plan) -> tuple[Images, Plan]:
    N, H, _, C = plan.x.shape
    return dx, replace(plan, x=np.zeros((N, H, H, C), dx.dtype))


def dw_of_all_pixels(
    dx: Images, dw: Kernels, db: Bias, plan: Plan, dy: Images
) -> tuple[Images, Kernels, Bias]:
    """Correlate all of x with dy, as if windows reached its last rows and columns."""
    padded, (SH, SW) = pad(plan.x, plan), plan.stride
    _, H, W, C = padded.shape
    _, OH, OW, F = dy.shape
    KH, KW = H - SH * (OH - 1), W - SW * (OW - 1)
    whole = np.zeros((KH, KW, C, F), dw.dtype)
    for i, j in np.ndindex(OH, OW):
        patch = padded[:, SH * i : SH * i + KH, SW * j : SW * j + KW]
        whole += np.tensordot(patch, dy[:, i, j], (0, 0))
    return dx, whole, db


def padded_images(size: Shape, plan: Plan, dtype: type) -> Images:
    return pad(plan.x, plan).astype(dtype)


def no_dw(
    dx: Images, dw: Kernels, db: Bias, plan: Plan, dy: Images
) -> tuple[Images, Kernels, Bias]:
    return dx, np.zeros_like(dw), db


CROP_BUGS = (
    conv_bug(
        "S4",
        "the padding is cut off with [p:-p], and assigned, where p may be 0",
        why="x[0:-0] is x[0:0], an empty slice, and cannot fill an image",
        fix="dx[n] = dx_padded[n, p : p + H, p : p + W]",
        source=NOTEBOOK,
        crop=crop_into_place,
    ),
    conv_bug(
        "C2",
        "the padding is cut off with [p:-p], where p may be 0",
        why="x[0:-0] is x[0:0]: without padding, nothing is left of dx",
        fix="dx_padded[:, p : p + H, p : p + W]",
        source="redwoodresearch/mlab PR 11; "
        "MrinmoiHossain/Deep-Learning-Specialization-Coursera 3",
        crop=crop_from_both_ends,
    ),
    conv_bug(
        "C13",
        "dx has the size that the windows reach, not that of x",
        why="where the stride does not divide, no window reads the last pixels, "
        "but they are there",
        fix="dx = np.zeros(x.shape)",
        source="tensorflow/tensorflow 2118",
        reach=what_was_reached,
    ),
    conv_bug(
        "E32",
        "the padding is cut off after the loop over images, not inside it",
        why="only the last image has a gradient then, the others keep their zeros; "
        "dx that is made anew for every image has the same numbers",
        fix="move dx[n] = dx_padded[n, p : p + H, p : p + W] into the loop over n",
        source=UNREPORTED,
        crop=crop_the_last_image,
    ),
    conv_bug(
        "E33",
        "the padding is cut off with [1:-1], whatever it is",
        why="it is right for a padding of 1 only",
        fix="dx_padded[:, p : p + H, p : p + W], where p is the padding",
        source=UNREPORTED,
        crop=crop_one_pixel,
    ),
    conv_bug(
        "E88",
        "the padding is cut off with [1:-1] if the kernel has more than one row",
        why="how much is to be cut off is told by the padding, not by the kernel",
        fix="dx_padded[:, p : p + H, p : p + W], where p is the padding",
        source=UNREPORTED,
        crop=crop_one_pixel_of_large_kernels,
    ),
    conv_bug(
        "E34",
        "the padding is cut off with [1:-1], whatever it is, and assigned",
        why="it is right for a padding of 1 only, and fits into dx only then",
        fix="dx[n] = dx_padded[n, p : p + H, p : p + W], where p is the padding",
        source=UNREPORTED,
        crop=crop_one_pixel_into_place,
    ),
    conv_bug(
        "E35",
        "the padding is not cut off",
        why="dx is larger than x, by the padding on each side",
        fix="dx_padded[:, p : p + H, p : p + W]",
        source=UNREPORTED,
        crop=keep_padding,
    ),
    conv_bug(
        "E36",
        "dx stays zero: it is collected in another array than is returned, or in none",
        why="what is returned are the zeros that it was made of",
        fix="return dx_padded[:, p : p + H, p : p + W]",
        source=UNREPORTED,
        crop=untouched,
    ),
    conv_bug(
        "E37",
        "backward pads by one pixel more than forward",
        why="every window stands one pixel further up and left than in forward",
        fix="use the padding of forward, by the same formula",
        source=UNREPORTED,
        plan_back=padded_by_one_more,
    ),
    conv_bug(
        "C8",
        "positions in the padded image are taken for positions in the image",
        why="the gradient lands as many pixels too far down and right as there is "
        "padding",
        fix="dx = dx_padded[:, p : p + H, p : p + W]",
        source="numpy-ml Pool2D.backward",
        crop=lambda dx, plan: dx[:, : plan.x.shape[1], : plan.x.shape[2]],
    ),
    conv_bug(
        "E59",
        "backward pads an image that is padded already",
        why="forward keeps the padded image, and backward takes it for the image",
        fix="keep x, or do not pad again",
        source=UNREPORTED,
        plan_back=padded_already,
        spellings=[
            {"plan_back": padded_already, "crop": keep_padding},
            {"plan_back": padded_already, "visits_back": own_stops},
            {
                "plan_back": padded_already,
                "visits_back": own_stops,
                "crop": keep_padding,
            },
        ],
    ),
    conv_bug(
        "E38",
        "dx starts as a padded copy of x",
        why="the image is still in it when the gradient is added",
        fix="dx_padded = np.zeros(x_padded.shape)",
        source=UNREPORTED,
        new_dx=padded_images,
    ),
    conv_bug(
        "E39",
        "dy is padded like x where dx is a full correlation",
        why="it is right only where the padding is half of KH - 1, which is when "
        "both come to the same",
        fix="pad dy by KH - 1 - pad and KW - 1 - pad",
        source=UNREPORTED,
        crop=full_correlation_padded_as_x,
    ),
    conv_bug(
        "E80",
        "dx is made without the padding, and filled with windows of the padded image",
        why="the last windows stick out of it, or are cut short",
        fix="dx_padded = np.zeros(x_padded.shape), and cut the padding off at the end",
        source=UNREPORTED,
        new_dx=without_padding,
        spellings=[
            {"new_dx": without_padding, "crop": keep_padding},
            {"new_dx": without_padding, "crop": crop_from_both_ends},
        ],
    ),
    conv_bug(
        "E81",
        "dw is larger than the kernel where the stride leaves pixels over",
        why="all of x is correlated with dy, and with it the pixels that no window "
        "reads",
        fix="dw[..., f] += dy[n, h, w, f] * patch, or cut the rest off x before",
        source=UNREPORTED,
        done=dw_of_all_pixels,
    ),
    conv_bug(
        "E82",
        "dx is made as wide as it is high",
        why="one of the two is written twice; it is right for square images only",
        fix="dx = np.zeros((N, H, W, C))",
        source=UNREPORTED,
        reach=as_a_square,
        crop=crop_in_full,
        spellings=[{"reach": as_a_square}],
    ),
    conv_bug(
        "E69",
        "dw stays zero",
        why="it is made, and nothing is written into what is returned",
        fix="dw[..., f] += dy[n, h, w, f] * patch, and return that dw",
        source=UNREPORTED,
        done=no_dw,
    ),
)
