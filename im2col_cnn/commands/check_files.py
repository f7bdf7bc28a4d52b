"""Grade files: what is asked for, and how what is found is shown and written."""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from .._checks import quoted
from ..files.hdf5.source import require_readable
from ..testing.grading.classroom import (
    belonging_to,
    check_files,
    find_files,
    limit_of,
    names_of,
    only_imported,
)
from ..testing.grading.formats import FORMATS
from ..testing.grading.graded_file import GradedFile, failed, grade_file
from ..testing.grading.points import (
    Points,
    as_points,
    as_selectors,
    scores_of,
    total_of,
)
from ..testing.grading.report_class import RESULTS, as_class_page, kind_of, pages_of
from ..testing.grading.report_csv import as_csv
from ..testing.grading.results_json import as_json_of_files
from ..testing.isolation.loader import HomeworkError
from ..testing.laws.table import LAWS
from ..tiling.threads import usable_cpus
from .arguments import BadInputError, refusing, require_outputs, write_output
from .terminal import counting, open_screen, say, show_table
from .workers import working

__all__ = [
    "Outputs",
    "check_class",
    "check_one",
    "paths_of",
    "read_names",
    "read_points",
    "read_weights",
    "show_bugs",
    "show_rows",
]

MAX_WEIGHTS_BYTES = 2**20
MAX_POINTS = 1_000_000_000
MAX_NAME_LETTERS = 60
MAX_TEXT_LETTERS = 120  # of what a row says; the pages and the CSV say the rest
HEADER = ("file", "result", "points", "what")


@dataclass
class Outputs:
    """
    The files to write, and how.

    Parameters
    ----------
    format_name : str, optional
        One of `FORMATS`.
    output : path, optional
        Where the format goes, if not to its own place.
    csv_file, html_file, json_file : path, optional
    points : mapping, optional
        Points per part.
    """

    format_name: str | None
    output: Path | None
    csv_file: Path | None
    html_file: Path | None
    json_file: Path | None
    points: dict[str, float] | None = None

    @property
    def place(self) -> Path | None:
        """Return the file that the format goes to; none is standard output."""
        if self.format_name is None or self.output is not None:
            return self.output
        usual = FORMATS[self.format_name].output
        return Path(usual) if usual else None

    @property
    def leaves_standard_output(self) -> bool:
        """Whether nothing but what people read goes to standard output."""
        return self.format_name is None or self.place is not None

    def require(self, paths: Sequence[Path], weights: Path | None) -> None:
        """Refuse what cannot be written, or would overwrite what is read."""
        if self.output is not None and self.format_name is None:
            raise ValueError("--output needs --format, which says what to write")
        files = {"--output": self.place, "--csv": self.csv_file}
        if self.html_file is not None and self.html_file.suffix:
            files["--html"] = self.html_file
        files["--json"] = self.json_file
        require_outputs(files, *paths, weights)

    @contextmanager
    def written_even_if_refused(self, files: Sequence[Path]) -> Iterator[None]:
        """Give the grader a result that fails and says why, whatever was wrong."""
        try:
            yield
        except BadInputError as error:
            if self.format_name is not None:
                self.write_format([failed(file.name, str(error)) for file in files[:1]])
            raise

    def write(self, found: Sequence[GradedFile], *, is_class: bool = False) -> None:
        """Write all that was asked for."""
        if self.format_name is not None:
            self.write_format(found)
        if self.csv_file is not None:
            write_output(self.csv_file, as_csv(found, self.points).encode())
        if self.json_file is not None:
            text = as_json_of_files(found, self.points)
            write_output(self.json_file, text.encode())
        if self.html_file is not None:
            write_pages(self.html_file, found, self.points, is_class=is_class)

    def write_format(self, found: Sequence[GradedFile]) -> None:
        """Write what another grader reads."""
        assert self.format_name is not None
        text = FORMATS[self.format_name].write(found, self.points)
        if self.place is not None:
            write_output(self.place, text.encode())
        else:
            encoding = sys.stdout.encoding or "utf-8"
            sys.stdout.write(text.encode(encoding, "replace").decode(encoding))


def paths_of(files: Sequence[Path]) -> list[Path]:
    """Return the files to grade, of files and folders; refuse what holds none."""
    with refusing(HomeworkError):
        return find_files(files)


