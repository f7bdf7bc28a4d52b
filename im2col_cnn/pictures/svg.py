"""Write SVG: elements, a canvas that grows with its content, and the style sheet.

A picture says what a thing is, an image, a kernel, padding, and the style sheet says
what that looks like, on light paper and on dark. Nothing is told by colour alone: what
matters has a number, a dashed edge or a cross as well. The hues are among those of
Okabe and Ito, which people with any kind of colour vision can tell apart; letters have
the contrast that small ones need.
"""

from collections.abc import Callable, Iterable
from contextvars import ContextVar
from html import escape
from textwrap import wrap
from unicodedata import east_asian_width

from .film import Film, Point

__all__ = [
    "BELOW",
    "LANGUAGE",
    "LETTER",
    "MARGIN",
    "WIDEST",
    "Canvas",
    "box",
    "element",
]

# All lengths are in pixels.
MARGIN = 16.0
WIDEST = 400.0  # of paper on which things stand side by side: a phone shows 328 pixels
BELOW = 40.0  # from what was drawn to what stands below it, with room for a label
LINE = 20.0  # from one line of text to the next
# What a letter takes at most, on average, in the fonts that systems come with.
LETTER = {"title": 10.9, "label": 10.4, "note": 8.3, "small": 8.3, "formula": 9.1}
# What turns the words of a picture into another language.
LANGUAGE: ContextVar[Callable[[str], str]] = ContextVar("LANGUAGE", default=str)
STYLE = """\
svg{--paper:#fff;--ink:#1f2328;--soft:#59636e;--edge:#8c959f;--plain:#f6f8fa;
--image:#dceefb;--image-edge:#0072b2;--kernel:#fdebc3;--kernel-edge:#a86f00;
--output:#d3f1e4;--output-edge:#00795a;--hot:#b34700}
@media (prefers-color-scheme:dark){svg{--paper:#0d1117;--ink:#e6edf3;--soft:#9da7b3;
--edge:#6e7681;--plain:#161b22;--image:#0e3350;--image-edge:#56b4e9;--kernel:#453405;
--kernel-edge:#e69f00;--output:#0a3b2c;--output-edge:#2bc498;--hot:#ff8f45}}
text{fill:var(--ink);font-family:system-ui,-apple-system,"Segoe UI",sans-serif}
.title{font-size:17px;font-weight:600}.label{font-size:15px;font-weight:600}
.note,.small{font-size:15px;fill:var(--soft)}
.number,.formula{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.number{text-anchor:middle;dominant-baseline:central}.formula{font-size:15px}
.middle{text-anchor:middle}.end{text-anchor:end}.hot-text{fill:var(--hot)}
.paper{fill:var(--paper);stroke:var(--edge);stroke-opacity:.4}
.plain,.image,.kernel,.output,.padding,.unread{stroke:var(--edge)}
.plain,.unread{fill:var(--plain)}.image{fill:var(--image);stroke:var(--image-edge)}
.kernel{fill:var(--kernel);stroke:var(--kernel-edge)}
.output{fill:var(--output);stroke:var(--output-edge)}
.padding{fill:var(--paper);stroke-dasharray:3 3}
.padding+text,.zero+text{fill:var(--soft)}
.zero{fill:var(--paper);stroke:var(--edge);stroke-opacity:.5}
.dot{fill:var(--image-edge)}
.ring{fill:var(--paper);stroke:var(--edge);stroke-dasharray:2 2}
.hot{fill:var(--hot);fill-opacity:.1;stroke:var(--hot);stroke-width:2.5}
.frame{fill:none;stroke:var(--hot);stroke-width:2.5}
.slot{fill:none;stroke:var(--edge);stroke-dasharray:3 3;stroke-opacity:.7}
.line{fill:none;stroke:var(--soft);stroke-width:1.5}.bar{stroke:none}
.cross{fill:none;stroke:var(--hot);stroke-opacity:.6}
"""


