"""A race times everybody in turn, and `im2col-cnn compare` says what came of it."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from im2col_cnn.cli import run
from im2col_cnn.commands import compare, openblas
from im2col_cnn.compare import race as racing
from im2col_cnn.compare.case import Case
from im2col_cnn.compare.contestants import CONTESTANTS
from im2col_cnn.compare.race import race
from im2col_cnn.nn import Conv
from tests.profile import in_turn

SMALL = Case("small", (2, 7, 6, 4), (Conv(5, (3, 2), stride=2, padding=1),))
GROUPS = Case("groups", (2, 7, 6, 4), (Conv(6, 3, groups=2),))
LAYER = ["--input", "1x6x5x2", "--kernel", "3x2x2x3", "--rounds", "2"]
needs_resource = pytest.mark.skipif(
    sys.platform == "win32", reason="peak memory is asked of the resource module"
)


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time everybody for a moment: how fast they really are is no matter here."""
    monkeypatch.setattr(racing, "SECONDS_PER_ROUND", 0.001)


@needs_resource
def test_a_race_times_everybody_in_every_round() -> None:
    found, left = race([SMALL], ["loops", "fast"], threads=1, rounds=3)

    results = found["small"]
    assert not left
    assert [result.who for result in results] == ["loops", "fast"]
    assert all(result.equal for result in results)
    assert all(len(result.step) == len(result.forward) == 3 for result in results)
    assert results[0].ratios(results[0]) == [1, 1, 1]


@in_turn(2)
@needs_resource
def test_who_declines_says_why() -> None:
    found, left = race([GROUPS], ["columns", "fast"], threads=1, rounds=1)

    assert [result.who for result in found["groups"]] == ["fast"]
    assert [(leaver.who, leaver.failed) for leaver in left] == [("columns", False)]


@in_turn(2)
@needs_resource
def test_who_ends_early_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CONTESTANTS, "nobody", CONTESTANTS["fast"])  # only here

    found, left = race([SMALL], ["nobody", "fast"], threads=1, rounds=1)

    assert [result.who for result in found["small"]] == ["fast"]
    assert [leaver.failed for leaver in left] == [True]
    assert "ended early, with status 1" in left[0].why


@in_turn(2)
@needs_resource
def test_ratios_are_per_image() -> None:
    cases = [SMALL, replace(SMALL, name="many", input=(200, 7, 6, 4))]
    found, _ = race(cases, ["fast"], threads=1, rounds=1)
    (few,), (many,) = found.values()

    (ratio,) = many.ratios(few)

    assert ratio == pytest.approx(many.step[0] / 200 / (few.step[0] / 2))


