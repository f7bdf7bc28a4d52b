"""The doctor says which kernels run, and which ones would suit better."""

import importlib
import json
import os
import subprocess
import sys

import pytest

from im2col_cnn.cli import run
from im2col_cnn.commands.openblas import CORETYPE_VARIABLE, better_kernels
from tests.profile import in_turn

doctor = importlib.import_module("im2col_cnn.commands.doctor")
needs_exec = pytest.mark.skipif(
    not hasattr(os, "execve"), reason="this system cannot replace a process"
)


def test_it_says_what_runs_here(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor"]) == 0

    out = capsys.readouterr().out
    for word in "BLAS", "kernels", "threads", "cache", "GFLOP/s", "fingerprint":
        assert word in out


@pytest.mark.parametrize(
    ("architecture", "has_avx512", "better"),
    [
        ("Haswell", True, "SkylakeX"),
        ("Zen", True, "SkylakeX"),
        ("Haswell", False, None),
        ("SkylakeX", True, None),
        ("Cooperlake", True, None),
        ("neoversen1", False, None),
        ("", True, None),
    ],
)
def test_old_kernels_on_a_new_cpu_are_noticed(
    architecture: str, has_avx512: bool, better: str | None
) -> None:
    assert better_kernels(architecture, {"AVX512_SKX": has_avx512}) == better


def run_with(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run some lines of Python in a process that was told nothing about kernels."""
    kept = {
        name: value for name, value in os.environ.items() if name != CORETYPE_VARIABLE
    }
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**kept, **environment},
        input="typed\n",
        capture_output=True,
        text=True,
        check=False,
    )


# A process in which BLAS runs old kernels on a new CPU, whatever this one is.
OLD = """
import os, sys
from im2col_cnn.commands import openblas
openblas.blas_library = lambda: {"architecture": "Haswell"}
openblas.cpu_features = lambda: {"AVX512_SKX": True}
"""


def test_what_a_user_has_set_is_kept() -> None:
    code = OLD + "os.execve = None; openblas.restart_with_better_kernels(); print('on')"

    done = run_with(code, OPENBLAS_CORETYPE="Haswell")

    assert (done.stdout, done.stderr) == ("on\n", "")


@needs_exec
def test_old_kernels_are_replaced_once_and_nothing_else_changes() -> None:
    code = OLD + (
        "sys.orig_argv = ['python', '-X', 'dev', 'compare', '--no such flag']\n"
        "before = dict(os.environ)\n"
        "def execve(path, command, environment):\n"
        "    print(command[1:], {k: v for k, v in environment.items()\n"
        "                        if before.get(k) != v})\n"
        "os.execve = execve\n"
        "openblas.restart_with_better_kernels()\n"
        "assert dict(os.environ) == before\n"
    )

    done = run_with(code)

    arguments = "['-X', 'dev', 'compare', '--no such flag']"
    assert done.stdout == f"{arguments} {{'OPENBLAS_CORETYPE': 'SkylakeX'}}\n"


@needs_exec
def test_a_restart_keeps_input_output_and_status() -> None:
    child = (
        "import os, sys; print(os.environ['OPENBLAS_CORETYPE'], sys.stdin.read());"
        "sys.exit(7)"
    )
    code = OLD + (
        "print('before')\n"
        "execve, path = os.execve, sys.executable\n"
        f"os.execve = lambda p, c, e: execve(path, [path, '-c', {child!r}], e)\n"
        "openblas.restart_with_better_kernels()\n"
    )

    done = run_with(code)

    assert done.stdout == "before\nSkylakeX typed\n\n"
    assert (done.returncode, done.stderr) == (7, "")


@in_turn(3)
@needs_exec
@pytest.mark.skipif(sys.platform == "win32", reason="compare asks the resource module")
def test_a_restarted_comparison_writes_json_and_nothing_else() -> None:
    code = OLD + (
        "openblas.AVX512_KERNELS = 'Haswell'\n"  # for they are run, here or anywhere
        "from im2col_cnn.compare import race\n"
        "race.SECONDS_PER_ROUND = 0.001\n"
        "sys.argv = ['im2col-cnn', 'compare', '--json', '--rounds', '1',\n"
        "            '--input', '1x4x4x1', '--kernel', '2x2x1x1']\n"
        "from im2col_cnn.__main__ import main\n"
        "main()\n"
    )

    done = run_with(code)

    assert json.loads(done.stdout)["layers"]["yours"]["results"]["fast"]["equal"]
    assert done.stderr == ""


def test_importing_the_library_changes_nothing_in_the_environment() -> None:
    code = (
        "import os; before = dict(os.environ); import im2col_cnn, im2col_cnn.nn, "
        "im2col_cnn.cli; assert dict(os.environ) == before"
    )

    assert run_with(code).returncode == 0


def test_the_doctor_sees_through_what_a_user_has_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(doctor, "suggestion", lambda: "SkylakeX")
    monkeypatch.setattr(doctor, "measured", lambda _: 30.0)

    monkeypatch.delenv(CORETYPE_VARIABLE, raising=False)
    alone = doctor.advice(15.0)
    monkeypatch.setenv(CORETYPE_VARIABLE, "Haswell")
    chosen = doctor.advice(15.0)

    assert alone.startswith("set OPENBLAS_CORETYPE=SkylakeX before Python starts: ")
    assert chosen.startswith("set OPENBLAS_CORETYPE=SkylakeX in place of Haswell: ")
    assert chosen.endswith("products become 2.0 times as fast")


def test_the_doctor_takes_no_nonsense(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IM2COL_CNN_THREADS", "many")

    assert run(["doctor"]) == 2
    assert "IM2COL_CNN_THREADS must be" in capsys.readouterr().err
    assert run(["doctor", "now"]) == 2