def element(name: str, content: str = "", **attributes: str | float) -> str:
    """Write one element; ``class_`` means ``class`` and ``data_of`` ``data-of``."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{attribute(value)}"'
        for key, value in attributes.items()
    )
    return f"<{name}{written}>{content}</{name}>" if content else f"<{name}{written}/>"


def box(
    class_: str, at: Point, width: float, height: float, **more: str | float
) -> str:
    """Write a rectangle with its upper left corner at `at`."""
    size = {"width": width, "height": height}
    return element("rect", "", class_=class_, x=at.x, y=at.y, **size, **more)


def attribute(value: str | float) -> str:
    """Write a number as short as it can be, to a hundredth of a pixel."""
    return escape(value) if isinstance(value, str) else f"{round(value, 2):g}"


class Canvas:
    """
    A sheet of paper with a heading, large enough for whatever is drawn on it.

    Parameters
    ----------
    title : str
        The heading, and what a screen reader calls the picture.
    lines : iterable of str
        What to know before looking, one line each, under the heading.
    frames : int, optional
        Steps of `film`, which times what moves; of each, it shows so many `seconds`.
    """

    def __init__(
        self,
        title: str,
        lines: Iterable[str] = (),
        *,
        frames: int = 0,
        seconds: float = 1.2,
    ) -> None:
        self.film = Film(frames, seconds)
        said = LANGUAGE.get()
        self.title = said(title)
        self.parts: list[str] = []
        self.right = self.bottom = 0.0
        self.top = MARGIN - 8  # of what comes next
        for kind, text in (("title", title), *(("note", line) for line in lines)):
            for line in wrap(said(text), int((WIDEST - 2 * MARGIN) / LETTER[kind])):
                self.top += LINE + 2 * (kind == "title")
                self.letters(line, Point(MARGIN, self.top), kind)
        self.top += LINE

    def put(self, part: str, *, until: Point | None = None) -> None:
        """Add an element, which reaches as far as the point `until`."""
        self.parts.append(part)
        if until is not None:
            self.right = max(self.right, until.x)
            self.bottom = max(self.bottom, until.y)

    def beside(self, left: float, width: float, top: float) -> Point:
        """Return where what is so wide goes: at `left`, or below if that is too far."""
        if left + width + MARGIN <= WIDEST:
            return Point(left, top)
        return Point(MARGIN, self.bottom + BELOW)

    def words(
        self, words: str, at: Point, kind: str = "note", **attributes: str | float
    ) -> None:
        """Write a line of text whose baseline starts at `at`, or as `kind` says."""
        self.letters(LANGUAGE.get()(words), at, kind, **attributes)

    def letters(
        self, words: str, at: Point, kind: str, **attributes: str | float
    ) -> None:
        """Write a line of text as it is; a Chinese letter is as wide as two others."""
        wide = sum(1 + (east_asian_width(letter) in "WF") for letter in words)
        width = LETTER[kind.split(maxsplit=1)[0]] * wide
        share = 0.5 if "middle" in kind else 0.0 if "end" in kind else 1.0
        self.put(
            element("text", escape(words), class_=kind, x=at.x, y=at.y, **attributes),
            until=Point(at.x + share * width, at.y + 4),
        )

    def write(self, description: str) -> str:
        """Return the SVG; `description` says in words what is seen."""
        width, height = self.right + MARGIN, self.bottom + MARGIN
        head = [
            element("title", escape(self.title), id="title"),
            element("desc", escape(LANGUAGE.get()(description)), id="desc"),
            f"<style>\n{STYLE}{self.film.motion()}</style>",
            element(
                "rect",
                class_="paper",
                x=0.5,
                y=0.5,
                width=width - 1,
                height=height - 1,
                rx=8,
            ),
        ]
        return (
            element(
                "svg",
                "\n" + "\n".join(head + self.parts) + "\n",
                xmlns="http://www.w3.org/2000/svg",
                viewBox=f"0 0 {attribute(width)} {attribute(height)}",
                width=width,
                height=height,
                id="still",
                role="img",
                aria_labelledby="title desc",
            )
            + "\n"
        )
