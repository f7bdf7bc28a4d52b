"""Write the museum's pages of the notes from the museum itself.

    python -m tests.notes.museum             say what of it is out of date
    python -m tests.notes.museum --update    put every law to every bug, and write it
    python -m tests.notes.museum --update E46 E47    to these only, and write it
    python -m tests.notes.museum --redraw    write it again from what was found before
    python -m tests.notes.museum --verify    put every law to every bug, and compare
    python -m tests.notes.museum --verify E46 E47    to these only, and compare

Which law kills which bug, and on what input, takes minutes to find out, so the pages
and their pictures are where that is kept: the tests read it back from there, put the
inputs to the bugs, and write everything else anew.
"""

import argparse
import re
import sys
from pathlib import Path

from im2col_cnn.testing.bugs.exhibit import Exhibit
from im2col_cnn.testing.bugs.museum import MUSEUM
from im2col_cnn.testing.grading.kill_matrix import Matrix, kill_matrix
from im2col_cnn.testing.grading.search import Trial
from im2col_cnn.testing.laws.table import LAWS
from tests.notes.counterexamples import draw, find, picture_of, read

__all__ = ["PAGE", "ROOMS", "kept", "place_of", "stale", "write_pages"]

NOTES = Path(__file__).parents[2] / "notes"
PAGE = NOTES / "museum.md"
ROOMS = {  # of which operations a page shows the bugs
    "museum-convolution.md": ("convolution", ("conv",)),
    "museum-pooling.md": ("pooling", ("max_pool", "avg_pool")),
    "museum-im2col.md": (
        "im2col, and helpers for one window",
        ("im2col", "mask", "share"),
    ),
}
HALLS = {
    "S": ("The notebook", "Its defects, in the order of its lines."),
    "C": ("Classics", "Bugs that somebody published, met or was asked about."),
    "E": ("Others", "Bugs that we met, or that a course warns of."),
}
INTRODUCTION = """\
# The museum of bugs

Every bug here runs. It is a right implementation with a step or two replaced, so that
nothing else is wrong with it, and `im2col-cnn check` compares homework with it: what
gives the same wrong numbers has the same bug, and gets its name.

If you know what goes wrong, and not why, begin with [what you see](symptoms.md).

These pages and their pictures are written by `python -m tests.notes.museum --update`.
"""
ABOVE = """\
Below each bug stands what comes of it, what to write instead, where it was seen in
public, the laws that kill it, and a small input that shows it: what goes in, what
should come out, and what does, with the wrong numbers framed. Arrays are cut into
planes of rows and columns; `x[0, :, :, 1]` is channel 1 of image 0.

[The laws, and all bugs by name](museum.md) · [by what you see](symptoms.md)
"""


def write_pages(killers: Matrix) -> dict[Path, str]:
    """Return the pages, given which laws kill which bug."""
    parts = [INTRODUCTION, "## The laws\n", laws(killers)]
    written = {}
    for name, (title, kinds) in ROOMS.items():
        bugs = sorted((bug for bug in MUSEUM if bug.kind in kinds), key=by_number)
        parts += [f"## {title[0].upper()}{title[1:]}\n"]
        parts += ["".join(f"- [{b.key}]({name}#{b.key}): {b.name}\n" for b in bugs)]
        room = [f"# The museum: {title}\n", ABOVE]
        for letter, (hall, about) in HALLS.items():
            shown = [bug for bug in bugs if bug.key.startswith(letter)]
            if shown:
                room += [f"## {hall}\n", f"{about}\n"]
                room += [label(bug, killers[bug.key]) for bug in shown]
        written[NOTES / name] = "\n".join(room)
    return {PAGE: "\n".join(parts), **written}


def place_of(exhibit: Exhibit) -> str:
    """Return the address of a bug among the pages of the notes."""
    (name,) = (name for name, (_, kinds) in ROOMS.items() if exhibit.kind in kinds)
    return f"{name}#{exhibit.key}"


def by_number(exhibit: Exhibit) -> tuple[int, int, str]:
    """Put one hall after the other, C2 before C10, and C1a before C1b."""
    number = re.sub(r"\D", "", exhibit.key)
    return [*HALLS].index(exhibit.key[0]), int(number), exhibit.key


