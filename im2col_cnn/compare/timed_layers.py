"""Name what is worth timing: layers, pools and networks that people know."""

from collections.abc import Sequence

from ..nn.activations import ReLU
from ..nn.convolution import Conv, ConvTranspose
from ..nn.dense import Dense
from ..nn.pooling import AvgPool, MaxPool
from ..nn.reshaping import Flatten
from .case import Case

__all__ = ["CASES", "LAYERS", "NETWORKS", "ODD", "POOLS", "read_layers"]


def layer(name: str, row: str, groups: int = 1) -> Case:
    """Read ``N size C kernel F stride padding``; images and kernels are square."""
    N, size, C, *others = map(int, row.split())
    return layer_of(name, (N, size, size, C, *others), groups)


def layer_of(name: str, numbers: Sequence[int], groups: int = 1) -> Case:
    """Return a layer, given N, H, W, C, kernel, F, stride and padding."""
    N, H, W, C, kernel, F, stride, padding = numbers
    conv = Conv(F, kernel, stride=stride, padding=padding, groups=groups)
    return Case(name, (N, H, W, C), (conv,))


def read_layers(text: str) -> list[Case]:
    """
    Read layers of one's own, one a line.

    Parameters
    ----------
    text : str
        Lines such as ``tall 16 64 64 16 5 24 2 2``: a name, then N, H, W, C, the size
        of the kernel, F, stride and padding, with spaces or commas between. What
        follows a ``#`` is a comment.

    Returns
    -------
    list of Case

    Raises
    ------
    ValueError
        If a line is no such layer; its number is said.
    """
    cases: dict[str, Case] = {}
    for number, line in enumerate(text.splitlines(), 1):
        found = line.split("#")[0].replace(",", " ").split()
        if not found:
            continue
        name, *words = found
        if len(words) != 8 or not all(word.isdecimal() for word in words):
            raise ValueError(
                f"line {number} must be a name and eight whole numbers, N H W C kernel "
                f"F stride padding, got {line.strip()!r}"
            )
        if name in cases:
            raise ValueError(f"line {number} names a second layer {name!r}")
        try:
            cases[name] = layer_of(name, [int(word) for word in words])
            list(cases[name].stages())  # refuses a kernel that does not fit
        except ValueError as error:
            raise ValueError(f"line {number}, {name}: {error}") from error
    return list(cases.values())


def pool(name: str, row: str) -> Case:
    """Read ``N size C kernel stride``; the name says of which kind."""
    N, size, C, kernel, stride = map(int, row.split())
    kind = MaxPool if name.endswith("max") else AvgPool
    return Case(name, (N, size, size, C), (kind(kernel, stride=stride),))


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
# Small C, large kernels, strides, one image: what is not in the twelve.
ODD = {
    case.name: case
    for case in read_layers(
        """
        vgg_3x3        4  56  56 128  3 256 1 1
        alex1          8 227 227   3 11  64 4 0
        odd           16  37  53  20  3  40 1 1
        tall          16  64  64  16  5  24 2 2
        one_by_one_s2  8  56  56  64  1 128 2 0
        wide          32  16  16  48  3  48 1 1
        seven          8  28  28  32  7  32 1 3
        tiny         256   8   8   1  3  16 1 1
        batch1         1 112 112  32  3  64 1 1
        """
    )
}
GROUPS = layer("groups_of_4", "8 56 128 3 128 1 1", groups=32)
ONE_IMAGE = layer("one_image", "1 56 64 3 64 1 1")
DEPTHWISE = layer("depthwise", "8 56 128 3 128 1 1", groups=128)
TRANSPOSED = {
    case.name: case
    for case in (
        Case("transposed_2x2", (8, 28, 28, 64), (ConvTranspose(64, 2, stride=2),)),
        Case(
            "transposed_4x4",
            (8, 28, 28, 64),
            (ConvTranspose(64, 4, stride=2, padding=1),),
        ),
    )
}
POOLS = {
    f"{name}_{kind}": pool(f"{name}_{kind}", row)
    for kind in ("max", "avg")
    for name, row in {
        "resnet": "8 112 64 3 2",
        "cifar": "64 32 32 2 2",
        "signs": "64 64 8 8 8",
        "lenet": "64 28 6 2 2",
    }.items()
}
NETWORKS = {
    network.name: network
    for network in (
        Case(
            "lenet",
            (64, 28, 28, 1),
            (
                *(Conv(6, 5, padding="same"), ReLU(), MaxPool(2)),
                *(Conv(16, 5), ReLU(), MaxPool(2)),
                *(Flatten(), Dense(120), ReLU(), Dense(84), ReLU(), Dense(10)),
            ),
            learns=True,
        ),
        Case(
            "signs",
            (64, 64, 64, 3),
            (
                *(Conv(8, 4, padding="same"), ReLU(), MaxPool(8)),
                *(Conv(16, 2, padding="same"), ReLU(), MaxPool(4)),
                *(Flatten(), Dense(6)),
            ),
            learns=True,
        ),
        Case(
            "digits",
            (64, 8, 8, 1),
            (
                *(Conv(16, 3, padding="same"), ReLU()),
                *(Conv(32, 3, padding="same"), ReLU(), MaxPool(2)),
                *(Flatten(), Dense(128), ReLU(), Dense(10)),
            ),
            learns=True,
        ),
    )
}
ALONE = {case.name: case for case in (ONE_IMAGE, DEPTHWISE, GROUPS)}
CASES = LAYERS | ODD | ALONE | TRANSPOSED | POOLS | NETWORKS
