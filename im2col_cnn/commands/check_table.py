"""Show the results of a class: a row as soon as a file is graded, then the bugs."""

from collections import Counter
from collections.abc import Iterable, Sequence

from rich.console import Console

from ..testing.grading.graded_file import GradedFile
from ..testing.grading.points import Points, scores_of, total_of
from ..testing.grading.report_class import RESULTS, kind_of
from .terminal import counting, say, show_table

__all__ = ["show_bugs", "show_rows"]

MAX_NAME_LETTERS = 60
MAX_TEXT_LETTERS = 120  # of what a row says; the pages and the CSV say the rest
HEADER = ("file", "result", "points", "what")


def show_rows(
    screen: Console,
    results: Iterable[GradedFile],
    names: Sequence[str],
    points: Points | None,
) -> list[GradedFile]:
    """Write a row per file as the results come in, and return them all."""
    width = min(MAX_NAME_LETTERS, max(len(name) for name in names))
    done = []
    say(screen, row(width, HEADER), "bold")
    with counting(screen, f"{len(names)} files", len(names)) as count:
        for each in results:
            won, out_of = total_of(scores_of(each.parts, points))
            number = f"{won:.4g} of {out_of:.4g}" if each.status < 2 else ""
            what = "; ".join(bug.headline for bug in each.bugs) or each.summary
            say(screen, row(width, (each.file, each.result, number, what)))
            done.append(each)
            count()
    return done


def row(width: int, cells: tuple[str, ...]) -> str:
    """Put the cells of a row where columns begin."""
    name, result, number, what = cells
    if len(what) > MAX_TEXT_LETTERS:
        what = f"{what[: MAX_TEXT_LETTERS - 4]} ..."
    return f"{name:{width}}  {result:10}  {number:>12}  {what}".rstrip()


def show_bugs(screen: Console, results: Sequence[GradedFile]) -> None:
    """Count the results, and the files that have each bug."""
    counts = Counter(each.result for each in results)
    words = ", ".join(f"{counts[word]} {word}" for word in RESULTS)
    files = "1 file" if len(results) == 1 else f"{len(results)} files"
    say(screen, "")
    say(screen, f"{files}: {words}")
    bugs = Counter(
        kind for each in results for kind in dict.fromkeys(map(kind_of, each.bugs))
    )
    if bugs:
        rows = [(bug, str(number)) for bug, number in sorted_by_count(bugs)]
        say(screen, "")
        show_table(screen, ("which bug", "files"), rows)


def sorted_by_count(bugs: "Counter[str]") -> list[tuple[str, int]]:
    """Return the bugs, those that come most often first, then by name."""
    return sorted(bugs.items(), key=lambda item: (-item[1], item[0]))
