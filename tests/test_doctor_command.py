"""The doctor says which kernels run, and which ones would suit better."""

import pytest

from im2col_cnn.cli import run
from im2col_cnn.commands.kernels import better_kernels, suggestion


def test_it_says_what_runs_here(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor"]) == 0

    out = capsys.readouterr().out
    for word in "BLAS", "kernels", "threads", "cache", "GFLOP/s":
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


def test_what_a_user_has_set_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")

    assert suggestion() is None
