"""Nothing passes on nothing, and what is there counts for what it is."""

from pathlib import Path

import pytest

from im2col_cnn.testing import HomeworkError, check_module
from im2col_cnn.testing.grading.reading import choose
from im2col_cnn.testing.grading.report import Report
from im2col_cnn.testing.isolation.loader import load
from tests.profile import in_turn
from tests.testing.families import PRELUDE, source_of


def checked(folder: Path, source: str, examples: int = 3) -> Report:
    path = folder / "layers.py"
    path.write_text(source, encoding="utf-8")
    return check_module(path, examples=examples)


def statuses(report: Report, law: str) -> list[str]:
    return [v.status for v in report.verdicts if v.law.name == law]


NONSENSE = "def im2col(input_data, filter_h, filter_w, stride=1, pad=0): return 42\n"
NOT_CALLED = "def max_pool_backward(dy, cache): return 1\n"


@in_turn(2)
def test_nonsense_of_another_signature_does_not_pass(tmp_path: Path) -> None:
    assert not checked(tmp_path, NONSENSE).ok


def test_where_nothing_can_be_checked_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(HomeworkError, match="it defines max_pool_backward"):
        checked(tmp_path, NOT_CALLED)


def test_python_2_is_said_to_be_python_2(tmp_path: Path) -> None:
    with pytest.raises(HomeworkError, match=r"layers.py:2: is Python 2"):
        checked(tmp_path, "def f():\n    print 'no'\n")


def test_a_line_that_begins_with_percent_is_python(tmp_path: Path) -> None:
    source = "import numpy as np\ndef create_mask_from_window(x):\n    t = ('%s'\n"
    report = checked(tmp_path, f"{source}      % 1)\n    return x == np.max(x)\n")

    assert report.ok


HALF = """
import numpy as np


def pool_forward(A_prev, hparameters, mode="max"):
    f, s = hparameters["f"], hparameters["stride"]
    view = np.lib.stride_tricks.sliding_window_view(A_prev, (f, f), (1, 2))
    view = view[:, ::s, ::s]
    A = view.max((-1, -2)) if mode == "max" else view.mean((-1, -2))
    return A, (A_prev, hparameters)


def pool_backward(dA, cache, mode="max"):
    (A_prev, hparameters) = None
    dA_prev = None
    return dA_prev
"""


@in_turn(2)
def test_forward_counts_where_backward_is_not_written(tmp_path: Path) -> None:
    report = checked(tmp_path, HALF)

    assert not report.ok
    assert statuses(report, "forward equals the loops") == ["holds", "holds"]
    assert statuses(report, "dx equals the loops") == ["not written"] * 2
    assert {v.status for v in report.verdicts} == {"holds", "not written"}
    assert "pool_backward is not written yet" in str(report)


@in_turn(3)
def test_a_crash_breaks_the_laws_of_its_part_only(tmp_path: Path) -> None:
    half = HALF.replace("(A_prev, hparameters) = None", "return dA_prev_pad")

    report = checked(tmp_path, half)

    assert statuses(report, "memory layout does not matter") == ["holds", "holds"]
    assert statuses(report, "arguments are left alone") == ["holds", "holds"]
    assert statuses(report, "dx equals the loops") == ["broken", "broken"]


CRASHING = """
import numpy as np

def conv_forward_naive(x, w, b, conv_param):
    out = np.zeros(len(x) / 2)
    cache = CACHE
    return out, cache

def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    return np.zeros(x.shape), np.zeros(w.shape), dout.sum((0, 2, 3))
"""


@in_turn(2)
@pytest.mark.parametrize("cache", ["(x, w, b, conv_param)", "(out, w, b, conv_param)"])
def test_a_forward_that_crashes_hides_no_backward_that_needs_its_arguments_alone(
    tmp_path: Path, cache: str
) -> None:
    report = checked(tmp_path, CRASHING.replace("CACHE", cache), examples=9)

    found = [
        statuses(report, f"{array} equals the loops")[0] for array in ("dx", "dw", "db")
    ]
    assert statuses(report, "forward equals the loops") == ["broken"]
    known = ["broken", "broken", "holds"]
    assert found == (known if "x, w" in cache else ["not checked"] * 3)


def test_a_module_inside_another_is_lent_under_its_own_name(tmp_path: Path) -> None:
    path = tmp_path / "layers.py"
    path.write_text("import scipy.signal as sg\n", encoding="utf-8")

    assert load(path).names["sg"].correlate2d


def test_the_report_says_how_a_file_was_read(tmp_path: Path) -> None:
    report = checked(tmp_path, source_of("gatech"), examples=1)

    assert (
        "Conv2D: read as gatech, x (N, C, H, W), w (F, C, KH, KW), "
        "gradients in .dx, .dw, .db"
    ) in report.remarks


def test_functions_of_no_course_need_no_names_of_others(tmp_path: Path) -> None:
    report = checked(tmp_path, source_of("functions"), examples=1)

    assert report.dialect == "functions"
    assert not [remark for remark in report.remarks if "not there" in remark]


