"""Name what is worth timing: layers, pools and networks that people know."""

from ..nn.activations import ReLU
from ..nn.convolution import Conv
from ..nn.dense import Dense, Flatten
from ..nn.pooling import AvgPool, MaxPool
from .cases import Case

__all__ = ["CASES", "LAYERS", "NETWORKS", "POOLS"]


def layer(name: str, row: str, groups: int = 1) -> Case:
    """Read ``N size C kernel F stride padding``; images and kernels are square."""
    N, size, C, kernel, F, stride, padding = map(int, row.split())
    conv = Conv(F, kernel, stride=stride, padding=padding, groups=groups)
    return Case(name, (N, size, size, C), (conv,))


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
DEPTHWISE = layer("depthwise", "8 56 128 3 128 1 1", groups=128)
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
    )
}
CASES = LAYERS | {DEPTHWISE.name: DEPTHWISE} | POOLS | NETWORKS