@in_turn(2)
@needs_resource
def test_the_table_has_a_row_per_contestant(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compare", *LAYER]) == 0

    out = capsys.readouterr().out
    for name in "loops", "columns", "fast", "product":
        assert any(line.startswith(name) for line in out.splitlines())


@needs_resource
def test_json_holds_every_number(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compare", "--json", *LAYER]) == 0

    found = json.loads(capsys.readouterr().out)
    assert found["layers"]["yours"]["input"] == [1, 6, 5, 2]
    assert found["layers"]["yours"]["results"]["fast"]["equal"] is True
    assert found["mean_ratios"]["columns"] == 1
    assert found["versions"] == {"numpy": np.__version__}


def test_what_was_measured_with_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    library = {"internal_api": "openblas", "version": "0.3", "architecture": "Haswell"}
    monkeypatch.setattr(openblas, "blas_library", lambda: library)
    monkeypatch.setattr(compare, "blas_library", lambda: library)
    monkeypatch.setattr(openblas, "cpu_features", lambda: {"AVX512_SKX": True})

    told = compare.in_words(compare.conditions(2, []))

    assert "2 threads, numpy" in told
    assert "BLAS openblas 0.3 with Haswell kernels" in told
    assert "doctor" in told


@in_turn(2)
@needs_resource
def test_two_batches_are_compared_per_image(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compare", *LAYER, "--batch", "1,3"]) == 0

    out = capsys.readouterr().out
    assert "step ms/image" in out
    assert "ratio: of a step per image, to 1 image\n" in out
    assert any(line.startswith("fast x 3") for line in out.splitlines())


@in_turn(3)
@needs_resource
def test_bars_are_drawn_of_a_pool(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="bars need the viz extra")
    plot = tmp_path / "bars.svg"

    status = run(
        ["compare", "lenet_max", "--batch", "1", "--rounds", "1", "--plot", str(plot)]
    )

    assert status == 0
    assert "time of a step" in plot.read_text(encoding="utf-8")


@in_turn(3)
@needs_resource
def test_a_network_is_compared_by_a_step_of_training(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["compare", "lenet", "--batch", "1", "--rounds", "1", "--json"]) == 0

    found = json.loads(capsys.readouterr().out)
    (network,) = found["layers"].values()
    assert set(network["results"]) == {"loops", "columns", "fast"}
    assert [left["who"] for left in found["left_out"]] == ["product"]


def test_the_machine_is_told_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compare", "--cpu"]) == 0

    out = " ".join(capsys.readouterr().out.split())
    assert "BLAS" in out
    assert "CPU " in out
    assert " core" in out


@in_turn(2)
@needs_resource
def test_layers_are_read_from_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "layers.txt"
    file.write_text("# mine\ntiny, 2, 5, 6, 1, 3, 2, 1, 1  # 5 by 6\n\n", "utf-8")

    status = run(["compare", "--shapes", str(file), "--rounds", "1", "--json"])

    assert status == 0
    found = json.loads(capsys.readouterr().out)
    assert found["layers"]["tiny"]["input"] == [2, 5, 6, 1]
    assert found["layers"]["tiny"]["kernel"] == [3, 3, 1, 2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tiny 1 2 3", "line 1 must be a name and eight whole numbers"),
        ("\ntiny 1 5 5 1 3 1 1 -1", "line 2 must be a name and eight whole numbers"),
        ("a 1 5 5 1 3 1 1 0\na 1 5 5 1 3 1 1 0", "line 2 names a second layer 'a'"),
        ("a 1 2 2 1 3 1 1 0", "line 1, a: a 3x3 kernel does not fit"),
    ],
)
def test_a_file_of_layers_is_refused_by_its_line(
    text: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "layers.txt"
    file.write_text(text, "utf-8")

    assert run(["compare", "--shapes", str(file)]) == 2

    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("", "name what to compare"),
        ("--shapes /nowhere/at/all.txt", "--shapes /nowhere/at/all.txt"),
        ("nonsense", "no case 'nonsense': there are resnet_stem"),
        ("--input 1x4x4x1", "--input and --kernel go together"),
        ("--input 1x4x4x1 --kernel 2x2", "--kernel 2x2 KHxKWxCxF"),
        ("--input 1x4x4x1 --kernel 9x9x1x1", "does not fit"),
        ("lenet1 --against chainer", "--against chainer: choose from jax"),
        ("lenet1 --rounds 0", "--rounds"),
        ("--input 0x4x4x1 --kernel 2x2x1x1", "--input must be at least 1"),
        ("--input 1x4x4x2 --kernel 2x2x0x1", "--kernel must be at least 1"),
        ("--input 1x4x4x4 --kernel 2x2x2x3", "groups = 2 must divide filters = 3"),
        ("--input 1x9x9x1 --kernel 2x2x1x99999999", "contestants need"),
        ("--input 99999999x9x9x1 --kernel 2x2x1x9 --batch 7,99999999", "this machine"),
        ("lenet1 --batch 8,8", "--batch must be different whole numbers"),
        ("lenet1 --batch many", "got 'many'"),
        ("lenet1 --threads 0", "--threads"),
        ("lenet1 --plot /nowhere/at/all.svg", "/nowhere/at"),
    ],
)
def test_bad_input_gets_one_line(
    options: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["compare", *options.split()]) == 2

    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1
