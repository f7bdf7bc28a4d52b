"""Read what page 14 says was measured, so that its picture cannot say anything else."""

import re

from tests.notes.drawings.rungs import Layer
from tests.notes.pages import ROOT

__all__ = ["PAGE", "code_lengths", "layers"]

PAGE = ROOT / "notes" / "14-three-rungs.md"
ROW = re.compile(r"^\|(.*)\|$", re.MULTILINE)
LENGTHS = re.compile(r"^\((\d+), (\d+)\)$", re.MULTILINE)
FAST = re.compile(r">>> fast > (\d+) \* length\(forward_loops, backward_loops\)")


def layers() -> list[Layer]:
    """Read the table of the page, row by row."""
    rows = [
        [entry.strip() for entry in row.split("|")]
        for row in ROW.findall(PAGE.read_text(encoding="utf-8"))
    ]
    (_, *heads), _, *body = rows
    found = []
    for name, *entries in body:
        times: dict[str, float] = {}
        memory: dict[str, float] = {}
        for head, entry in zip(heads, entries, strict=True):
            rung, _, of_memory = head.partition(", memory")
            number = float(entry.removesuffix(" ms").replace(",", ""))
            (memory if head != rung else times)[rung] = number
            assert not of_memory, head
        found.append(Layer(name, times, memory))
    return found


def code_lengths() -> dict[str, str]:
    """Read how long the code of a rung is, from the outputs that the page prints."""
    text = PAGE.read_text(encoding="utf-8")
    ((loops, columns),) = LENGTHS.findall(text)
    (factor,) = FAST.findall(text)
    return {
        "loops": f"{loops} lines",
        "columns": f"{columns} lines",
        "fast": f"more than {int(factor) * int(loops)} lines",
    }