def laws(killers: Matrix) -> str:
    """List the laws, and how many bugs each of them kills."""
    rows = ["| law | kills | what it demands |", "| --- | ---: | --- |"]
    for law in LAWS:
        kills = sum(law.name in names for names in killers.values())
        rows.append(f"| {law.name} | {kills} | {law.sentence} |")
    return "\n".join(rows) + "\n"


def label(exhibit: Exhibit, killers: tuple[str, ...]) -> str:
    """Describe one bug."""
    picture = picture_of(exhibit).relative_to(PAGE.parent).as_posix()
    return (
        f'<a id="{exhibit.key}"></a>\n\n'
        f"### {exhibit.key}: {exhibit.name}\n\n"
        f"{sentence(exhibit.why)}\n\n"
        f"![A small input that shows bug {exhibit.key}]({picture})\n\n"
        f"- **instead**: {exhibit.fix}\n"
        f"- **seen in**: {exhibit.source}\n"
        f"- **of**: {exhibit.kind}\n"
        f"- **killed by**: {'; '.join(killers)}\n"
    )


def sentence(words: str) -> str:
    """Begin with a capital, unless with a name or with code, and end with a stop."""
    first = words.split(maxsplit=1)[0]
    is_word = first.isalpha() and first not in ("x", "y", "dx", "dy", "dw", "db")
    return f"{words[0].upper() if is_word else words[0]}{words[1:]}."


def kept() -> Matrix:
    """Read which laws kill which bug back from the pages."""
    pattern = r"^### (\w+): .*?^- \*\*killed by\*\*: (.*?)$"
    texts = [(NOTES / name).read_text(encoding="utf-8") for name in ROOMS]
    found = re.findall(pattern, "\n".join(texts), re.MULTILINE | re.DOTALL)
    return {key: tuple(names.split("; ")) for key, names in found}


def stale(killers: Matrix, trials: dict[str, Trial] | None = None) -> dict[Path, str]:
    """Return the files that are not what they should be, and what they should be."""
    written = write_pages(killers)
    for exhibit in MUSEUM:
        trial = (trials or {}).get(exhibit.key) or read(exhibit)
        written[picture_of(exhibit)] = draw(exhibit, trial)
    return {
        path: text
        for path, text in written.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    }


def chosen(keys: list[str]) -> list[Exhibit]:
    """Return the bugs with these keys; without any, all."""
    return [bug for bug in MUSEUM if not keys or bug.key in keys]


def search(keys: list[str]) -> tuple[Matrix, dict[str, Trial]]:
    """Put every law to bugs, and find small inputs that show them."""
    bugs = chosen(keys)
    killers = kill_matrix(bugs=bugs)
    return killers, {bug.key: find(bug, killers[bug.key]) for bug in bugs}


def main() -> int:
    """Say what is out of date, or write it; return 1 if anything stays so."""
    parser = argparse.ArgumentParser(prog="python -m tests.notes.museum")
    parser.add_argument(
        "--update",
        nargs="*",
        metavar="KEY",
        help="find it out again, of all or some",
    )
    parser.add_argument("--redraw", action="store_true", help="from what was found")
    parser.add_argument(
        "--verify", nargs="*", metavar="KEY", help="are these the killers?"
    )
    arguments = parser.parse_args()
    killers = kept()
    if arguments.verify is not None:
        found = kill_matrix(bugs=chosen(arguments.verify))
        wrong = sorted(key for key in found if found[key] != killers.get(key))
        for key in wrong:
            print(f"{key} is killed by {'; '.join(found[key])}")  # noqa: T201 - speaks
        return int(bool(wrong))
    trials: dict[str, Trial] = {}
    if arguments.update is not None:
        found, trials = search(arguments.update)
        killers |= found
    old = stale(killers, trials)
    write = arguments.update is not None or arguments.redraw
    for path, text in old.items():
        print(f"{'written' if write else 'out of date'}: {path}")  # noqa: T201 - speaks
        if write:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
    return int(bool(old) and not write)


if __name__ == "__main__":
    sys.exit(main())
