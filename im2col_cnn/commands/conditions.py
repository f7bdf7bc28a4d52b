"""Say under which conditions a measurement was made: without them it tells little."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from .openblas import blas_library, blas_name, suggestion

__all__ = ["conditions", "in_words"]


def conditions(threads: int, libraries: Sequence[str]) -> dict[str, Any]:
    """Gather the number of threads, versions, and the kernels that BLAS runs."""
    library = blas_library()
    # Of torch and torch-channels-last, the package is torch.
    packages = dict.fromkeys(["numpy", *(name.split("-")[0] for name in libraries)])
    return {
        "threads": threads,
        "versions": {package: version(package) for package in packages},
        "blas": blas_name(library),
        "kernels": library.get("architecture"),
        "better_kernels": suggestion(),
    }


def in_words(found: dict[str, Any]) -> str:
    """Write conditions in one line, and a hint at better kernels in another."""
    threads = f"{found['threads']} thread{'s' * (found['threads'] > 1)}"
    versions = (f"{name} {number}" for name, number in found["versions"].items())
    kernels = f" with {found['kernels']} kernels" * bool(found["kernels"])
    blas = f"BLAS {found['blas']}{kernels}"
    line = f"measured with {', '.join([threads, *versions, blas])}"
    if found["better_kernels"] is None:
        return line
    return f"{line};\nthis CPU can run better ones: see `im2col-cnn doctor`"
