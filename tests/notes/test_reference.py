"""Every public name has a page, and its docstring reads there as it was meant."""

from pathlib import Path
from typing import Any

import im2col_cnn
from tests.notes.reference import (
    MODULES,
    markdown_of,
    public_names,
    signature_of,
    write_reference,
)

DOC = """\
Fold ``x[0:2]`` back: 2 * 3 and a_b.

Parameters
----------
x : array, shape (N, *SPATIAL)
    As `im2col` takes it.

    And more.
y : int

See Also
--------
im2col : Goes there.

Examples
--------
It adds:

>>> 1 + 1
2
"""
PAGE = """\
Fold `x[0:2]` back: 2 \\* 3 and a\\_b.

## Parameters

`x` `array, shape (N, *SPATIAL)`
:   As [`im2col`](im2col.md) takes it.
    
    And more.

`y` `int`
:   

## See Also

- [`im2col`](im2col.md): Goes there.

## Examples

It adds:

```pycon
>>> 1 + 1
2
```"""  # noqa: W291, W293 - a blank line of a definition is still part of it


def test_every_public_name_has_a_page(tmp_path: Path) -> None:
    modules = write_reference(tmp_path / "reference")

    assert len(modules) == len(MODULES)
    for module in MODULES:
        pages = {page.stem for page in (tmp_path / "reference" / module).iterdir()}
        assert pages == {"index", *public_names(module)}
    page = (tmp_path / "reference/im2col_cnn/conv_forward.md").read_text()
    assert page.startswith("# `conv_forward`\n\n```python\nim2col_cnn.conv_forward(\n")
    assert "\n    *,\n    stride=1,\n" in page
    assert "[`conv_backward`](conv_backward.md): The gradients." in page


def test_a_docstring_becomes_markdown() -> None:
    assert markdown_of(DOC, {"im2col": "im2col.md"}) == PAGE


def test_names_without_an_underscore_are_public() -> None:
    assert public_names("im2col_cnn").keys() == {*im2col_cnn.__all__} - {"__version__"}


def test_a_default_that_would_fill_a_page_is_dots() -> None:
    def unfold(x: Any, *, bugs: Any = "bug " * 50, ties: str = "first") -> None:
        """Take a table."""

    assert signature_of("unfold", unfold) == (
        "```python\nunfold(x, *, bugs=..., ties='first')\n```\n\n"
    )
