"""Choose what is compared, and with whom, or refuse before anything runs."""

import os
from collections.abc import Sequence
from importlib.util import find_spec

from .._checks import as_shape
from ..compare.cases import Case
from ..compare.catalogue import CASES, LAYERS, NETWORKS, POOLS
from ..compare.contestants import LIBRARIES
from ..nn.layers import Conv
from .refusals import BadInputError
from .sizes import read_sizes

__all__ = ["named", "opponents", "require_room", "resized", "yours"]


def named(
    names: Sequence[str], *, suite: bool, pools: bool, networks: bool
) -> list[Case]:
    """Return the cases of these names, and of whole tables of them."""
    for name in names:
        if name not in CASES:
            raise ValueError(f"no case {name!r}: there are {', '.join(CASES)}")
    cases = [CASES[name] for name in names]
    for wanted, table in (suite, LAYERS), (pools, POOLS), (networks, NETWORKS):
        cases += table.values() if wanted else ()
    return cases


def yours(
    images: str | None, kernel: str | None, *, stride: int, padding: int
) -> list[Case]:
    """Return a convolution of the user's own, if there is one."""
    if (images is None) != (kernel is None):
        raise ValueError("--input and --kernel go together: give both or neither")
    if images is None or kernel is None:
        return []
    x = read_sizes(images, "--input", example="8x56x56x64")
    w = read_sizes(kernel, "--kernel", example="3x3x64x64")
    shapes = as_shape(x, "--input", at_least=1), as_shape(w, "--kernel", at_least=1)
    if [len(shape) for shape in shapes] != [4, 4] or x[-1] % w[-2]:
        raise ValueError(
            f"--input {images} must be NxHxWxC and --kernel {kernel} KHxKWxCxF, "
            f"with C divisible by that of the kernel"
        )
    *size, C, F = w
    conv = Conv(F, size, stride=stride, padding=padding, groups=x[-1] // C)
    case = Case.read(Case("yours", x, (conv,)).written())  # as its processes will
    list(case.stages())  # refuses a kernel that does not fit
    return [case]


def resized(cases: Sequence[Case], batches: str) -> list[list[Case]]:
    """Return what runs together: each case, with every number of images asked for."""
    if not batches:
        return [[case] for case in cases]
    sizes = []
    for word in batches.split(","):
        if not word.isdecimal() or int(word) < 1 or int(word) in sizes:
            raise ValueError(
                f"--batch must be different whole numbers of at least 1, such as "
                f"8,256, got {batches!r}"
            )
        sizes.append(int(word))
    return [[case.with_images(N) for N in sizes] for case in cases]


def opponents(against: str) -> list[str]:
    """Return the libraries named, if they are known and there."""
    names = list(dict.fromkeys(name.strip() for name in against.split(",") if name))
    for name in names:
        if name not in LIBRARIES:
            raise ValueError(f"--against {name}: choose from {', '.join(LIBRARIES)}")
        module = name.split("-")[0]
        if find_spec(module) is None:
            raise BadInputError(
                f"--against {name} needs {module}: python -m pip install {module}"
            )
    return names


def require_room(cases: Sequence[Case], contestants: int) -> None:
    """Refuse what together cannot fit into the memory of this machine."""
    if "SC_PHYS_PAGES" not in getattr(os, "sysconf_names", {}):
        return
    there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    needed = contestants * sum(case.bytes for case in cases)
    if needed > there:
        names = ", ".join(case.name for case in cases)
        raise ValueError(
            f"{names}: {contestants} contestants need {needed / 2**30:.1f} GiB for "
            f"images and gradients alone, this machine has {there / 2**30:.1f}: give "
            f"fewer images, or smaller ones"
        )
