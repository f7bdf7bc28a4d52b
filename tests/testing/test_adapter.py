"""Ten lines say how to call the homework of a course that is not known."""

import re
from pathlib import Path

import pytest

from im2col_cnn.testing import HomeworkError, Report, check_module
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


def read_by(lines: str, tmp_path: Path, source: str = LAYERS) -> Report:
    homework, adapter = tmp_path / "homework.py", tmp_path / "course.py"
    homework.write_text(PRELUDE + source, encoding="utf-8")
    adapter.write_text(lines, encoding="utf-8")
    return check_module(homework, adapter=adapter, examples=2)


MISTAKES = {
    "a kind": ('"conv",', '"convolution",', "the kind is one of conv, max_pool, "),
    "a layout": ('"NCHW"', '"NCHM"', 'the layout of x is "NCHM"; it has letters of'),
    "a role": ('"x": "NCHW"', '"X": "NCHW"', "layouts are for x, y, w, b, not 'X'"),
    "a bracket": ("run(x)", "run(x", "forward is no Python: '(' was never closed"),
    "a key": ("found['k']", "found['q']", """("conv"): found['q'] raised KeyError"""),
    "a class": ("Net()", "Nets()", 'script 1 ("conv"): Nets is not there'),
    "a method": (".run(x)", ".runs(x)", '("conv"): Net.runs is not there'),
    "a setting": (", padding", ", pading", "pading is not there"),
    "an argument": (
        "run(x)",
        "run(x, w)",
        "layer.run(x, w): too many positional arguments; Net.run takes (x)",
    ),
    "a field": ('="none"', '="no"', "stride must be one of none, one, each, got 'no'"),
    "a size": ('stride="none"', "kernels=3", "kernels must be a tuple of ints, got 3"),
}


@in_turn(3)
@pytest.mark.parametrize("what", MISTAKES)
def test_a_mistake_in_an_adapter_is_said_of_the_adapter(
    what: str, tmp_path: Path
) -> None:
    old, new, said = MISTAKES[what]
    assert old in BY_LAYERS

    with pytest.raises(HomeworkError, match=f"course.py: .*{re.escape(said)}"):
        read_by(BY_LAYERS.replace(old, new), tmp_path)


def test_what_is_no_list_of_scripts_is_refused(tmp_path: Path) -> None:
    adapter = tmp_path / "adapter.py"
    adapter.write_text("SCRIPTS = 3\n", encoding="utf-8")
    with pytest.raises(HomeworkError, match="SCRIPTS is a list, not 3"):
        offers_by(adapter, {})

    adapter.write_text("SCRIPTS = ['y = run(x)']\n", encoding="utf-8")
    with pytest.raises(HomeworkError, match=r"script 1: SCRIPTS holds Script\(...\)"):
        offers_by(adapter, {})


@pytest.mark.parametrize("changed", ["homework", "adapter"])
def test_a_backward_that_is_not_there_is_said_and_does_not_pass(
    changed: str, tmp_path: Path
) -> None:
    lines, source = BY_LAYERS, LAYERS
    if changed == "adapter":
        lines = lines.replace("layer.gradients", "layer.gradient")
    else:
        source = source.replace("def gradients", "def gradient")

    report = read_by(lines, tmp_path, source)

    said = {verdict.law.name: verdict.status for verdict in report.verdicts}
    assert said["forward equals the loops"] == "holds"
    assert said["dx equals the loops"] == "not checked"
    assert not report.ok
    name = "gradient" if changed == "adapter" else "gradients"
    assert str(report).splitlines()[1] == (
        f'  the homework does not fit script 1 ("conv"): Net.{name} is not there'
    )


CHAINED = """
class Sieve:
    def set(self, kernels, offsets):
        self.k, self.o = kernels, offsets
        return self

    def __call__(self, x):
        self.x, self.out = x, lambda: convolve(x, self.k, self.o)
        return self.out()

    def pull(self, dy):
        return convolve_back(dy, self.x, self.k)
"""
BY_CHAIN = """
SCRIPTS = [
    Script(
        "conv",
        "layer = Sieve().set(w, b); y = layer(x)",
        "dx, dw, db = layer.pull(dy.astype(float))",
        layouts={"x": "NCHW", "w": "FCHW"},
        support=replace(CONVOLUTION, stride="none", paddings=()),
    )
]
"""


@in_turn(2)
def test_a_layer_may_be_made_by_calls_in_a_row(tmp_path: Path) -> None:
    report = read_by(BY_CHAIN, tmp_path, CHAINED)

    assert report.ok, str(report)
    assert {verdict.function for verdict in report.verdicts} == {"Sieve"}


@in_turn(2)
def test_an_attribute_that_a_method_sets_is_there(tmp_path: Path) -> None:
    by_steps = BY_CHAIN.replace("Sieve().set(", "Sieve(); layer.set(")
    by_attribute = by_steps.replace("y = layer(x)", "layer(x); y = layer.out()")

    assert read_by(by_attribute, tmp_path, CHAINED).ok
