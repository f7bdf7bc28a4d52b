"""The pictures move, follow light and dark, and keep their words on the paper."""

from collections.abc import Iterator
from time import sleep
from typing import Any

import pytest

from tests.notes.browser import chromium, use
from tests.notes.pictures import FOLDER, GALLERY


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Start a browser whose user asked for less motion."""
    with chromium("--force-prefers-reduced-motion") as page:
        yield page


def look(browser: Any, name: str, place: str = "") -> bytes:
    """Return the pixels of a picture as an ``<img>`` shows it."""
    browser.get("about:blank")
    browser.get((FOLDER / "README.md").as_uri())
    script = """
        const img = new Image(), done = arguments[1];
        img.onload = () => done(img.naturalWidth);
        img.onerror = () => done(0);
        img.src = arguments[0];
        document.body.replaceChildren(img);
    """
    width = browser.execute_async_script(
        script, (FOLDER / f"{name}.svg").as_uri() + place
    )
    assert width > 0
    return screenshot(browser)


@pytest.mark.browser
def test_a_picture_moves_inside_a_page_unless_asked_not_to(browser: Any) -> None:
    look(browser, "coverage")
    assert len(watched(browser)) == 1

    with chromium() as other:
        look(other, "coverage")
        assert len(watched(other)) > 1


@pytest.mark.browser
def test_a_picture_whose_address_says_so_stands_still_at_its_end(browser: Any) -> None:
    end = look(browser, "coverage")

    with chromium() as other:
        assert look(other, "coverage", "#still") == end
        assert watched(other) == {end}


@pytest.mark.browser
@pytest.mark.parametrize("name", ["im2col", "coverage", "memory"])
def test_a_picture_follows_light_and_dark(browser: Any, name: str) -> None:
    use(browser)
    light = look(browser, name)
    use(browser, dark=True)

    assert look(browser, name) != light


MUSEUM = [f"museum/{path.stem}" for path in sorted((FOLDER / "museum").glob("*.svg"))]


@pytest.mark.browser
@pytest.mark.parametrize("name", [*sorted(GALLERY), *MUSEUM])
def test_no_word_leaves_the_paper(browser: Any, name: str) -> None:
    browser.get((FOLDER / f"{name}.svg").as_uri())
    outside = browser.execute_script("""
        const paper = document.querySelector(".paper").getBBox();
        return [...document.querySelectorAll("text")].filter((text) => {
          if (!text.textContent) return false;
          const box = text.getBBox();
          return box.x < 8 || box.x + box.width > paper.width - 8
            || box.y < 8 || box.y + box.height > paper.height - 8;
        }).map((text) => text.textContent);
    """)

    assert outside == []


@pytest.mark.browser
@pytest.mark.parametrize("name", [*sorted(GALLERY), *MUSEUM])
def test_words_can_be_read_on_a_phone(browser: Any, name: str) -> None:
    browser.get((FOLDER / f"{name}.svg").as_uri())
    smallest = browser.execute_script(
        """
        const wide = document.documentElement.viewBox.baseVal.width;
        const words = arguments[0] ? "text:not(.number)" : "text";  // 0.333333 is small
        const texts = [...document.querySelectorAll(words)].filter((t) => t.innerHTML);
        const sizes = texts.map((t) => parseFloat(getComputedStyle(t).fontSize));
        return Math.min(...sizes) * Math.min(1, 328 / wide);
    """,
        name in MUSEUM,
    )

    assert smallest >= 11.5


def screenshot(browser: Any) -> bytes:
    """Return the pixels of the picture that is open."""
    return bytes(browser.find_element("css selector", "img").screenshot_as_png)


def watched(browser: Any) -> set[bytes]:
    """Return all that the picture looks like within two of its frames."""
    looks = set()
    for _ in range(3):
        looks.add(screenshot(browser))
        sleep(0.4)
    return looks
