"""What runs beside homework needs NumPy alone, and the syntax of Python 3.9."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import im2col_cnn
from im2col_cnn.testing import check_module
from im2col_cnn.testing.isolation import start
from tests.testing.families import source_of

TESTING = Path(im2col_cnn.__file__).parent / "testing"
BESIDE = [
    *TESTING.glob("dialects/*.py"),
    *(path for path in TESTING.glob("isolation/*.py") if path.stem != "process"),
    TESTING / "support.py",
    TESTING / "errors.py",
]


@pytest.mark.parametrize(
    "path", BESIDE, ids=lambda path: f"{path.parent.name}.{path.stem}"
)
def test_its_files_are_python_3_9(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))

    words = {
        word.arg
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for word in node.keywords
    }
    assert not words & {"kw_only", "slots"}
    assert "from __future__ import annotations" in ast.unparse(tree) or (
        path.stem in ("__init__", "start")
    )


def test_it_imports_neither_hypothesis_nor_the_package() -> None:
    script = (
        "import sys, runpy\n"
        f"runpy.run_path({start.__file__!r})['stand_in']()\n"
        "import im2col_cnn.testing.isolation.worker\n"
        "print('hypothesis' in sys.modules, 'im2col_cnn.loops' in sys.modules)\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout == "False False\n"


def test_another_python_runs_the_homework(tmp_path: Path) -> None:
    path = tmp_path / "layers.py"
    path.write_text(source_of("gatech"), encoding="utf-8")

    report = check_module(path, examples=2, python=sys.executable)

    assert report.ok, str(report)
