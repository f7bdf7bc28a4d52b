"""The matrix kernels that BLAS runs, and those that this CPU could run.

OpenBLAS chooses its kernels when it is loaded. On a CPU newer than itself it takes old
ones, which are half as fast where the CPU has AVX-512; the environment variable
``OPENBLAS_CORETYPE``, set before NumPy is imported, tells it what it does not know.
"""

import os
import platform
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from ..tiling.blas import blas_library

__all__ = [
    "CORETYPE_VARIABLE",
    "better_kernels",
    "blas_name",
    "cpu_features",
    "cpu_name",
    "instruction_sets",
    "restart_with_better_kernels",
    "suggestion",
]

OLD_KERNELS = {"haswell", "zen", "sandybridge", "nehalem", "prescott"}  # no AVX-512
AVX512_KERNELS = "SkylakeX"
CORETYPE_VARIABLE = "OPENBLAS_CORETYPE"


def better_kernels(architecture: str, features: dict[str, bool]) -> str | None:
    """Return the name of kernels that suit this CPU better, or None."""
    is_old = architecture.lower() in OLD_KERNELS
    return AVX512_KERNELS if is_old and features.get("AVX512_SKX") else None


def blas_name(library: dict[str, Any]) -> str:
    """Return the name and version of a BLAS, as far as it tells them."""
    told = (library.get(key) or "" for key in ("internal_api", "version"))
    return " ".join(told).strip() or "unknown"


def cpu_features() -> dict[str, bool]:
    """Return what NumPy found that this CPU can do."""
    # NumPy prints these with `np.show_runtime`, and has no public way to ask.
    core = import_module("numpy._core._multiarray_umath")
    return dict(core.__cpu_features__)


def instruction_sets() -> list[str]:
    """Return the wide vector instructions that this CPU has, as NumPy names them."""
    wide = ("AVX2", "FMA3", "AVX512F", "AVX512_SKX", "AVX512_SPR", "NEON", "ASIMD")
    features = cpu_features()
    return [name for name in wide if features.get(name)]


def cpu_name() -> str:
    """Return what the system calls this CPU, as far as it tells."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine() or "unknown"


def suggestion() -> str | None:
    """Return better kernels than those of this process, or None."""
    return better_kernels(str(blas_library().get("architecture", "")), cpu_features())


def restart_with_better_kernels() -> None:
    """Start this command again with better kernels, if there are any; only once."""
    if CORETYPE_VARIABLE in os.environ or not hasattr(os, "execve"):
        return  # what a user has set is kept, and what we have set is enough
    kernels = suggestion()
    if kernels is not None:
        sys.stdout.flush()
        environment = {**os.environ, CORETYPE_VARIABLE: kernels}
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)
