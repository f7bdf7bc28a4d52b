"""A course is described by the lines in which it calls its functions."""

from typing import Any

import numpy as np
import pytest

from im2col_cnn.testing.dialects.caller import offer_of
from im2col_cnn.testing.dialects.run import Run
from im2col_cnn.testing.dialects.script import Script, fits
from im2col_cnn.testing.errors import NOT_WRITTEN, SubjectError

SCRIPT = Script(
    "max_pool",
    """
    layer = Pool(K, stride)
    out = layer.forward(x)
    """,
    """
    dx = layer.backward(dout)
    """,
    words={"y": "out", "dy": "dout"},
    layouts={"x": "NCHW"},
)


class Pool:
    """A layer of which nothing is written."""

    def __init__(self, size: int, stride: int) -> None:
        """Take the settings."""

    def forward(self, x: Any) -> Any:
        """Return nothing."""

    def backward(self, dout: Any) -> Any:
        """Raise what a template raises."""
        raise NotImplementedError


def test_a_script_fits_what_takes_its_arguments() -> None:
    assert fits(SCRIPT, {"Pool": Pool}) == ("forward", "backward")
    assert fits(SCRIPT, {"Pool": lambda size: size}) == ()
    assert fits(SCRIPT, {}) == ()


def test_what_returns_none_is_not_written() -> None:
    offer = offer_of(SCRIPT, {"Pool": Pool}, ("forward", "backward"))

    with pytest.raises(SubjectError, match=r"Pool\.forward gave None for out") as found:
        offer.forward(np.ones((1, 3, 3, 1)), kernel_size=(2, 2), stride=1)

    assert found.value.kind == NOT_WRITTEN


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("a, b = f()", r"f returned 3 values instead of \(a, b\)"),
        ("a, b = g()", r"g returned None instead of \(a, b\)"),
        ("a = h()", "h raised ZeroDivisionError: division by zero"),
        ("a = k()", "k is not written yet: it raised NotImplementedError"),
        ("a = exit()", "exit called sys.exit"),
    ],
)
def test_a_line_tells_what_its_function_did_instead(line: str, said: str) -> None:
    def k() -> None:
        raise NotImplementedError

    names = {"f": lambda: (1, 2, 3), "g": lambda: None, "h": lambda: 1 / 0, "k": k}

    with pytest.raises(SubjectError, match=said):
        Run({**names, "exit": exit}, {}).run(line)


def test_the_first_of_two_names_that_is_there_is_taken() -> None:
    class Layer:
        """One that leaves its gradient under the other name."""

        gradient = 7

    run = Run({"Layer": Layer}, {})

    run.run("layer = Layer()\ng = layer.dLdW or layer.gradient")

    assert run.known["g"] == 7
