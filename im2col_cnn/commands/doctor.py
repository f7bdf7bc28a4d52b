"""The command `doctor`: BLAS, threads and tiles on this machine, and its speed."""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from zlib import crc32

import numpy as np

from ..nn.executors import fingerprint
from ..tiling.blas import blas_library
from ..tiling.threads import thread_count
from ..tiling.tiles import TILE_BYTES
from ..tiling.workspace import BUDGET_BYTES
from .arguments import refusing
from .openblas import CORETYPE_VARIABLE, blas_name, cpu_features, suggestion
from .terminal import open_screen, say, show_table

__all__ = ["doctor"]

TIMED_PRODUCT = """
import numpy as np, time
from threadpoolctl import threadpool_limits
threadpool_limits(1, "blas")
a = np.random.default_rng(0).standard_normal((768, 768), np.float32)
times = []
for _ in range(30):
    start = time.perf_counter()
    a @ a
    times.append(time.perf_counter() - start)
print(2 * 768**3 / sorted(times)[len(times) // 2] / 1e9)
"""  # run in a process of its own, for BLAS chooses its kernels only once


def doctor() -> None:
    """
    Say which BLAS runs, how many threads, how large tiles are, and what would help.

    The speed is that of one matrix product on one thread, measured on the spot.
    """
    with refusing():
        count = thread_count()
    library, features = blas_library(), cpu_features()
    screen = open_screen()
    widest = next((f for f in ("AVX512_SKX", "AVX2", "ASIMD") if features.get(f)), "-")
    speed = measured({})
    rows = [
        ("Python", platform.python_version()),
        ("NumPy", np.__version__),
        ("BLAS", blas_name(library)),
        ("its kernels", str(library.get("architecture", "-"))),
        ("the CPU offers", widest),
        ("one product", f"{speed:.0f} GFLOP/s on one thread"),
        ("threads", str(count)),
        ("cache per core", cache_size()),
        ("pixels of a tile", f"{TILE_BYTES / 2**20:.1f} MiB"),
        ("workspace at most", f"{BUDGET_BYTES / 2**20:.0f} MiB"),
        # A word that is the same on machines that compute the same bits.
        ("fingerprint", f"{crc32(json.dumps(fingerprint()).encode()):08x}"),
    ]
    show_table(screen, ("", ""), rows)
    say(screen, advice(speed))


def advice(speed: float) -> str:
    """Say in one line what would help, and how much, measured on the spot."""
    kernels, chosen = suggestion(), os.environ.get(CORETYPE_VARIABLE)
    if kernels is None:
        return "BLAS runs the kernels that fit this CPU, as far as can be told."
    gain = measured({CORETYPE_VARIABLE: kernels}) / speed
    where = "before Python starts" if chosen is None else f"in place of {chosen}"
    return (
        f"set {CORETYPE_VARIABLE}={kernels} {where}: products become {gain:.1f} times "
        f"as fast"
    )


def measured(environment: dict[str, str]) -> float:
    """Return the GFLOP/s of a product in a new process with these variables."""
    done = subprocess.run(
        [sys.executable, "-c", TIMED_PRODUCT],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def cache_size() -> str:
    """Return the size of the second-level cache, where the system tells it."""
    told = Path("/sys/devices/system/cpu/cpu0/cache/index2/size")
    try:
        return told.read_text(encoding="ascii").strip()
    except OSError:
        return "unknown"
