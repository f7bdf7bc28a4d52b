"""The check command waits for what is slow or never returns, and not for long."""

import re
from pathlib import Path

import pytest

from im2col_cnn.testing.isolation import process
from tests.commands.command import COURSERA, FEW_EXAMPLES, Check
from tests.profile import in_turn


@in_turn(2)
def test_many_that_never_return_are_waited_for_less_and_less(
    check: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "MIN_CALL_SECONDS", 0.25)
    path = tmp_path / "homework.py"
    names = re.findall(r"^def (\w+\(.*\)):", COURSERA, re.MULTILINE)
    hangs = "    import threading; threading.Event().wait()"
    path.write_text("\n".join(f"def {name}:\n{hangs}" for name in names))

    answer = check(path, "--examples", "4", "--seconds", "0.4")

    limits = re.findall(r"did not return within (.*) s for a", answer.out)
    assert answer.status == 1
    assert limits == ["0.4", *["0.25"] * 4]


@in_turn(3)
def test_what_never_returns_where_maxima_tie_is_shown_so(
    check: Check, tmp_path: Path
) -> None:
    path = tmp_path / "homework.py"
    path.write_text(
        "import numpy as np\ndef create_mask_from_window(x):\n"
        "    while np.sum(x == x.max()) > 1: pass\n    return x == x.max()\n"
    )

    answer = check(path, *FEW_EXAMPLES)

    assert answer.status == 1
    assert "did not return within 2 s for a 2x2 window" in answer.out
    assert answer.out.count("did not return") == 1


@in_turn(3)
def test_what_never_returns_while_it_is_tried_is_a_finding(
    check: Check, tmp_path: Path
) -> None:
    path = tmp_path / "homework.py"
    path.write_text("def conv_forward(x, w, b, stride=1):\n    while True: pass\n")

    answer = check(path, *FEW_EXAMPLES)

    assert answer.status == 1
    assert "conv_forward did not return within 1 s for a 1x3x3x1" in answer.out


def test_what_is_slow_gets_fewer_examples_and_is_told(
    check: Check, tmp_path: Path
) -> None:
    path = tmp_path / "homework.py"
    path.write_text(
        "import numpy as np\nimport time\ndef distribute_value(dz, shape):\n"
        "    time.sleep(0.1)\n    return np.full(shape, dz / shape[0] / shape[1])\n"
    )

    answer = check(path, "--examples", "50", "--total-seconds", "4")

    assert answer.status == 0, answer.out
    assert "time was short, so it got fewer than 50 examples per law" in answer.out
