"""The explorer page can be used by everybody: with keys alone, on any screen."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from im2col_cnn import conv_backward, conv_forward
from tests.notes.browser import chromium, use, wait_until
from tests.notes.explorer import MODES, PAGE, WITH_PLANES


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
    type_into(page, f"#{axis} input[data-name={name}]", value)


def type_into(page: Any, field: str, value: str) -> None:
    """Type into a field what it is to hold."""
    found(page, field).send_keys(
        "\ue009a\ue000", "\ue003", value
    )  # select all, delete, type


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
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [360, 1280])
def test_it_fits_every_screen(page: Any, width: int, dark: bool) -> None:
    use(page, width=width, dark=dark)
    for mode in MODES:
        page.get(
            f"{PAGE.as_uri()}#mode={mode}&planes=3,3&rows=10,5,1,4,4,1&columns=9,5,1,4,4,1"
        )

        style = "return getComputedStyle(document.body).backgroundColor"
        paper = "rgb(13, 17, 23)" if dark else "rgb(255, 255, 255)"
        assert page.execute_script(style) == paper
        wide = page.execute_script("return document.documentElement.scrollWidth")
        assert wide <= width
        assert found(page, f"input[value={mode}]").is_selected()
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
def test_a_click_pins_the_window_and_another_lets_it_go(page: Any) -> None:
    fourth, first = (
        found(page, f"[data-panel=output] [data-row='{n}']") for n in (4, 0)
    )
    over = "arguments[0].dispatchEvent(new MouseEvent('mouseover', {bubbles: true}))"
    fourth.click()
    page.execute_script(over, first)
    assert found(page, "#where").text == "window 1,1 (5 of 6), pinned"

    fourth.click()
    page.execute_script(over, first)
    assert found(page, "#where").text == "window 0,0 (1 of 6)"


@pytest.mark.browser
def test_a_pixel_and_a_weight_say_what_they_get_as_a_sum(page: Any) -> None:
    found(page, "input[value=backward]").click()
    found(page, "[data-panel=image] [data-pixel='5']").click()
    said = found(page, "#said").text
    assert said.endswith("it gets 4\u00b71 + 3\u00b72 + 2\u00b74 + 1\u00b75 = 23")

    found(page, "[data-panel=dw] [data-tap='1']").click()
    line = "dw[0,1] = 1*1 + 2*2 + 3*3 + 11*4 + 12*5 + 13*6 = 196"
    assert found(page, "#said").text.endswith(line.replace("*", "\u00b7"))


@pytest.mark.browser
def test_a_pixel_sums_over_filters_and_a_weight_knows_its_channel(page: Any) -> None:
    address = "#mode=backward&rows=3,2,1,0,0,1&columns=4,2,1,0,0,1&planes=2,3"
    page.get(f"{PAGE.as_uri()}{address}")
    assert page.current_url.endswith(address)
    assert len(page.find_elements("css selector", "[data-panel=kernel] table")) == 6

    found(page, "[data-panel=image] [data-pixel='1']").click()  # pixel 0,0, channel 1
    line = "of channel 1, and it gets 4*1 + 5*2 + 6*3 = 32"
    assert found(page, "#said").text.endswith(line.replace("*", "\u00b7"))

    found(page, "[data-panel=dw] [data-tap='4']").click()
    terms = "100*2 + 101*5 + 102*8 + 110*11 + 111*14 + 112*17 = 6189"
    assert found(page, "#said").text.endswith(
        f"dw[0,0,1,1] = {terms}".replace("*", "\u00b7")
    )


@pytest.mark.browser
def test_channels_are_asked_for_only_where_there_are_some(page: Any) -> None:
    for mode in MODES:
        found(page, f"input[value={mode}]").click()
        assert found(page, "#planes").is_displayed() == (mode in WITH_PLANES)
    found(page, "input[value=forward]").click()
    type_into(page, "[data-plane=C]", "0")
    assert found(page, "#problem").text == "channels must be a whole number from 1 to 3"


@pytest.mark.browser
def test_a_tie_says_what_each_rule_gives(page: Any) -> None:
    page.get(f"{PAGE.as_uri()}#mode=max&rows=3,2,1,0,0,1&columns=4,2,1,0,0,1")
    found(page, "[data-panel=output] [data-row='4']").click()

    assert found(page, "#said").text.endswith(
        "at 2 pixels: the first gets dy = 5; split, each gets 2.5; the mask x == max "
        "gives 5 to each, 10 in all"
    )


@pytest.mark.browser
def test_no_text_is_smaller_than_12_pixels_on_a_phone(page: Any) -> None:
    use(page, width=360)
    sizes = (
        "return [...document.querySelectorAll('body *')].filter(e => e.offsetParent)"
        ".map(e => parseFloat(getComputedStyle(e).fontSize))"
    )
    for mode in MODES:
        page.get(
            f"{PAGE.as_uri()}#mode={mode}&planes=2,2&rows=5,3,1,1,1,1&columns=4,2,1,1,1,1"
        )
        assert min(page.execute_script(sizes)) >= 12


@pytest.mark.browser
def test_going_backward_shows_the_sums_so_far(page: Any) -> None:
    found(page, "input[value=backward]").click()
    first = cells(page, "image")
    tab_to(page, "[data-panel=image] .scroll")
    page.switch_to.active_element.send_keys("\ue010")

    x = np.zeros((1, 3, 4, 1), int)
    w = np.arange(1, 5).reshape(2, 2, 1, 1)
    dx, _, _ = conv_backward(np.arange(1, 7).reshape(1, 2, 3, 1), conv_forward(x, w)[1])
    assert first == ["1", "2", "0", "0", "3", "4", "0", "0", "0", "0", "0", "0"]
    assert cells(page, "image") == [str(entry) for entry in dx.ravel()]


@pytest.mark.browser
def test_its_examples_are_questions_that_keys_can_ask(page: Any) -> None:
    tab_to(page, "#examples button")
    page.switch_to.active_element.send_keys("\ue007")  # Enter

    assert found(page, "input[value=backward]").is_selected()
    addresses = set()
    for example in page.find_elements("css selector", "#examples button"):
        example.click()
        addresses.add(page.current_url)
        assert example.text.endswith("?")
        assert found(page, "#problem").text == ""
        assert found(page, "#where").text.startswith("window 0,0")
    assert len(addresses) == 7


@pytest.mark.browser
def test_it_walks_by_itself_until_the_last_window(page: Any) -> None:
    set_number(page, "rows", "kernel", "3")
    set_number(page, "columns", "kernel", "3")
    play = found(page, "#play")
    play.click()
    assert play.text == "stop"

    wait_until(lambda: found(page, "#where").text == "window 0,1 (2 of 2)")
    wait_until(lambda: play.text == "play")


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
