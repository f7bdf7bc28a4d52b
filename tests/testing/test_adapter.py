"""Ten lines say how to call the homework of a course that is not known."""

from pathlib import Path

import pytest

from im2col_cnn.testing import HomeworkError, check_module
from im2col_cnn.testing.isolation.adapter import offers_by
from tests.profile import in_turn
from tests.testing.families import PRELUDE

KEYWORDS = """
def correlate(*, picture, template, moves):
    return convolve(picture, template, np.zeros(len(template)), moves, moves)
"""
BY_KEYWORDS = """
SCRIPTS = [
    Script(
        "conv",
        "seen = correlate(picture=x, template=w, moves=stride)",
        words={"y": "seen"},
        layouts={"x": "NCHW", "w": "FCHW"},
        support=replace(CONVOLUTION, paddings=(), bias=False),
    )
]
"""
LAYERS = """
class Net:
    def run(self, x):
        self.x = x
        return convolve(x, self.k, self.o, 1, 1, self.around, self.around)

    def gradients(self, dy):
        p = self.around
        return dict(zip("xko", convolve_back(dy, self.x, self.k, 1, 1, p, p)))
"""
BY_LAYERS = """
SCRIPTS = [
    Script(
        "conv",
        "layer = Net(); layer.k, layer.o, layer.around = w, b, padding\\n"
        "y = layer.run(x)",
        "found = layer.gradients(dy); dx, dw, db = found['x'], found['k'], found['o']",
        layouts={"x": "NCHW", "w": "FCHW"},
        support=replace(CONVOLUTION, stride="none"),
    )
]
"""
NATIVE = """
def forth(image, kernels):
    return convolve(first(image), kernels, np.zeros(len(kernels)))
"""
BY_NATIVE = """
import numpy


def conv_forward(x, w, b):
    y = forth(x, w.transpose(3, 2, 0, 1))
    return numpy.moveaxis(y, 1, -1) + b, None


SUPPORT = replace(CONVOLUTION, stride="none", paddings=())
"""
OF_ONE_NETWORK = """
class First:
    kernels = np.zeros((4, 3, 5, 5))

    def run(self, pictures):
        assert pictures.shape[1] == 3 and self.kernels.shape == (4, 3, 5, 5)
        self.seen = pictures
        return convolve(pictures, self.kernels, np.zeros(4))

    def back(self, dy):
        assert dy.shape[1] == 4
        return convolve_back(dy, self.seen, self.kernels)
"""
BY_ITS_NUMBERS = """
SCRIPTS = [
    Script(
        "conv",
        "layer = First(); layer.kernels = w; seen = layer.run(x) + b[:, None, None]",
        "dx, dw, db = layer.back(dy)",
        words={"y": "seen"},
        layouts={"x": "NCHW", "w": "FCHW"},
        support=replace(
            CONVOLUTION,
            stride="none",
            paddings=(),
            kernels=(5,),
            channels=(3,),
            filters=(4,),
        ),
    )
]
"""
COURSES = {
    "keywords": (KEYWORDS, BY_KEYWORDS),
    "layers": (LAYERS, BY_LAYERS),
    "native": (NATIVE, BY_NATIVE),
    "one network": (OF_ONE_NETWORK, BY_ITS_NUMBERS),
}


@in_turn(6)
@pytest.mark.parametrize("course", COURSES)
def test_an_unknown_course_is_graded_by_an_adapter(course: str, tmp_path: Path) -> None:
    homework, adapter = tmp_path / "homework.py", tmp_path / "adapter.py"
    source, lines = COURSES[course]
    homework.write_text(PRELUDE + source, encoding="utf-8")
    adapter.write_text(lines, encoding="utf-8")

    right = check_module(homework, adapter=adapter, examples=2)
    wrong = PRELUDE.replace("+ b.reshape", "- 1 + b.reshape") + source
    homework.write_text(wrong, encoding="utf-8")

    assert right.ok, str(right)
    assert right.dialect == "adapter"
    assert not check_module(homework, adapter=adapter, examples=2).ok


def test_an_adapter_that_fits_nothing_is_refused(tmp_path: Path) -> None:
    adapter = tmp_path / "adapter.py"
    adapter.write_text("SCRIPTS = []\n", encoding="utf-8")

    with pytest.raises(HomeworkError, match="fits nothing in the homework"):
        offers_by(adapter, {})
