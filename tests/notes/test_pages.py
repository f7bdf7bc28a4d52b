"""The pages show what their code prints, and what runs the pages does notice."""

from pathlib import Path

import pytest

from tests.notes.pages import PAGES, ROOT, mend, stale_outputs
from tests.profile import in_turn

STALE = """\
Some words.

```python
def twice(n):
    return 2 * n
```

```pycon
>>> twice(2)
5
>>> for n in range(2):
...     print(f"{twice(n)}\\n")
...
0
>>> twice(3)
6
>>> twice(4)
>>> twice()
Traceback (most recent call last):
```
"""
FRESH = """\
Some words.

```python
def twice(n):
    return 2 * n
```

```pycon
>>> twice(2)
4
>>> for n in range(2):
...     print(f"{twice(n)}\\n")
...
0
<BLANKLINE>
2
<BLANKLINE>
>>> twice(3)
6
>>> twice(4)
8
>>> twice()
Traceback (most recent call last):
    ...
TypeError: twice() missing 1 required positional argument: 'n'
```
"""


# These train networks and grade homework.
LONG = {"18-shortcuts.md", "files-and-training.md", "teachers.md"}


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(
            page,
            id=str(page.relative_to(ROOT)),
            marks=in_turn(4) if page.name in LONG else (),
        )
        for page in PAGES
    ],
)
def test_a_page_shows_what_its_code_prints(page: Path) -> None:
    assert [str(stale) for stale in stale_outputs(page)] == []


@pytest.fixture
def page(tmp_path: Path) -> Path:
    return tmp_path / "page.md"


def test_a_stale_output_is_found_on_its_line(page: Path) -> None:
    page.write_text(STALE)

    first, *others = stale_outputs(page)

    assert str(first) == f"{page}:10: the page shows\n5\nbut its code prints\n4\n"
    assert [stale.start + 1 for stale in others] == [14, 18, 19]


def test_mending_writes_what_the_code_prints(page: Path) -> None:
    page.write_text(STALE)

    mend(page, stale_outputs(page))

    assert page.read_text() == FRESH
    assert stale_outputs(page) == []


def test_white_space_does_not_make_an_output_stale(page: Path) -> None:
    page.write_text("```pycon\n>>> [1,\n...  2]\n[1,\n 2]\n```\n")

    assert stale_outputs(page) == []


def test_an_ellipsis_stands_for_the_rest_only_where_it_is_asked_for(page: Path) -> None:
    page.write_text(
        "```pycon\n"
        ">>> list(range(9))  # doctest: +ELLIPSIS\n[0, ...]\n"
        ">>> list(range(9))\n[0, ...]\n"
        "```\n"
    )

    assert [stale.start + 1 for stale in stale_outputs(page)] == [5]


@pytest.mark.parametrize("code", ["python\n1 / 0", "pycon\n>>> 1 / 0\nwhat?"])
def test_an_error_that_no_page_announces_names_the_line(page: Path, code: str) -> None:
    page.write_text(f"Some words.\n\n```{code}\n```\n")

    with pytest.raises(ZeroDivisionError) as caught:
        stale_outputs(page)

    assert (caught.traceback[-1].path, caught.traceback[-1].lineno + 1) == (page, 4)


def test_a_fence_flagged_no_run_is_only_read(page: Path) -> None:
    page.write_text("```python no-run\n1 / 0\n```\n\n```console\nrm -r /\n```\n")

    assert stale_outputs(page) == []


@pytest.mark.parametrize("text", ["- a list\n  ```python\n", "\n```python\n1 / 0\n"])
def test_a_fence_that_would_be_overlooked_is_refused(page: Path, text: str) -> None:
    page.write_text(text)

    with pytest.raises(ValueError, match=r"page.md:2: this fence is indented or never"):
        stale_outputs(page)


def test_what_a_page_writes_does_not_stay(page: Path, tmp_path: Path) -> None:
    page.write_text("```python\nfrom pathlib import Path\nPath('a').touch()\n```\n")

    stale_outputs(page)

    assert list(tmp_path.iterdir()) == [page]
