"""The explorer page counts as the package does, and can be used by everybody."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from im2col_cnn import (
    Window,
    conv_backward,
    conv_forward,
    conv_transpose_forward,
    im2col,
)
from tests.browser import chromium, use

PAGE = Path(__file__).parents[1] / "notes" / "explorer.html"
LOGIC = re.compile(r'<script id="logic">\n(.*?)</script>', re.DOTALL)
ASK = """
const cases = JSON.parse(require("fs").readFileSync(0, "utf8"));
const answer = ({ mode, axes }) => {
  const wrong = problem(mode, axes);
  if (wrong) return { wrong };
  return { ...numbers(mode, axes), reads: reads(imageAxes(mode, axes)),
    formulas: axes.map((a) => formula(mode, a)), python: python(mode, axes) };
};
process.stdout.write(JSON.stringify(cases.map(answer)));
"""
MODES = ["forward", "backward", "transposed"]
FIELDS = ["size", "kernel", "stride", "before", "after", "dilation"]


def random_cases(count: int) -> list[dict[str, Any]]:
    """Draw geometries, some of which have no place for their kernel."""
    rng = np.random.default_rng(0)
    highest = [11, 6, 6, 5, 5, 4]  # excluded
    lowest = [1, 1, 1, 0, 0, 1]
    return [
        {
            "mode": MODES[n % 3],
            "axes": [
                dict(zip(FIELDS, rng.integers(lowest, highest).tolist(), strict=True))
                for _ in range(2)
            ],
        }
        for n in range(count)
    ]


@pytest.fixture(scope="module")
def answers() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Ask the page's own script about six hundred geometries, under node."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs node")
    cases = random_cases(600)
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
        axes = case["axes"]
        try:
            if case["mode"] == "transposed":
                w = np.ones((*sizes(axes, "kernel"), 1, 1))
                x = np.ones((1, *sizes(axes), 1))
                conv_transpose_forward(x, w, **settings(axes))
            else:
                Window(sizes(axes), sizes(axes, "kernel"), **settings(axes))
        except ValueError as error:
            refused += 1
            assert answer == {"wrong": str(error)}
        else:
            assert "wrong" not in answer
    assert 0 < refused < 300


def test_it_counts_windows_reads_and_unread_pixels(answers: Answers) -> None:
    for _, answer in of_mode(answers, *MODES):
        image = answer["axes"]
        window = Window(sizes(image), sizes(image, "kernel"), **settings(image))

        assert tuple(answer["stops"]) == window.output_size
        assert answer["counts"] == window.coverage().ravel().tolist()
        assert answer["counts"].count(0) == window.unread


def test_it_fills_in_the_size_formula_of_the_package(answers: Answers) -> None:
    for axes, answer in of_mode(answers, "forward", "backward"):
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
        i, j = np.ogrid[:H, :W]
        x = (10 * i + j).reshape(1, H, W, 1)
        kernel = sizes(axes, "kernel")
        w = np.arange(1, np.prod(kernel) + 1).reshape(*kernel, 1, 1)

        assert answer["x"] == x.ravel().tolist()
        assert answer["columns"] == im2col(x, kernel, **settings(axes)).tolist()
        assert answer["y"] == conv_forward(x, w, **settings(axes))[0].ravel().tolist()


def test_it_folds_as_the_package_does(answers: Answers) -> None:
    for axes, answer in of_mode(answers, "backward"):
        kernel = sizes(axes, "kernel")
        w = np.array(answer["w"]).reshape(*kernel, 1, 1)
        x = np.zeros((1, *sizes(axes), 1), int)
        _, cache = conv_forward(x, w, **settings(axes))
        dy = np.array(answer["y"]).reshape(1, *answer["stops"], 1)
        dx, _, _ = conv_backward(dy, cache)

        assert dx is not None
        assert answer["x"] == dx.ravel().tolist()


def test_it_paints_as_the_package_does(answers: Answers) -> None:
    for axes, answer in of_mode(answers, "transposed"):
        w = np.array(answer["w"]).reshape(*sizes(axes, "kernel"), 1, 1)
        x = np.array(answer["y"]).reshape(1, *sizes(axes), 1)
        y, _ = conv_transpose_forward(x, w, **settings(axes))

        assert answer["x"] == y.ravel().tolist()


def test_the_lines_to_paste_give_the_numbers_of_the_page(answers: Answers) -> None:
    results = {"forward": ("y", "y"), "backward": ("dx", "x"), "transposed": ("y", "x")}
    for case, answer in answers:
        if "wrong" not in answer:
            names: dict[str, Any] = {}
            exec(answer["python"], names)
            result, shown = results[case["mode"]]
            assert names[result].ravel().tolist() == answer[shown], answer["python"]


def test_the_page_is_whole_and_needs_no_network() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert "http" not in page
    assert not re.search(r"\b(src|href|import|url)\b\s*[=(]", page)
    assert len(page) < 30_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Start one browser for all tests of the page."""
    with chromium() as page:
        yield page


@pytest.fixture
def page(browser: Any) -> Any:
    """Open the page anew."""
    use(browser)
    browser.get("about:blank")
    browser.get(PAGE.as_uri())
    return browser


def found(page: Any, selector: str) -> Any:
    """Return the first element that matches."""
    return page.find_element("css selector", selector)


