"""The site holds together, and reads well on any screen, by day and in the dark."""

import functools
import http.server
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.notes.browser import chromium, use, wait_until
from tests.notes.site import build, dead_links, for_site, searched

PAGES = [
    "index",
    "start",
    "01-convolution",
    "05-backward",
    "06-col2im",
    "13-memory",
    "exercises/6-pixel-gradient",
    "files",
    "notebook",
    "notebook.zh",
    "questions",
    "max-pool.zh",
    "museum",
    "reference/im2col_cnn/index",
    "reference/im2col_cnn/conv_forward",
]
SEEN = """
const prose = document.querySelector('article').cloneNode(true);
prose.querySelectorAll('pre, code, math').forEach(each => each.remove());
return {
    text: prose.textContent,
    formulas: [...document.querySelectorAll('math')].map(each => each.clientWidth
        || each.getBoundingClientRect().width),
    pictures: [...document.images].map(each => each.complete && each.naturalWidth),
    wide: document.documentElement.scrollWidth - window.innerWidth,
    page: getComputedStyle(document.body).backgroundColor,
    fetched: performance.getEntriesByType('resource').map(each => each.name),
    folded: [...document.querySelectorAll('details')].map(each => each.open)}
"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serve files and say nothing."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site once."""
    for needed in "zensical", "latex2mathml":
        pytest.importorskip(needed, reason=f"needs {needed}")
    folder = tmp_path_factory.mktemp("built") / "site"
    build(folder)
    return folder


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """Serve the site to this machine alone."""
    serve = functools.partial(Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Start one browser for all pages."""
    with chromium() as page:
        yield page


@pytest.mark.browser
@pytest.mark.parametrize("name", PAGES)
def test_a_page_reads_well_on_any_screen(browser: Any, address: str, name: str) -> None:
    browser.get_log("browser")
    for width in 360, 1280:
        for dark in False, True:
            use(browser, width=width, dark=dark)
            browser.get(f"{address}/{name}.html")
            wait_until(lambda: all(browser.execute_script(SEEN)["pictures"]))
            seen = browser.execute_script(SEEN)

            assert seen["wide"] <= 0, "it runs off the screen"
            assert all(seen["formulas"])
            assert not re.search(r"\$|\\[(\[]|\\\w", seen["text"])
            light = int(re.findall(r"[\d.]+", seen["page"])[0]) > 127
            assert light != dark
            assert not any(seen["folded"])
            assert all(each.startswith(address) for each in seen["fetched"])
    assert [entry["message"] for entry in browser.get_log("browser")] == []


@pytest.mark.browser
def test_a_button_holds_a_picture_that_moves_and_paper_shows_its_end(
    browser: Any, address: str
) -> None:
    use(browser)
    browser.get(f"{address}/06-col2im.html")
    still = (
        "return [...document.querySelectorAll('.film')].map(e => e.src.split('#')[1])"
    )
    films = browser.execute_script(still)
    assert films
    assert not any(films)

    for held in True, False:
        browser.execute_script("document.querySelector('.film-button').click()")
        assert (browser.execute_script(still)[0] == "still") == held
        browser.execute_script("window.dispatchEvent(new Event('beforeprint'))")
        assert set(browser.execute_script(still)) == {"still"}
        browser.execute_script("window.dispatchEvent(new Event('afterprint'))")
        assert (browser.execute_script(still)[0] == "still") == held


@pytest.mark.browser
def test_a_chinese_page_says_its_language_and_its_button_speaks_it(
    browser: Any, address: str
) -> None:
    use(browser)
    browser.get(f"{address}/col2im.zh.html")
    seen = (
        "[document.documentElement.lang, document.querySelector('button.film-button')"
    )

    assert browser.execute_script(f"return {seen}.textContent]") == ["zh-Hans", "暂停"]
    slant = "return getComputedStyle(document.querySelector('article em')).fontStyle"
    assert browser.execute_script(slant) == "normal"


@pytest.mark.browser
@pytest.mark.parametrize(
    ("words", "page"),
    [
        ("checkerboard", "08-transposed-convolution"),
        ("output_padding", "questions"),
        ("why is my loss stuck at 2.30", "questions"),
        ("why rotate kernel 180", "questions"),
        ("nchw nhwc weights", "questions"),
        ("fold unfold inverse", "06-col2im"),
        ("col2im stride - 1", "other-im2cols"),
    ],
)
def test_words_of_a_learner_lead_first_to_the_page_that_answers(
    browser: Any, address: str, words: str, page: str
) -> None:
    use(browser)
    browser.get(f"{address}/index.html")
    browser.find_element("css selector", ".md-search__button").click()
    shadow = "return document.activeElement.shadowRoot"
    wait_until(lambda: browser.execute_script(f"{shadow} !== null"))
    inside = browser.execute_script(shadow)
    inside.find_element("css selector", "input").send_keys(words)
    first = "ol a, [class*=result] a"

    wait_until(lambda: inside.find_elements("css selector", first))
    wait_until(
        lambda: (
            f"/{page}.html"
            in inside.find_element("css selector", first).get_attribute("href")
        )
    )


@pytest.mark.browser
def test_nothing_in_the_site_leads_nowhere(site: Path) -> None:
    assert dead_links(site) == []
    assert (site / "explorer.html").exists()


def test_a_dead_link_a_missing_picture_and_a_missing_place_are_found(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.html").write_text(
        '<p id="here"><a href="#here"><a href="b.html"><a class="x" href="#there">'
        '<img alt="" src="c.svg"><a href="https://elsewhere.org">'
    )

    assert dead_links(tmp_path) == ["a.html: b.html", "a.html: #there", "a.html: c.svg"]


def test_links_of_a_page_lead_to_where_pages_stand_in_the_site() -> None:
    linked = "[a](../README.md) [b](README.md#symbols) [c](03-im2col.md)"

    assert for_site(linked, "x.md") == (
        "[a](start.md) [b](index.md#symbols) [c](03-im2col.md)"
    )
    assert for_site("[a](../README.md) [b](README.md)", "exercises/x.md") == (
        "[a](../index.md) [b](README.md)"
    )
    assert for_site("[a](notes/README.md) ![p](notes/pictures/p.svg)", "start.md") == (
        "[a](index.md) ![p](pictures/p.svg)"
    )


def test_code_of_a_page_is_code_in_the_site_whatever_the_tests_do_with_it() -> None:
    fences = "```python frameworks\nx = 1\n```\n\n```pycon\n>>> 1\n1\n```\n"

    assert for_site(fences, "x.md") == fences.replace(" frameworks", "")


def test_a_search_finds_a_public_name_once_and_no_record() -> None:
    def item(location: str, title: str, text: str) -> dict[str, Any]:
        return {"location": location, "title": title, "text": text}

    items = [
        item("a.html", "A", "words"),
        item("a.html#law", "The law", "holds"),
        item("reference/m/f.html", "f", "Do it."),
        item("reference/m/f.html#raises", "Raises", "ValueError"),
        item("changelog.html", "Change log", "f"),
        item("speed-log.html#where", "Where it stands", "f"),
    ]

    assert searched(items) == [
        *items[:2],
        item("reference/m/f.html", "f", "Do it. Raises ValueError"),
    ]
