"""Show convolutions that go to the wrong image, or to some of them only."""

from ..._typing import Bias, Images, Kernels
from .conv_template import ConvSteps, Plan, conv_bug, conv_pair
from .exhibit import UNREPORTED

__all__ = ["IMAGE_BUGS"]

_, right_backward = conv_pair(ConvSteps())

Gradients = tuple[Images, Kernels, Bias]


def last_image(plan: Plan) -> Plan:
    return Plan(
        plan.x[-1:],
        plan.w,
        plan.b,
        plan.stride,
        plan.padding,
        plan.dilation,
        plan.groups,
    )


def only_the_last_image(
    dx: Images, dw: Kernels, db: Bias, plan: Plan, dy: Images
) -> Gradients:
    _, dw_of_last, _ = right_backward(dy[-1:], last_image(plan))
    return dx, dw_of_last, db


def return_in_the_loop_over_images(
    dx: Images, dw: Kernels, db: Bias, plan: Plan, dy: Images
) -> Gradients:
    first = dy.copy()
    first[1:] = 0
    found: Gradients = right_backward(first, plan)
    return found


def return_in_the_loop_over_filters(
    dx: Images, dw: Kernels, db: Bias, plan: Plan, dy: Images
) -> Gradients:
    first = dy.copy()
    first[..., 1:] = 0
    found: Gradients = right_backward(first, plan)
    return found


def image_0(n: int) -> int:
    return 0


IMAGE_BUGS = (
    conv_bug(
        "C19a",
        "dw is that of the last image alone",
        why="it is made anew in the loop over images; all images share the kernel",
        fix="dw = np.zeros(w.shape) before the loop, += inside",
        source="suspected, of code that was right, in "
        "chengdazhi/Deformable-Convolution-V2-PyTorch 51",
        done=only_the_last_image,
    ),
    conv_bug(
        "E40",
        "forward reads image 0, whichever it is at",
        why="a number stands where the index of the image belongs, so all images of "
        "the batch have the same output",
        fix="x_padded[n, h_start:h_end, w_start:w_end]",
        source=UNREPORTED,
        image=image_0,
    ),
    conv_bug(
        "E41",
        "dw is made of image 0, whichever it is at",
        why="a number stands where the index of the image belongs",
        fix="dw[..., f] += dy[n, h, w, f] * x_padded[n, h_start:h_end, w_start:w_end]",
        source=UNREPORTED,
        image_again=image_0,
    ),
    conv_bug(
        "E42",
        "dx of all images is added to that of image 0",
        why="a number stands where the index of the image belongs",
        fix="dx_padded[n, h_start:h_end, w_start:w_end] += dy[n, h, w, f] * w[..., f]",
        source=UNREPORTED,
        image_of_dx=image_0,
    ),
    conv_bug(
        "E43",
        "backward sees the first image of a batch only",
        why="return stands inside the loop over images, or there is no such loop",
        fix="for n in range(N): and return after the loop",
        source=UNREPORTED,
        done=return_in_the_loop_over_images,
    ),
    conv_bug(
        "E44",
        "backward sees the first filter only",
        why="return stands inside the loop over filters, or there is no such loop",
        fix="for f in range(F): and return after the loop",
        source=UNREPORTED,
        done=return_in_the_loop_over_filters,
    ),
)