def set_number(page: Any, axis: str, name: str, value: str) -> None:
    """Type a number into a field, as a user does."""
    field = found(page, f"#{axis} input[data-name={name}]")
    field.send_keys("\ue009a\ue000", "\ue003", value)  # select all, delete, type


def cells(page: Any, panel: str, selector: str = "td") -> list[str]:
    """Read the cells of a panel."""
    script = (
        "return [...document.querySelectorAll(arguments[0])].map(e => e.textContent)"
    )
    texts = page.execute_script(script, f"[data-panel={panel}] {selector}")
    return [str(text) for text in texts]


def tab_to(page: Any, wanted: str) -> None:
    """Press Tab until the element that `wanted` selects has the focus."""
    for _ in range(60):
        page.switch_to.active_element.send_keys("\ue004")
        if page.execute_script(f"return document.activeElement.matches('{wanted}')"):
            return
    raise AssertionError(f"Tab never gets to {wanted}")


@pytest.mark.browser
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [360, 1280])
def test_it_fits_every_screen(page: Any, width: int, dark: bool, mode: str) -> None:
    use(page, width=width, dark=dark)
    page.get(f"{PAGE.as_uri()}#mode={mode}&rows=10,5,1,4,4,1&columns=10,5,1,4,4,1")

    page.refresh()

    wide = page.execute_script("return document.documentElement.scrollWidth")
    back = page.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert wide == width
    assert back == ("rgb(13, 17, 23)" if dark else "rgb(255, 255, 255)")
    assert page.get_log("browser") == []


@pytest.mark.browser
def test_it_can_be_walked_with_the_keyboard_alone(page: Any) -> None:
    tab_to(page, "[data-panel=image] .scroll")
    width = page.execute_script(
        "return getComputedStyle(document.activeElement).outlineWidth"
    )
    assert width == "3px"  # the focus is seen

    page.switch_to.active_element.send_keys("\ue014\ue015")  # right, down

    assert cells(page, "columns", "td.on") == ["11", "12", "21", "22"]
    assert cells(page, "image", "td.on") == ["11", "12", "21", "22"]
    assert cells(page, "patch") == ["11", "12", "21", "22"]
    assert found(page, "#said").get_attribute("aria-live") == "polite"
    line = "y[1,1] = 11\u00b71 + 12\u00b72 + 21\u00b73 + 22\u00b74 = 186"
    assert found(page, "#said").text == line
    page.switch_to.active_element.send_keys("\ue010")  # End
    assert found(page, "#where").text == "window 1,2 (6 of 6)"

    tab_to(page, "[data-panel=counts] .scroll")
    page.switch_to.active_element.send_keys("\ue011\ue015")  # Home, down
    assert "2 windows read pixel 1,0" in found(page, "#said").text
    assert cells(page, "columns", "td.mark") == ["10", "10"]


@pytest.mark.browser
def test_pointing_at_a_row_moves_the_window(page: Any) -> None:
    row = found(page, "[data-panel=columns] [data-row='4']")
    page.execute_script(
        "arguments[0].dispatchEvent(new MouseEvent('mouseover', {bubbles: true}))", row
    )

    assert found(page, "#where").text == "window 1,1 (5 of 6)"


@pytest.mark.browser
def test_going_backward_shows_the_sums_so_far(page: Any) -> None:
    found(page, "input[value=backward]").click()
    first = cells(page, "image")
    tab_to(page, "[data-panel=image] .scroll")
    page.switch_to.active_element.send_keys("\ue010")

    x = np.zeros((1, 3, 4, 1), int)
    w = np.arange(1, 5).reshape(2, 2, 1, 1)
    dx, _, _ = conv_backward(np.arange(1, 7).reshape(1, 2, 3, 1), conv_forward(x, w)[1])
    assert dx is not None
    assert first == ["1", "2", "0", "0", "3", "4", "0", "0", "0", "0", "0", "0"]
    assert cells(page, "image") == [str(entry) for entry in dx.ravel()]


@pytest.mark.browser
def test_a_kernel_that_does_not_fit_gets_a_message(page: Any) -> None:
    set_number(page, "rows", "kernel", "5")

    message = found(page, "#problem")
    assert message.text == (
        "a 5x2 kernel does not fit in a 3x4 image padded to 3x4: shrink the kernel or "
        "add padding"
    )
    assert message.get_attribute("role") == "alert"
    assert not found(page, "#result").is_displayed()

    set_number(page, "rows", "kernel", "")
    assert message.text == "kernel must be a whole number from 1 to 5"

    set_number(page, "rows", "kernel", "3")
    assert not message.is_displayed()
    assert cells(page, "columns", "td.on") == ["0", "1", "10", "11", "20", "21"]


@pytest.mark.browser
def test_every_control_has_a_name(page: Any) -> None:
    for control in page.find_elements("css selector", "input, button, [tabindex]"):
        assert control.accessible_name


@pytest.mark.browser
def test_an_address_carries_a_geometry(page: Any) -> None:
    set_number(page, "columns", "stride", "2")
    address = page.current_url

    page.get("about:blank")
    page.get(address)

    assert found(page, "#formula").text.splitlines()[1] == (
        "columns: (4 + 0 + 0 - 2) // 2 + 1 = 2"
    )
