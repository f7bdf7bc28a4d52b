"""Words can be read against what lies under them, by day and in the dark.

The contrast of two colours is that of the Web Content Accessibility Guidelines 2.2,
which ask for 4.5 where letters are small.
"""

import re
from pathlib import Path

import pytest

from im2col_cnn.testing.grading.report import Report
from im2col_cnn.testing.grading.report_html import as_html
from tests.notes.pictures import GALLERY

EXPLORER = Path(__file__).parents[2] / "notes" / "explorer.html"
SHEETS = {
    "pictures": GALLERY["im2col"](),
    "explorer": EXPLORER.read_text(encoding="utf-8"),
}
COLOUR = re.compile(r"--(\w+): ?(#[0-9a-f]+)\b")
REPORT = as_html(Report("homework.py", ()))
ON_REPORTS = [
    *((over, "paper") for over in ("ink", "soft", "link", "good", "bad")),
    *(("ink", under) for under in ("right", "wrong")),
]
PAIRS = [
    *(("ink", under) for under in ("paper", "plain", "image", "kernel", "output")),
    *(("hot", under) for under in ("paper", "image")),
    *(("soft", under) for under in ("paper", "plain")),
]


def colours(sheet: str, *, dark: bool) -> dict[str, str]:
    """Read the named colours of a style sheet."""
    by_day, _, at_night = sheet.partition("prefers-color-scheme")
    return dict(COLOUR.findall(at_night if dark else by_day))


def light(colour: str) -> float:
    """Return how much light a colour gives, from 0 to 1."""
    digits = colour.removeprefix("#")
    digits = digits if len(digits) == 6 else "".join(2 * digit for digit in digits)
    shares = [int(digits[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    red, green, blue = (
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4
        for share in shares
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(found: dict[str, str], over: str, under: str) -> float:
    """Return how letters of one colour stand out on another, from 1 to 21."""
    darker, brighter = sorted(light(found[name]) for name in (over, under))
    return (brighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("sheet", SHEETS)
@pytest.mark.parametrize(("over", "under"), PAIRS)
def test_letters_stand_out(sheet: str, over: str, under: str, *, dark: bool) -> None:
    assert contrast(colours(SHEETS[sheet], dark=dark), over, under) >= 4.5


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("over", "under"), ON_REPORTS)
def test_letters_of_a_report_stand_out(over: str, under: str, *, dark: bool) -> None:
    assert contrast(colours(REPORT, dark=dark), over, under) >= 4.5
