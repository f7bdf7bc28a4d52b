"""Write the museum's page of the notes from the museum itself.

    python -m tests.museum             say whether notes/museum.md is up to date
    python -m tests.museum --update    put every law to every bug again, and write it

Which law kills which bug takes a minute or two to find out, so the page is where that
is kept: the tests read it back from there, and write the rest of the page anew.
"""

import re
import sys
from pathlib import Path

from im2col_cnn.testing.bugs.exhibit import Exhibit
from im2col_cnn.testing.bugs.matrix import Matrix, matrix
from im2col_cnn.testing.bugs.museum import MUSEUM
from im2col_cnn.testing.laws.table import LAWS

__all__ = ["PAGE", "read_matrix", "write_page"]

PAGE = Path(__file__).parents[1] / "notes" / "museum.md"
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

Below each stands what comes of it, what to write instead, where it was seen in public,
and the laws that kill it. This page is written by `python -m tests.museum --update`.
"""


def write_page(killers: Matrix) -> str:
    """Return the page, given which laws kill which bug."""
    parts = [INTRODUCTION, "## The laws\n", laws(killers)]
    for letter, (title, about) in HALLS.items():
        exhibits = [exhibit for exhibit in MUSEUM if exhibit.key.startswith(letter)]
        parts += [f"## {title}\n", f"{about}\n"]
        parts += [label(exhibit, killers[exhibit.key]) for exhibit in exhibits]
    return "\n".join(parts)


def laws(killers: Matrix) -> str:
    """List the laws, and how many bugs each of them kills."""
    rows = ["| law | kills | what it demands |", "| --- | ---: | --- |"]
    for law in LAWS:
        kills = sum(law.name in names for names in killers.values())
        rows.append(f"| {law.name} | {kills} | {law.sentence} |")
    return "\n".join(rows) + "\n"


def label(exhibit: Exhibit, killers: tuple[str, ...]) -> str:
    """Describe one bug."""
    return (
        f"### {exhibit.key}: {exhibit.name}\n\n"
        f"{exhibit.why}\n\n"
        f"- **instead**: {exhibit.fix}\n"
        f"- **seen in**: {exhibit.source}\n"
        f"- **of**: {exhibit.kind}\n"
        f"- **killed by**: {'; '.join(killers)}\n"
    )


def read_matrix(page: str) -> Matrix:
    """Read which laws kill which bug back from the page."""
    pattern = r"^### (\w+): .*?^- \*\*killed by\*\*: (.*?)$"
    found = re.findall(pattern, page, re.MULTILINE | re.DOTALL)
    return {key: tuple(names.split("; ")) for key, names in found}


if __name__ == "__main__":
    if "--update" in sys.argv[1:]:
        PAGE.write_text(write_page(matrix()), encoding="utf-8")
    elif write_page(read_matrix(PAGE.read_text("utf-8"))) != PAGE.read_text("utf-8"):
        sys.exit(f"{PAGE.name} is stale: python -m tests.museum --update")