PLAIN = """
import numpy as np


def conv_forward(x, w, b, stride=1, padding=0):
    if not isinstance(stride, int) or not isinstance(padding, int):
        raise TypeError("stride and padding are ints")
    p = padding
    x = np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)))
    view = np.lib.stride_tricks.sliding_window_view(x, w.shape[:2], (1, 2))
    return np.einsum("nijcyx,yxcf->nijf", view[:, ::stride, ::stride], w) + b, None
"""


def test_as_many_arguments_do_not_make_a_course(tmp_path: Path) -> None:
    report = checked(tmp_path, PLAIN)  # Holberton's have five, and two more by default

    assert report.dialect == "native"
    assert report.ok, str(report)


def test_of_no_readings_none_is_chosen() -> None:
    assert choose([]) == ([], [])


SWAPPED = """
import numpy as np


def conv_forward(A_prev, W, b, hparameters):
    s, p = hparameters["stride"], hparameters["pad"]
    m, n_H, n_W, _ = A_prev.shape
    f, _, _, n_C = W.shape
    padded = np.pad(A_prev, ((0, 0), (p, p), (p, p), (0, 0)))
    Z = np.zeros((m, (n_H - f + 2 * p) // s + 1, (n_W - f + 2 * p) // s + 1, n_C))
    for i, h, w, c in np.ndindex(Z.shape):
        patch = padded[i, w * s : w * s + f, h * s : h * s + f]
        Z[i, h, w, c] = np.sum(patch * W[..., c]) + b[0, 0, 0, c]
    return Z, (A_prev, W, b, hparameters)
"""


@in_turn(6)
def test_a_function_of_a_course_is_read_as_the_course_bug_and_all(
    tmp_path: Path,
) -> None:
    report = checked(tmp_path, SWAPPED)

    assert report.dialect == "coursera"
    assert not report.ok


FUNCTIONS = PRELUDE.replace("convolve", "multiplied").replace("pool", "reduced")
CRASHES = """
def conv_forward(x, w, b):
    p = w.shape[2] // 2
    return multiplied(x, w, b, 1, 1, p, p), (x, w, b)


def max_pool_forward(x, shape=[2, 2], stride=2):
    heigt, width = shape
    return reduced(x, height, width, stride, stride), x
"""


def test_a_function_that_crashes_in_every_call_does_not_pass(tmp_path: Path) -> None:
    report = checked(tmp_path, FUNCTIONS + CRASHES)

    assert not report.ok
    assert "max_pool_forward: a name is used that nothing has set" in str(report)
    assert statuses(report, "forward equals the loops") == ["holds", "broken"]


def test_a_method_outside_its_class_is_a_wrong_one(tmp_path: Path) -> None:
    inside, method = "    def backward(self, dout):", "def backward(self, dout):"
    source = source_of("saitoh")
    pool_of = source.index("class Pooling")
    source = source[:pool_of] + source[pool_of:].replace(inside, method)

    report = checked(tmp_path, source)

    assert not report.ok
    line = source[:pool_of].count("\n") + source[pool_of:].split(method)[0].count("\n")
    words = f"backward(self, dout), line {line + 1}, stands outside any class: indented"
    assert f"\n  {words} too little?" in str(report)
    assert f"has no attribute 'backward': {words}" in str(report)
    assert "broken" in statuses(report, "dx equals the loops")


def test_a_function_of_self_that_is_used_as_one_is_no_method(tmp_path: Path) -> None:
    source = source_of("saitoh", "class Pooling", CALLED_WITH_SELF + "class Pooling")
    source = source.replace("return convolve(x, self.W", "return seen(self, x, self.W")

    report = checked(tmp_path, source)

    assert report.ok, str(report)
    assert "stands outside" not in str(report)


CALLED_WITH_SELF = """
def seen(self, x, w, *more):
    return convolve(x, w, *more)


"""


RAISES = """import numpy as np
from net.layer import Layer

class Conv(Layer):
    def __init__(self, filters, kernel_size): self.filters = filters
    def forward(self, input):
        return float([self.filters]) + self.kernels
"""


@pytest.mark.parametrize("name", ["Conv", "ConvOfMine"])
def test_of_what_cannot_be_called_it_is_said_what_it_raised_and_where(
    name: str, tmp_path: Path
) -> None:
    said = rf"; {name}.forward raised TypeError: .*\(layers.py, line 7\).*Layer could "

    with pytest.raises(HomeworkError, match=said):
        checked(tmp_path, RAISES.replace("Conv(", f"{name}("))


def test_of_a_layer_that_cannot_be_made_it_is_said_what_it_wants(
    tmp_path: Path,
) -> None:
    source = RAISES.replace("self, filters", "self, secret, filters")

    with pytest.raises(
        HomeworkError, match=r"what Conv\(secret, filters, kernel_size\)"
    ):
        checked(tmp_path, source)