def check_one(
    path: Path, also: Sequence[Path], outputs: Outputs, settings: dict[str, Any]
) -> int:
    """Grade one file, with those that belong to it, and print its report."""
    (name,) = names_of([path, *also])
    result = grade_file(path, name=name, also=also, **settings)
    outputs.write([result])
    if result.status == 2:
        outputs.format_name = None  # it is written
        raise BadInputError(result.summary)
    if outputs.leaves_standard_output:
        screen = open_screen()
        for line in result.text.splitlines():
            say(screen, line)
    return result.status


def check_class(
    paths: Sequence[Path],
    outputs: Outputs,
    settings: dict[str, Any],
    workers: tuple[int | None, str | None],
    results: Path | None,
) -> int:
    """Grade many files, and print a table as it goes."""
    limit = limit_of(settings["total_seconds"], settings["examples"])
    jobs, scheduler = workers
    names = names_of(paths)
    count = min(len(names), jobs or usable_cpus()) if scheduler is None else jobs
    screen = open_screen()
    screen.quiet = not outputs.leaves_standard_output
    with ExitStack() as stack:
        with refusing():
            engaged = stack.enter_context(working(count, scheduler, seconds=limit))
        executor = engaged.cluster.executor if engaged.cluster else None
        with refusing(OSError):
            coming = check_files(paths, executor=executor, results=results, **settings)
            found = show_rows(screen, coming, names, outputs.points)
    places = {name: place for place, name in enumerate(names)}
    found.sort(key=lambda each: places[each.file])
    aside = only_imported([*belonging_to(paths)], found)
    for place in aside:
        say(screen, f"{names[place]} is imported by others, so it does not count")
    found = [each for place, each in enumerate(found) if place not in aside]
    show_bugs(screen, found)
    outputs.write(found, is_class=True)
    return max(each.status for each in found)


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
        by_count = sorted(bugs.items(), key=lambda item: (-item[1], item[0]))
        rows = [(bug, str(number)) for bug, number in by_count]
        say(screen, "")
        show_table(screen, ("which bug", "files"), rows)


def write_pages(
    place: Path,
    found: Sequence[GradedFile],
    points: dict[str, float] | None,
    *,
    is_class: bool,
) -> None:
    """Write the page of one file, or that of a class with a folder of pages."""
    pages = pages_of(found)
    if not is_class:
        (page,) = pages.values()
        write_output(place, page.encode())
        return
    front = place if place.suffix else place / "index.html"
    folder = front.with_suffix("") if place.suffix else place
    with refusing(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    above = f"{folder.name}/" if place.suffix else ""
    links = [f"{above}{name}" for name in pages]
    write_output(front, as_class_page(found, points, links).encode())
    for name, page in pages.items():
        write_output(folder / name, page.encode())


def read_names(text: str | None) -> list[str]:
    """Read names that are joined by commas."""
    names = [name.strip() for name in (text or "").split(",") if name.strip()]
    return list(as_selectors(names))


def read_points(text: str | None) -> dict[str, float] | None:
    """Read points per part, such as ``forward=4,dx=3``."""
    if text is None:
        return None
    points: dict[str, Any] = {}
    for item in text.split(","):
        name, _, number = item.strip().partition("=")
        try:
            points[name] = float(number)
        except ValueError:
            raise ValueError(
                f"--points must be like forward=4,dx=3, got {item.strip()!r}"
            ) from None
    return as_points(points)


def read_weights(path: Path | None) -> dict[str, float]:
    """Read points per law, and refuse names that no law has."""
    if path is None:
        return {}
    require_readable(path)  # not a pipe, on which it would wait
    if path.stat().st_size > MAX_WEIGHTS_BYTES:
        raise ValueError(f"{path}: has more than {MAX_WEIGHTS_BYTES} bytes")
    try:
        weights: Any = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: is no JSON: {error}") from error
    names = [law.name for law in LAWS]
    for name, points in weights.items() if isinstance(weights, dict) else ():
        if name not in names:
            raise ValueError(f"{path}: {name!r} is no law; laws are {', '.join(names)}")
        is_number = isinstance(points, int | float) and not isinstance(points, bool)
        if not is_number or not 0 <= points <= MAX_POINTS:
            raise ValueError(
                f"{path}: the points of {name!r} must be a number from 0 on, got "
                f"{quoted(points)}; at most {MAX_POINTS}"
            )
    if not isinstance(weights, dict):
        raise ValueError(f'{path}: must be like {{"{names[1]}": 2}}')
    return weights
