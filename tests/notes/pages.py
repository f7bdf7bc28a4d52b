"""Run the code of the Markdown pages, and mend the outputs they show.

    python -m tests.notes.pages             name every output that is out of date
    python -m tests.notes.pages --update    write what the code prints into the pages

A page is one session. Its ``python`` fences run as they stand; its ``pycon`` fences
are compared with what they print, by the rules of doctest with NORMALIZE_WHITESPACE.
A fence flagged ``no-run`` is only read, and so is a fence in any other language. One
flagged ``frameworks`` needs those of other people, and runs with ``--frameworks``.
"""

import argparse
import doctest
import io
import os
import re
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import chdir, redirect_stdout
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

__all__ = ["PAGES", "Stale", "mend", "original_of", "stale_outputs", "with_code_of"]

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "notes").glob("*.md"))]
PAGES += sorted((ROOT / "notes" / "exercises").glob("*.md"))

FENCE = re.compile(
    r"^(?P<ticks>`{3,})(?P<language>\w*)(?P<flags>.*)\n(?P<source>(?s:.*?))^(?P=ticks)$"
    r"|^(?P<stray>[ >]*```)",
    re.MULTILINE,
)
TRACEBACK = "Traceback (most recent call last):\n"

Names: TypeAlias = dict[str, Any]  # the variables of a page


class Fence(NamedTuple):
    """The code between two fences, with `line` lines of the page above it."""

    language: str
    source: str
    line: int
    frameworks: bool  # whether it needs those of other people


class Stale(NamedTuple):
    """An output that a page shows in ``lines[start:stop]``, and the true one."""

    page: Path
    start: int
    stop: int
    shown: str
    printed: str

    def __str__(self) -> str:
        """Name the place as compilers do, then give both texts."""
        where = f"{self.page}:{self.start + 1}"
        return (
            f"{where}: the page shows\n{self.shown}but its code prints\n{self.printed}"
        )


def stale_outputs(
    page: Path, *, frameworks: bool = False, names: Names | None = None
) -> list[Stale]:
    """
    Run a page from top to bottom, in a folder that is then thrown away.

    Its variables go into `names`. The wheels that a page tells its readers to download
    lie in that folder, if IM2COL_CNN_MODELS says where there are any.
    """
    page = page.resolve()
    names = {} if names is None else names
    names["__name__"] = "__page__"
    wheels = Path(os.environ.get("IM2COL_CNN_MODELS", "none")).resolve().glob("*.whl")
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        for wheel in wheels if frameworks else ():
            Path(wheel.name).symlink_to(wheel)
        code = [f for f in fences(page) if frameworks or not f.frameworks]
        return [stale for fence in code for stale in run(fence, page, names)]


def mend(page: Path, stale: list[Stale]) -> None:
    """Write into a page what its code prints."""
    lines = page.read_text(encoding="utf-8").splitlines(keepends=True)
    for _, start, stop, _, printed in reversed(stale):
        lines[start:stop] = [printed]
    page.write_text("".join(lines), encoding="utf-8", newline="\n")


def with_code_of(original: str, translated: str) -> str:
    """Return a translated page with the code of the page that it translates."""
    code = FENCE.finditer(original)
    return FENCE.sub(lambda fence: next(code, fence)[0], translated)


def original_of(page: Path) -> Path | None:
    """Return the page that a page says it translates, if it does."""
    found = re.search(
        r"^\[English\]\(([^)]+)\)", page.read_text(encoding="utf-8"), re.MULTILINE
    )
    return page.parent / found[1] if page.suffixes == [".zh", ".md"] and found else None


def fences(page: Path) -> Iterator[Fence]:
    """Find the code that is to run, and refuse a fence that would be overlooked."""
    text = page.read_text(encoding="utf-8")
    for match in FENCE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        if match["stray"]:
            raise ValueError(f"{page}:{line}: this fence is indented or never closed")
        flags = match["flags"].split()
        if "no-run" not in flags:
            yield Fence(match["language"], match["source"], line, "frameworks" in flags)


def run(fence: Fence, page: Path, names: Names) -> Iterator[Stale]:
    """Run one fence; yield every output shown in it that its code does not print."""
    if fence.language == "python":
        execute(fence.source, "exec", fence.line, page, names)
    if fence.language == "pycon":
        lines = fence.source.splitlines()
        for example in doctest.DocTestParser().get_examples(fence.source, str(page)):
            printed = output(example, fence.line, page, names)
            if not agrees(example, printed):
                more_code = takewhile(continues, lines[example.lineno + 1 :])
                start = fence.line + example.lineno + 1 + len(list(more_code))
                stop = start + example.want.count("\n")
                yield Stale(page, start, stop, example.want, as_shown(printed))


def output(example: doctest.Example, line: int, page: Path, names: Names) -> str:
    """Run one example; return what it prints, or the error that its page announces."""
    with redirect_stdout(io.StringIO()) as stdout:
        try:
            execute(example.source, "single", line + example.lineno, page, names)
        except Exception as error:
            if not example.want.startswith(TRACEBACK):
                raise
            return TRACEBACK + "".join(traceback.format_exception_only(error))
    return stdout.getvalue()


def execute(source: str, mode: str, line: int, page: Path, names: Names) -> None:
    """Run code under the empty lines that put it where it stands on its page."""
    exec(compile("\n" * line + source, str(page), mode), names)


def agrees(example: doctest.Example, printed: str) -> bool:
    """Compare as doctest does, with the options the example asks for."""
    shown = example.want
    if example.exc_msg is not None:
        shown = TRACEBACK + example.exc_msg  # without the frames in between
    asked = sum(flag for flag, on in example.options.items() if on)
    rules = doctest.NORMALIZE_WHITESPACE | asked
    return doctest.OutputChecker().check_output(shown, printed, rules)


def continues(line: str) -> bool:
    """Tell whether a line goes on with the code above it."""
    return line.startswith("...")


def as_shown(printed: str) -> str:
    """Write an output the way a page shows it: blank lines marked, frames left out."""
    if printed.startswith(TRACEBACK):
        printed = printed.replace(TRACEBACK, f"{TRACEBACK}    ...\n", 1)
    if printed and not printed.endswith("\n"):
        printed += "\n"
    return re.sub(r"^$(?!\Z)", doctest.BLANKLINE_MARKER, printed, flags=re.MULTILINE)


def main() -> int:
    """Run every page; return 1 if one shows what its code does not print."""
    parser = argparse.ArgumentParser(prog="python -m tests.notes.pages")
    parser.add_argument("--update", action="store_true", help="mend the pages")
    parser.add_argument("--frameworks", action="store_true", help="run all fences")
    options = parser.parse_args()
    update = options.update
    found = {p: stale_outputs(p, frameworks=options.frameworks) for p in PAGES}
    for page, stale in found.items():
        if stale and update:
            mend(page, stale)
        for each in stale:
            print(f"mended {each}" if update else each)  # noqa: T201 - a command speaks
    for page in PAGES:
        original = original_of(page)
        if update and original is not None and original.name != "README.md":
            text = with_code_of(original.read_text("utf-8"), page.read_text("utf-8"))
            page.write_text(text, encoding="utf-8", newline="\n")
    return int(any(found.values()) and not update)


if __name__ == "__main__":
    sys.exit(main())
