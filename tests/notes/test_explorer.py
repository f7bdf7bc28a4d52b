"""The explorer page counts as the package does, and can be used by everybody."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from im2col_cnn import (
    Window,
    conv_backward,
    conv_forward,
    conv_transpose_forward,
    im2col,
    max_pool_backward,
    max_pool_forward,
)
from tests.notes.explorer import MODES, PAGE, WITH_PLANES
from tests.notes.markdown import title_of

LOGIC = re.compile(r'<script id="logic">\n(.*?)</script>', re.DOTALL)
ASK = """
const cases = JSON.parse(require("fs").readFileSync(0, "utf8"));
const answer = ({ mode, axes, planes }) => {
  const wrong = problem(mode, axes, planes);
  if (wrong) return { wrong };
  const shown = numbers(mode, axes, planes);
  if (mode === "backward") {
    shown.sums = shown.x.map((_, n) => pixelSum(shown, n));
    shown.weights = shown.dw.map((_, n) => weightSum(shown, n));
  }
  return { ...shown, reads: reads(imageAxes(mode, axes)),
    formulas: axes.map((a) => formula(mode, a)), python: python(mode, axes, planes) };
};
process.stdout.write(JSON.stringify(cases.map(answer)));
"""
FIELDS = ["size", "kernel", "stride", "before", "after", "dilation"]


def random_cases(count: int) -> list[dict[str, Any]]:
    """Draw geometries, some of which have no place for their kernel."""
    rng = np.random.default_rng(0)
    highest = [11, 6, 6, 5, 5, 4]  # excluded
    lowest = [1, 1, 1, 0, 0, 1]
    return [
        {
            "mode": MODES[n % 4],
            "axes": [
                dict(zip(FIELDS, rng.integers(lowest, highest).tolist(), strict=True))
                for _ in range(2)
            ],
            "planes": dict(zip("CF", rng.integers(1, 4, 2).tolist(), strict=True))
            if MODES[n % 4] in WITH_PLANES
            else {},
        }
        for n in range(count)
    ]


@pytest.fixture(scope="module")
def answers() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Ask the page's own script about eight hundred geometries, under node."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs node")
    cases = random_cases(800)
    found = LOGIC.search(PAGE.read_text(encoding="utf-8"))
    assert found is not None
    done = subprocess.run(
        [node, "-e", found[1] + ASK],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        check=True,
    )
    return list(zip(cases, json.loads(done.stdout), strict=True))


def settings(axes: list[dict[str, int]]) -> dict[str, Any]:
    """Return the settings of a geometry as the package takes them."""
    return {
        "stride": tuple(axis["stride"] for axis in axes),
        "padding": tuple((axis["before"], axis["after"]) for axis in axes),
        "dilation": tuple(axis["dilation"] for axis in axes),
    }


def sizes(axes: list[dict[str, int]], name: str = "size") -> tuple[int, ...]:
    """Return one setting along both axes."""
    return tuple(axis[name] for axis in axes)


Answers = list[tuple[dict[str, Any], dict[str, Any]]]


def of_mode(answers: Answers, *modes: str) -> Iterator[tuple[Any, Any]]:
    """Pick the geometries of a mode that have an answer."""
    for case, answer in answers:
        if case["mode"] in modes and "wrong" not in answer:
            yield case["axes"], answer


def test_it_refuses_what_the_package_refuses_in_the_same_words(
    answers: Answers,
) -> None:
    refused = 0
    for case, answer in answers:
        reason = refusal(case["mode"], case["axes"])
        refused += bool(reason)

        assert bool(reason) == ("wrong" in answer)
        assert reason.startswith(answer.get("wrong", ""))
    assert 0 < refused < 500


def refusal(mode: str, axes: list[dict[str, int]]) -> str:
    """Return why the package refuses a geometry, or nothing."""
    kernel = sizes(axes, "kernel")
    try:
        if mode == "transposed":
            x, w = np.ones((1, *sizes(axes), 1)), np.ones((*kernel, 1, 1))
            conv_transpose_forward(x, w, **settings(axes))
        elif mode == "max":
            max_pool_forward(np.ones((1, *sizes(axes), 1)), kernel, **settings(axes))
        else:
            Window(sizes(axes), kernel, **settings(axes))
    except ValueError as error:
        return str(error)
    return ""


def test_it_counts_windows_reads_and_unread_pixels(answers: Answers) -> None:
    for _, answer in of_mode(answers, *MODES):
        image = answer["axes"]
        window = Window(sizes(image), sizes(image, "kernel"), **settings(image))

        assert tuple(answer["stops"]) == window.output_size
        assert answer["counts"] == window.coverage().ravel().tolist()
        assert answer["counts"].count(0) == window.unread


def test_it_fills_in_the_size_formula_of_the_package(answers: Answers) -> None:
    for axes, answer in of_mode(answers, "forward", "backward", "max"):
        window = Window(sizes(axes), sizes(axes, "kernel"), **settings(axes))

        assert answer["formulas"] == [
            f"{axis.formula} = {axis.output_size}" for axis in window.axes
        ]


def test_the_formula_of_a_transposed_convolution_gives_its_size(
    answers: Answers,
) -> None:
    for _, answer in of_mode(answers, "transposed"):
        for formula, axis in zip(answer["formulas"], answer["axes"], strict=True):
            left, _, right = formula.partition(" = ")
            assert eval(left) == int(right) == axis["size"]


def test_it_unfolds_and_convolves_as_the_package_does(answers: Answers) -> None:
    for axes, answer in of_mode(answers, "forward"):
        H, W = sizes(axes)
        C, F = answer["C"], answer["F"]
        i, j, c = np.ogrid[:H, :W, :C]
        x = (100 * c + 10 * i + j).reshape(1, H, W, C)
        kernel = sizes(axes, "kernel")
        w = np.array(answer["w"]).reshape(*kernel, C, F)

        assert answer["x"] == x.ravel().tolist()
        assert answer["columns"] == im2col(x, kernel, **settings(axes)).tolist()
        assert answer["y"] == conv_forward(x, w, **settings(axes))[0].ravel().tolist()


def test_it_folds_as_the_package_does(answers: Answers) -> None:
    for axes, answer in of_mode(answers, "backward"):
        kernel = sizes(axes, "kernel")
        C, F = answer["C"], answer["F"]
        w = np.array(answer["w"]).reshape(*kernel, C, F)
        H, W = sizes(axes)
        i, j, c = np.ogrid[:H, :W, :C]
        x = (100 * c + 10 * i + j).reshape(1, H, W, C)
        _, cache = conv_forward(x, w, **settings(axes))
        dy = np.array(answer["y"]).reshape(1, *answer["stops"], F)
        dx, dw, _ = conv_backward(dy, cache)

        assert answer["x"] == dx.ravel().tolist()
        assert answer["dw"] == dw.ravel().tolist()


def test_it_writes_gradients_as_sums_that_are_right(answers: Answers) -> None:
    for axes, answer in of_mode(answers, "backward"):
        window = Window(sizes(axes), sizes(axes, "kernel"), **settings(axes))
        C, F = answer["C"], answer["F"]
        counts = window.coverage().ravel()
        for name in "sums", "weights":
            for n, line in enumerate(answer[name]):
                left, _, right = line.partition(" = ")
                terms = counts[n // C] * F if name == "sums" else len(answer["y"]) // F
                wanted = max(terms, 1)
                assert len(left.split(" + ")) == wanted
                assert eval(left.replace("\u00b7", "*")) == int(right)


def test_it_pools_as_the_package_does(answers: Answers) -> None:
    for axes, answer in of_mode(answers, "max"):
        x = np.array(answer["x"]).reshape(1, *sizes(axes), 1)
        y, cache = max_pool_forward(x, sizes(axes, "kernel"), **settings(axes))
        dx = max_pool_backward(np.array(answer["dy"]).reshape(y.shape), cache)

        assert answer["y"] == y.ravel().tolist()
        assert answer["dx"] == dx.ravel().tolist()


def test_it_paints_as_the_package_does(answers: Answers) -> None:
    for axes, answer in of_mode(answers, "transposed"):
        w = np.array(answer["w"]).reshape(*sizes(axes, "kernel"), 1, 1)
        x = np.array(answer["y"]).reshape(1, *sizes(axes), 1)
        y, _ = conv_transpose_forward(x, w, **settings(axes))

        assert answer["x"] == y.ravel().tolist()


def test_the_lines_to_paste_give_the_numbers_of_the_page(answers: Answers) -> None:
    results = {"forward": ("y", "y"), "backward": ("dx", "x")}
    results |= {"transposed": ("y", "x"), "max": ("dx", "dx")}
    for case, answer in answers:
        if "wrong" not in answer:
            names: dict[str, Any] = {}
            exec(answer["python"], names)
            result, shown = results[case["mode"]]
            assert names[result].ravel().tolist() == answer[shown], answer["python"]


def test_the_page_is_whole_and_needs_no_network() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert "http" not in page
    assert not re.search(r"\b(src|import|url)\b\s*[=(]", page)
    assert len(page) < 36_000


def test_the_page_leads_to_pages_that_there_are() -> None:
    pages = re.findall(r'page: \["(.+?)", "(.+?)"\]', PAGE.read_text(encoding="utf-8"))

    assert len(pages) == len(MODES)
    for title, name in pages:
        assert title_of(PAGE.parent / name) == title
