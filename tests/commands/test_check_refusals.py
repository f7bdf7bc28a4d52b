"""What cannot be checked is refused in one line."""

import os
import re
from pathlib import Path

import pytest

from im2col_cnn.testing.dialects.table import DIALECTS
from tests.commands.command import Check
from tests.profile import in_turn

HOMEWORK = Path(__file__).parents[1] / "testing" / "homework"


@in_turn(3)
@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.py", b"", "defines no function to check"),
        (
            "a.py",
            b"def f(): pass",
            "function to check: it defines f; looked for coursera: conv_",
        ),
        ("a.py", b"def conv_forward(:", "a.py:1: is no Python: invalid syntax"),
        ("a.py", b"\xff\xfe\x00", "a.py: is not text in UTF-8"),
        ("a.py", b"a = 1\0", "a.py: is no Python: source code string cannot contain"),
        ("a.py", b"x = " + b"-" * 100_000 + b"1", "a.py: is no Python: "),
        ("a.py", b"conv_forward = 3\npool_forward = None", "defines no function"),
        ("a.ipynb", b"{}", "a.ipynb: is no Jupyter notebook, version 4"),
        ("b/a.py", b"", "there is no such file"),
    ],
)
def test_what_is_no_homework_gets_a_line(
    check: Check, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    if "/" not in name:
        (tmp_path / name).write_bytes(content)

    answer = check(tmp_path / name)

    assert (answer.status, answer.out) == (2, "")
    assert said in answer.err
    assert len(answer.err.splitlines()) == 1


def test_what_is_too_long_for_a_line_keeps_its_end_and_whole_words(
    check: Check, tmp_path: Path
) -> None:
    (tmp_path / "a.py").write_bytes(b"def f(): pass")

    answer = check(tmp_path / "a.py")

    assert answer.err.rstrip().endswith("; --adapter FILE.py tells how to call others")
    (after,) = re.findall(r" \.\.\. (\w+)", answer.err)
    assert after in {w for each in DIALECTS.values() for w in (each.name, *each.names)}
    assert len(answer.err) <= 520


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"gravity": 2}', "'gravity' is no law; laws are small calls return"),
        ('{"small calls return": -1}', "must be a number from 0 on, got -1"),
        ('{"small calls return": NaN}', "must be a number from 0 on, got nan"),
        ('{"small calls return": "2"}', "must be a number from 0 on, got '2'"),
        ("[1]", 'must be like {"forward equals the loops": 2}'),
        ("hello", "weights.json: is no JSON: Expecting value"),
        ('{"small calls return": 1' + "0" * 400 + "}", "; at most 1000000000"),
        (" " * 2**20 + "{}", "weights.json: has more than 1048576 bytes"),
        (None, "weights.json: there is no such file"),
    ],
)
def test_weights_that_make_no_sense_are_refused(
    check: Check, tmp_path: Path, text: str | None, said: str
) -> None:
    weights = tmp_path / "weights.json"
    if text is not None:
        weights.write_text(text, encoding="utf-8")

    answer = check(HOMEWORK / "native.py", "--weights", weights)

    assert (answer.status, answer.out) == (2, "")
    assert said in answer.err
    assert len(answer.err.splitlines()) == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes")
def test_no_pipe_and_no_device_is_waited_for(check: Check, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    for weights in tmp_path / "pipe", Path("/dev/zero"):
        answer = check(HOMEWORK / "native.py", "--weights", weights)
        assert (answer.status, answer.err.count("\n")) == (2, 1)
        assert "is not a file but a folder or a device" in answer.err


@pytest.mark.parametrize("option", ["--seconds", "--total-seconds"])
def test_no_call_is_waited_for_without_end(check: Check, option: str) -> None:
    answer = check(HOMEWORK / "native.py", option, "inf")

    assert (answer.status, answer.err.count("\n")) == (2, 1)
    assert f"'{option}'" in answer.err
