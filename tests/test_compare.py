"""Comparing: everybody finds the same, and the table says how fast."""

import importlib.util
import json
import sys

import pytest

from im2col_cnn.cli import run
from im2col_cnn.compare.cases import LAYERS, Case, arrays_of, cut
from im2col_cnn.compare.contestants import CONTESTANTS
from im2col_cnn.compare.race import race
from im2col_cnn.compare.worker import is_equal

SMALL = Case("small", (2, 7, 6, 4), (3, 2, 4, 5), stride=2, padding=1)
LAYER = ["--input", "1x6x5x2", "--kernel", "3x2x2x3", "--rounds", "2"]
needs_resource = pytest.mark.skipif(
    sys.platform == "win32", reason="peak memory is asked of the resource module"
)


@pytest.mark.parametrize("name", ["loops", "columns", "fast"])
def test_every_rung_finds_what_the_loops_find(name: str) -> None:
    runner = CONTESTANTS[name](SMALL, arrays_of(SMALL, whole=True))

    assert is_equal(runner, SMALL)


@pytest.mark.frameworks
@pytest.mark.parametrize("name", ["torch", "torch-channels-last", "jax", "mygrad"])
def test_every_library_finds_what_the_loops_find(name: str) -> None:
    if importlib.util.find_spec(name.split("-", maxsplit=1)[0]) is None:
        pytest.skip(f"{name} is not installed")
    case = cut(LAYERS["lenet2"], 2000)
    runner = CONTESTANTS[name](case, arrays_of(case, whole=True))

    assert is_equal(runner, case)


@needs_resource
def test_a_race_times_everybody_in_every_round() -> None:
    results = race(SMALL, ["loops", "fast"], threads=1, rounds=3)

    assert [result.who for result in results] == ["loops", "fast"]
    assert all(result.equal for result in results)
    assert all(len(result.step) == len(result.forward) == 3 for result in results)
    assert results[0].ratios(results[0]) == [1, 1, 1]


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


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("", "name layers to compare"),
        ("nonsense", "no layer 'nonsense': there are resnet_stem"),
        ("--input 1x4x4x1", "--input and --kernel go together"),
        ("--input 1x4x4x1 --kernel 2x2", "--kernel 2x2 KHxKWxCxF"),
        ("--input 1x4x4x1 --kernel 9x9x1x1", "does not fit"),
        ("lenet1 --against chainer", "--against chainer: choose from jax"),
        ("lenet1 --rounds 0", "--rounds"),
    ],
)
def test_bad_input_gets_one_line(
    options: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["compare", *options.split()]) == 2

    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1


def test_the_suite_has_twelve_layers() -> None:
    assert len(LAYERS) == 12
    assert all(case.operations > 0 for case in LAYERS.values())
