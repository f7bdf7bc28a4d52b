"""Type checkers find nothing in a user's program, and every slip that it makes.

Both checkers read the package as they read any that is installed: by its annotations.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import im2col_cnn
from tests.profile import drawn

ROOT = Path(im2col_cnn.__file__).parent.parent

PROGRAM = """\
import numpy as np
from numpy.typing import NDArray

from im2col_cnn import (
    col2im,
    conv_backward,
    conv_forward,
    conv_transpose_backward,
    conv_transpose_forward,
    dense_backward,
    dense_forward,
    im2col,
    max_pool_backward,
    max_pool_forward,
)
from im2col_cnn.ops import ConvCache, MaxPoolCache, Padding
from im2col_cnn.step_by_step import pool_forward

Floats = NDArray[np.float32]


def block(
    x: Floats, w: Floats, b: Floats, padding: Padding = "same"
) -> tuple[Floats, tuple[ConvCache, MaxPoolCache]]:
    y, conv = conv_forward(x, w, b, padding=padding, stride=(1, 1))
    y, pool = max_pool_forward(y, 2, ties="split", padding=((0, 1), (1, 0)))
    return y, (conv, pool)


x, w, b = np.ones((2, 6, 6, 3), "f4"), np.ones((3, 3, 3, 8), "f4"), np.zeros(8, "f4")
y, (conv, pool) = block(x, w, b)
dx, dw, db = conv_backward(max_pool_backward(np.ones_like(y), pool), conv)
print(dx.shape, dw.shape, None if db is None else db.shape, pool.argmax.shape)
nothing, dw, db = conv_backward(np.ones((2, 6, 6, 8)), conv, input_gradient=False)
print(nothing is None, np.allclose(dw, 0))
flag: bool = dw.size > 9
maybe, dw, db = conv_backward(np.ones((2, 6, 6, 8)), conv, input_gradient=flag)
print(None if maybe is None else maybe.shape)
painted, turned = conv_transpose_forward(y, np.ones((2, 2, 4, 8)), stride=2)
print(conv_transpose_backward(painted, turned)[0].shape)
scores, dense = dense_forward(y.reshape(2, -1), np.ones((y[0].size, 10)), [0] * 10)
print(dense_backward(scores, dense)[0].shape)
print(col2im(im2col(x, 2), x.shape, 2, reduce="mean").shape)
print(pool_forward(x, {"f": 2, "stride": 2}, "average")[0].shape)
"""

SLIPS = {
    'conv_forward(x, w, padding="smae")': "padding",
    "conv_forward(x, w, 0, 2)": "positional",
    'max_pool_forward(x, 2, ties="last")': "ties",
    'col2im(im2col(x, 2), x.shape, 2, reduce="max")': "reduce",
    'pool_forward(x, {"f": 2, "stride": 2}, "mean")': "average",
    "conv_forward(x, w, stride=1.5)": "stride",
    "conv_backward(y, conv, input_gradient=False)[0].shape": "None",
    "max_pool_backward(y, conv)": "ConvCache",
}

Found = dict[int, str]  # messages by line


def by_mypy(program: Path) -> Found:
    pytest.importorskip("mypy", reason="mypy is not installed")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file="]
    command += [f"--cache-dir={ROOT / '.mypy_cache' / 'programs'}", "--no-pretty"]
    command += ["--follow-imports=silent", "--no-error-summary", str(program)]
    printed = output_of(command, MYPYPATH=str(ROOT))
    found: Found = {}
    for line in printed.splitlines():
        where = re.match(r".*?program\.py:(\d+): (?:error|note): (.*)", line)
        assert where, line
        found[int(where[1])] = f"{found.get(int(where[1]), '')} {where[2]}"
    return found


def by_pyright(program: Path) -> Found:
    pyright = shutil.which("pyright") or shutil.which(
        "pyright", path=str(Path(sys.executable).parent)
    )
    if pyright is None:
        pytest.skip("pyright is not installed")
    settings = {"typeCheckingMode": "strict", "extraPaths": [str(ROOT)]}
    program.with_name("pyrightconfig.json").write_text(json.dumps(settings))
    command = [pyright, "--outputjson", f"--pythonpath={sys.executable}"]
    printed = output_of([*command, f"--project={program.parent}"])
    if not printed.startswith("{"):
        pytest.skip("pyright cannot fetch itself here, or there is no node")
    return {
        found["range"]["start"]["line"] + 1: found["message"]
        for found in json.loads(printed)["generalDiagnostics"]
    }


def output_of(command: list[str], **environment: str) -> str:
    """Run a type checker."""
    ran = subprocess.run(
        command,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not ran.stderr or ran.stdout, ran.stderr
    return ran.stdout


@drawn
@pytest.mark.parametrize("checker", [by_mypy, by_pyright])
def test_a_program_is_understood_and_each_slip_is_found(
    checker: Callable[[Path], Found], tmp_path: Path
) -> None:
    first = len(PROGRAM.splitlines()) + 1
    program = tmp_path / "program.py"
    program.write_text(PROGRAM + "".join(f"{slip}\n" for slip in SLIPS))

    found = checker(program)

    assert sorted(found) == list(range(first, first + len(SLIPS)))
    for line, word in enumerate(SLIPS.values(), start=first):
        assert word in found[line]


def test_the_program_runs(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)

    printed = output_of([sys.executable, str(program)], PYTHONPATH=str(ROOT))

    assert printed.splitlines() == [
        "(2, 6, 6, 3) (3, 3, 3, 8) (8,) (2, 3, 3, 8)",
        "True False",
        "(2, 6, 6, 3)",
        "(2, 3, 3, 8)",
        "(2, 72)",
        "(2, 6, 6, 3)",
        "(2, 3, 3, 3)",
    ]
