"""Words can be read against what lies under them, by day and in the dark.

The contrast of two colours is that of the Web Content Accessibility Guidelines 2.2,
which ask for 4.5 where letters are small.
"""

import re
from pathlib import Path

import pytest

from tests.pictures import GALLERY

EXPLORER = Path(__file__).parents[1] / "notes" / "explorer.html"
SHEETS = {
    "pictures": GALLERY["im2col"](),
    "explorer": EXPLORER.read_text(encoding="utf-8"),
}
COLOUR = re.compile(r"--(\w+): ?(#[0-9a-f]+)\b")
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


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("sheet", SHEETS)
@pytest.mark.parametrize(("over", "under"), PAIRS)
def test_letters_stand_out(sheet: str, over: str, under: str, *, dark: bool) -> None:
    found = colours(SHEETS[sheet], dark=dark)
    darker, brighter = sorted(light(found[name]) for name in (over, under))

    assert (brighter + 0.05) / (darker + 0.05) >= 4.5
