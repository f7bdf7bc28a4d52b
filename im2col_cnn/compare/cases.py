"""Say what is convolved: layers of known networks, or any other."""

from dataclasses import dataclass, replace

import numpy as np

from .._checks import by
from .._typing import Array, Shape
from ..window import Window

__all__ = ["LAYERS", "Case", "arrays_of", "cut"]


@dataclass(frozen=True)
class Case:
    """One convolution: ``input`` is (N, H, W, C), ``kernel`` (KH, KW, C, F)."""

    name: str
    input: Shape
    kernel: Shape
    stride: int = 1
    padding: int = 0
    groups: int = 1

    @property
    def window(self) -> Window:
        """How the kernel slides over the images."""
        _, *spatial, _ = self.input
        *size, _, _ = self.kernel
        return Window(spatial, size, stride=self.stride, padding=self.padding)

    @property
    def settings(self) -> dict[str, int]:
        """The keyword arguments of `conv_forward`."""
        return {"stride": self.stride, "padding": self.padding, "groups": self.groups}

    @property
    def operations(self) -> int:
        """Additions and multiplications of one product; a step takes three."""
        P, _ = self.window.columns_shape(self.input[0])
        return 2 * P * int(np.prod(self.kernel))

    def __str__(self) -> str:
        """Write the arguments that ask for this layer."""
        return f"{by(self.input)} with {by(self.kernel)}, stride {self.stride}"


def layer(name: str, row: str) -> Case:
    """Read ``N size C kernel F stride padding``; images and kernels are square."""
    N, size, C, kernel, F, stride, padding = map(int, row.split())
    return Case(name, (N, size, size, C), (kernel, kernel, C, F), stride, padding)


LAYERS = {
    name: layer(name, row)
    for name, row in {
        "resnet_stem": "8 224 3 7 64 2 3",
        "res2_3x3": "8 56 64 3 64 1 1",
        "res3_3x3": "8 28 128 3 128 1 1",
        "res4_3x3": "8 14 256 3 256 1 1",
        "res5_3x3": "8 7 512 3 512 1 1",
        "res2_1x1": "8 56 64 1 256 1 0",
        "res3_3x3s2": "8 56 128 3 128 2 1",
        "lenet1": "64 28 1 5 6 1 2",
        "lenet2": "64 14 6 5 16 1 0",
        "cifar1": "64 32 3 3 32 1 1",
        "cifar2": "64 32 32 3 32 1 1",
        "signs1": "64 64 3 4 8 1 2",
    }.items()
}


def cut(case: Case, most: int) -> Case:
    """Return a corner of one image with at most about `most` outputs."""
    _, *spatial, C = case.input
    while case.window.columns_shape(1)[0] * case.kernel[-1] > most:
        smaller = [max(size // 2, case.kernel[0]) for size in spatial]
        if smaller == spatial:
            break
        spatial = smaller
        case = replace(case, input=(1, *spatial, C))
    return replace(case, input=(1, *spatial, C))


def arrays_of(case: Case, *, whole: bool) -> tuple[Array, Array, Array, Array]:
    """Return x, w, b and dy in float32: small whole numbers, or normal ones."""
    rng = np.random.default_rng(0)

    def drawn(shape: Shape) -> Array:
        if whole:
            return rng.integers(-3, 4, shape).astype(np.float32)
        return rng.standard_normal(shape, np.float32)

    *_, F = case.kernel
    y = case.input[0], *case.window.output_size, F
    return drawn(case.input), drawn(case.kernel), drawn((F,)), drawn(y)
