"""What a script calls is there, and takes what it is handed, or words say what not."""

from typing import Any

import pytest

from im2col_cnn.testing.dialects.misfits import misfits, mistake_in
from im2col_cnn.testing.dialects.script import Script


class Layer:
    """A layer that makes one of its methods when it runs."""

    def __init__(self, step: int = 1) -> None:
        self.step = step

    def run(self, x: Any) -> Any:
        """Return the images."""
        self.again = lambda: x
        return x


def convolve(x: Any, w: Any, *, stride: int = 1) -> Any:
    return x, w, stride


NAMES = {"Layer": Layer, "convolve": convolve, "kernels": 3}


@pytest.mark.parametrize(
    "lines",
    [
        "y = convolve(x, w, stride=S)",
        "y = convolve(*(x, w), **settings)",
        "layer = Layer(step=SH); y = layer.run(x.transpose(0, 3, 1, 2))",
        "layer = Layer(); layer.run(x); y = layer.again()",
        "y = Layer(stride).run(x)[0].of.anything(len(x), np.ones(K))",
        "layer = Layer(lambda z: max(z, 0)); layer.kernel = w; y = layer.run(x)",
    ],
)
def test_what_is_there_fits(lines: str) -> None:
    assert misfits(Script("conv", lines), NAMES) == ((), ())


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("y = correlate(x, w)", "correlate is not there"),
        ("y = convolve(x, w, step)", "step is not there"),
        ("y = kernels(x)", "kernels is no function"),
        ("layer = Layer(); y = layer(x)", "Layer.__call__ is not there"),
        ("layer = Layer(); y = layer.look(x)", "Layer.look is not there"),
        (
            "layer = Layer(); y = layer.run()",
            "layer.run(): missing a required argument",
        ),
        ("y = convolve(x)", "'w'; convolve takes (x, w, stride)"),
    ],
)
def test_what_is_not_there_is_said(lines: str, said: str) -> None:
    (ahead, back) = misfits(Script("conv", "y = x", lines), NAMES)

    assert not ahead
    assert said in "".join(back)


def test_columns_have_each_letter_once() -> None:
    lines = "y = im2col(x, KH, KW)"

    assert not mistake_in(Script("im2col", lines, layouts={"y": "CYX HWN"}))
    assert "each once" in mistake_in(Script("im2col", lines, layouts={"y": "CYX HW"}))


def test_what_is_not_of_its_kind_is_said() -> None:
    support: Any = "square"

    assert mistake_in(Script("conv", "y = x", support=support)) == (
        "support is a Support, not 'square'"
    )
