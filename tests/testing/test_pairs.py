"""A backward is read whatever it is called, or said to be left unread."""

from pathlib import Path

import pytest

from im2col_cnn.testing import check_here, check_module
from im2col_cnn.testing.dialects.pairs import OTHER_AXES, backwards_in, stem
from tests.profile import in_turn
from tests.testing.families import PRELUDE

CONVOLVE = """
def convolve(images, filters, offsets, step=1):
    y = multiplied(first(images), filters, offsets, step, step)
    return last(y), (first(images), filters, step)


def {name}({arguments}):
    images, filters, step = saved
    dx, dw, db = transposed(first(upstream), images, filters, step, step)
    return last(dx), {dw}, db
"""
OWN_NAMES = {  # for what is not to be read
    "convolve_back": "transposed",
    "convolve": "multiplied",
    "pool_back": "scattered",
    "pool": "reduced",
}
NAMES = (
    *("convolve_gradient", "convolution_backward", "backward", "backprop", "grad_conv"),
    *("convolve_gradients", "conv_bwd"),
)


def source_of(
    name: str, arguments: str = "upstream, saved", dw: str = "dw", more: str = ""
) -> str:
    prelude = PRELUDE
    for old, new in OWN_NAMES.items():
        prelude = prelude.replace(old, new)
    lines = CONVOLVE.format(name=name, arguments=arguments, dw=dw)
    return prelude + lines.replace("    images, filters, step = saved", more or NOTHING)


NOTHING = "    images, filters, step = saved"


@in_turn(3)
@pytest.mark.parametrize("name", NAMES)
def test_a_backward_of_another_name_is_read(name: str, tmp_path: Path) -> None:
    path = tmp_path / "homework.py"
    path.write_text(source_of(name), encoding="utf-8")
    right = check_module(path, examples=2)
    path.write_text(source_of(name, dw="0 * dw"), encoding="utf-8")
    wrong = check_module(path, examples=2)

    assert right.ok, str(right)
    assert f"convolve, {name}: read as functions" in str(right)
    assert {v.law.name for v in wrong.verdicts if v.status == "broken"} >= {
        "dw equals the loops"
    }


UNKNOWN = "    images, filters, step = saved[plan.there]"


@in_turn(2)
@pytest.mark.parametrize("name", ["convolve_gradient", "backprop"])
def test_a_backward_that_no_call_fits_is_said_first_and_does_not_pass(
    name: str, tmp_path: Path
) -> None:
    source = source_of(name, "upstream, saved, plan, *, other", more=UNKNOWN)
    path = tmp_path / "homework.py"
    path.write_text(source, encoding="utf-8")

    report = check_module(path, examples=2)

    said = {verdict.law.name: verdict.status for verdict in report.verdicts}
    assert said["forward equals the loops"] == "holds"
    assert said["dw equals the loops"] == "not checked"
    assert not report.ok
    assert str(report).splitlines()[1] == (
        f"  not read: {name}, which looks like the backward of convolve: no way to "
        "call it was found; --adapter FILE.py says how"
    )


@in_turn(3)
def test_a_notebook_says_what_it_has_not_read(
    capsys: pytest.CaptureFixture[str],
) -> None:
    source = source_of("backprop", "upstream, saved, plan, *, other", more=UNKNOWN)
    names: dict[str, object] = {"__name__": "__main__"}
    exec(source, names)

    found = check_here(names, examples=2)

    assert "not read: backprop, which looks like" in capsys.readouterr().out
    assert not found.ok
    assert found.score < 1


BESIDE = """
def affine_backward(dout, cache): return dout


def forward(network, x): return x


def backward(network, dout): return dout


def numerical_gradient(f, x): return np.zeros(x.shape)
"""


@in_turn(3)
def test_the_backward_of_something_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "homework.py"
    path.write_text(source_of("convolve_backward") + BESIDE, encoding="utf-8")
    whole = check_module(path, examples=2)
    alone = source_of("convolve_backward").replace("def convolve_backward", "def _pull")
    path.write_text(alone + BESIDE, encoding="utf-8")
    forward = check_module(path, examples=2)

    assert whole.ok
    assert forward.ok
    assert "not read" not in str(whole) + str(forward)


def test_what_two_names_have_in_common_is_what_no_direction_says() -> None:
    assert stem("convolve") == stem("convolve_gradient") == stem("convolveGrad")
    assert stem("conv_fwd") == stem("conv_backprop") == stem("d_conv") == "conv"


def test_a_backward_may_be_that_of_any_forward_of_its_kind() -> None:
    def conv(x: object, w: object) -> None: ...

    def pool_max(x: object, size: object) -> None: ...

    def pooling_backward(dout: object, x: object) -> None: ...

    def d_relu(dout: object) -> None: ...

    found = backwards_in(dict(locals()))

    assert found == {"pooling_backward": ["pool_max"]}


@pytest.mark.parametrize(
    "name", ["conv1d", "Conv3DLayer", "conv_1d_forward", "conv3_d"]
)
def test_names_say_that_images_have_one_axis_or_three(name: str) -> None:
    assert OTHER_AXES.search(name)


@pytest.mark.parametrize("name", ["ConvLayer1Done", "conv1_data", "conv2d", "conv1"])
def test_other_words_after_a_number_are_no_axes(name: str) -> None:
    assert not OTHER_AXES.search(name)
