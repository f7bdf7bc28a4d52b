"""Take a page of the notes apart: its title, its sections, its code and its prose."""

import re
from pathlib import Path

from tests.notes.pages import ROOT

__all__ = [
    "FENCE",
    "FOLDED",
    "LINK",
    "NOTES",
    "code_of",
    "prose_of",
    "section_of",
    "text_of",
    "title_of",
]

NOTES = ROOT / "notes"

FENCE = re.compile(r"^```(\w*).*\n((?s:.*?))^```$", re.MULTILINE)
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
FOLDED = re.compile(
    r"^<details>\n<summary>(\w+)</summary>\n\n((?s:.*?))^</details>$", re.MULTILINE
)


def text_of(page: Path) -> str:
    """Read a page."""
    return page.read_text(encoding="utf-8")


def title_of(page: Path) -> str:
    """Return the title of a page, without its mark."""
    return text_of(page).splitlines()[0].removeprefix("# ")


def section_of(page: Path, heading: str) -> str:
    """Return a section of a page, without its heading."""
    found = re.findall(
        rf"^## {heading}\n((?s:.*?))(?=^## |^---$|\Z)", text_of(page), re.MULTILINE
    )
    assert len(found) == 1, f"{page.name} has {len(found)} sections called {heading}"
    return str(found[0])


def code_of(text: str) -> list[str]:
    """Return the Python code of a text, fence by fence."""
    return [code for language, code in FENCE.findall(text) if language == "python"]


def prose_of(text: str) -> str:
    """Return a text without its fences."""
    return FENCE.sub("", text)
