"""Check somebody's convolution and pooling, and name what is wrong with them."""

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from .._checks import quoted
from .._typing import Ties
from ..files.hdf5.source import require_readable
from ..tiling.threads import usable_cpus
from .arguments import (
    BadInputError,
    refusing,
    require_extra,
    require_outputs,
    write_output,
)
from .terminal import open_screen, say
from .workers import Scheduler, working

if TYPE_CHECKING:
    from ..testing.grading.graded_file import GradedFile

__all__ = ["check"]

MAX_WEIGHTS_BYTES = 2**20
MAX_POINTS = 1_000_000_000
DialectName = Literal[
    "alescontrela",
    "classes",
    "cmu",
    "cmu-1d",
    "coursera",
    "cs231n",
    "dlcourse",
    "eecs",
    "fau",
    "functions",
    "gatech",
    "holberton",
    "independent",
    "native",
    "notebook",
    "saitoh",
    "torch",
    "zhou",
]
FormatName = Literal["gradescope", "vpl", "codegrade", "junit", "json"]
RESULTS_FOLDER = Path(".im2col_cnn_check")


def check(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...", help="Scripts and notebooks, and folders of them."
        ),
    ],
    *,
    dialect: Annotated[
        DialectName | None,
        typer.Option(
            help="Whose names to look for.", show_default="guessed from the names"
        ),
    ] = None,
    ties: Annotated[
        Ties | None,
        typer.Option(
            help="How tied maxima must share.", show_default="any rule will do"
        ),
    ] = None,
    examples: Annotated[int, typer.Option(min=1, help="Inputs per law.")] = 25,
    seed: Annotated[
        int, typer.Option(min=0, help="The same seed draws the same inputs.")
    ] = 0,
    strict: Annotated[
        bool, typer.Option("--strict", help="Let advice count as well.")
    ] = False,
    seconds: Annotated[
        float, typer.Option(min=0.1, max=86_400, help="How long one call may take.")
    ] = 5.0,
    total_seconds: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            max=86_400,
            help="How long a file may take: slow functions get fewer examples.",
            show_default="20, more for more examples",
        ),
    ] = None,
    memory: Annotated[
        int, typer.Option(min=256, help="Megabytes that a file may use.")
    ] = 2048,
    adapter: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.py", help="A file that says how to call other functions."
        ),
    ] = None,
    python: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="The Python that runs the files, with a NumPy from 1.23 on.",
            show_default="this one",
        ),
    ] = None,
    only: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,...",
            help="The functions or parts to report on: conv_backward, dx, pool.",
        ),
    ] = None,
    points: Annotated[
        str | None,
        typer.Option(
            metavar="PART=N,...",
            help="Points per part: forward=4,dx=3,max_pool.backward=2.",
            show_default="1 for each part",
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            "--workers",
            min=1,
            help="Files at the same time.",
            show_default="as many as cores",
        ),
    ] = None,
    scheduler: Scheduler = None,
    results: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Keep the results of many files, so that none is graded twice.",
            show_default=str(RESULTS_FOLDER),
        ),
    ] = None,
    format_name: Annotated[
        FormatName | None,
        typer.Option("--format", help="Write what this grader reads."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="OUT",
            help="Where --format goes.",
            show_default="results.json for gradescope, else standard output",
        ),
    ] = None,
    csv_file: Annotated[
        Path | None,
        typer.Option("--csv", metavar="OUT.csv", help="Write a row per file."),
    ] = None,
    html_file: Annotated[
        Path | None,
        typer.Option(
            "--html",
            metavar="OUT.html",
            help="Write a page to look at; for many files OUT or OUT.html with a "
            "folder of pages.",
        ),
    ] = None,
    json_file: Annotated[
        Path | None,
        typer.Option("--json", metavar="OUT.json", help="Write a score per law."),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(
            metavar="WEIGHTS.json", help="Points per law for --json, by its name."
        ),
    ] = None,
) -> int:
    """
    Hold the convolution and the pooling in files to laws, and name their bugs.

    Ends with status 0 if all laws hold, 1 if some do not, 2 if a file cannot be
    checked. A file runs in a process of its own, within limits of time and memory;
    that keeps accidents apart, but it is no sandbox: only check what you would run.
    """
    require_extra("hypothesis", "testing", purpose="check")
    keep_hypothesis_out_of_this_folder()
    # The laws need Hypothesis, which takes a moment to load and may be missing.
    from ..testing.grading.classroom import find_files  # noqa: PLC0415  # see above

    outputs = Outputs(format_name, output, csv_file, html_file, json_file)
    with outputs.written_even_if_refused(files):
        is_class = len(files) > 1 or files[0].is_dir()
        with refusing_homework():
            paths = find_files(files)
        with refusing():
            outputs.require(paths, weights)
            settings = {
                "dialect": dialect,
                "ties": ties,
                "seed": seed,
                "examples": examples,
                "strict": strict,
                "seconds": seconds,
                "total_seconds": total_seconds,
                "megabytes": memory,
                "python": python,
                "adapter": adapter,
                "only": read_names(only),
                "weights": read_weights(weights),
            }
            outputs.points = read_points(points)
        if is_class:
            return check_class(paths, outputs, settings, (jobs, scheduler), results)
        return check_one(paths[0], outputs, settings)


def check_one(path: Path, outputs: "Outputs", settings: dict[str, Any]) -> int:
    """Grade one file, and print its report."""
    from ..testing.grading.graded_file import grade_file  # noqa: PLC0415  # as above

    result = grade_file(path, name=path.name, **settings)
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
    outputs: "Outputs",
    settings: dict[str, Any],
    workers: tuple[int | None, str | None],
    results: Path | None,
) -> int:
    """Grade many files, and print a table as it goes."""
    from ..testing.grading.classroom import (  # noqa: PLC0415  # as above
        check_files,
        limit_of,
        names_of,
        only_imported,
    )
    from .check_table import show_bugs, show_rows  # noqa: PLC0415  # as above

    limit = limit_of(settings["total_seconds"], settings["examples"])
    jobs, scheduler = workers
    count = min(len(paths), jobs or usable_cpus()) if scheduler is None else jobs
    folder = kept_in(results)
    names = names_of(paths)
    screen = open_screen()
    screen.quiet = not outputs.leaves_standard_output
    with ExitStack() as stack:
        with refusing():
            engaged = stack.enter_context(working(count, scheduler, seconds=limit))
        executor = engaged.cluster.executor if engaged.cluster else None
        with refusing(OSError):
            coming = check_files(paths, executor=executor, results=folder, **settings)
            found = show_rows(screen, coming, names, outputs.points)
    places = {name: place for place, name in enumerate(names)}
    found.sort(key=lambda each: places[each.file])
    aside = only_imported(paths, found)
    for place in aside:
        say(screen, f"{names[place]} is imported by others, so it does not count")
    found = [each for place, each in enumerate(found) if place not in aside]
    show_bugs(screen, found)
    outputs.write(found, is_class=True)
    return max(each.status for each in found)


def kept_in(folder: Path | None) -> Path | None:
    """Return the folder for results; none if the usual one cannot be made."""
    try:
        (folder or RESULTS_FOLDER).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if folder is None:
            return None
        raise BadInputError(f"--results {folder}: {error.strerror}") from error
    return folder or RESULTS_FOLDER


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

    format_name: FormatName | None
    output: Path | None
    csv_file: Path | None
    html_file: Path | None
    json_file: Path | None
    points: dict[str, float] | None = None

    @property
    def place(self) -> Path | None:
        """Return the file that the format goes to; none is standard output."""
        from ..testing.grading.formats import FORMATS  # noqa: PLC0415  # as above

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
        from ..testing.grading.graded_file import failed  # noqa: PLC0415  # as above

        try:
            yield
        except BadInputError as error:
            if self.format_name is not None:
                self.write_format([failed(file.name, str(error)) for file in files[:1]])
            raise

    def write(self, found: "Sequence[GradedFile]", *, is_class: bool = False) -> None:
        """Write all that was asked for."""
        from ..testing.grading.report_csv import as_csv  # noqa: PLC0415  # as above
        from ..testing.grading.results_json import (  # noqa: PLC0415  # as above
            as_json_of_files,
        )

        if self.format_name is not None:
            self.write_format(found)
        if self.csv_file is not None:
            write_output(self.csv_file, as_csv(found, self.points).encode())
        if self.json_file is not None:
            text = as_json_of_files(found, self.points)
            write_output(self.json_file, text.encode())
        if self.html_file is not None:
            write_pages(self.html_file, found, self.points, is_class=is_class)

    def write_format(self, found: "Sequence[GradedFile]") -> None:
        """Write what another grader reads."""
        from ..testing.grading.formats import FORMATS  # noqa: PLC0415  # as above

        assert self.format_name is not None
        text = FORMATS[self.format_name].write(found, self.points)
        if self.place is not None:
            write_output(self.place, text.encode())
        else:
            encoding = sys.stdout.encoding or "utf-8"
            sys.stdout.write(text.encode(encoding, "replace").decode(encoding))


def write_pages(
    place: Path,
    found: "Sequence[GradedFile]",
    points: dict[str, float] | None,
    *,
    is_class: bool,
) -> None:
    """Write the page of one file, or that of a class with a folder of pages."""
    from ..testing.grading.report_class import (  # noqa: PLC0415  # as above
        as_class_page,
        pages_of,
    )

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


@contextmanager
def refusing_homework() -> Iterator[None]:
    """Raise what is wrong with a file as a `BadInputError`."""
    from ..testing.isolation.loader import HomeworkError  # noqa: PLC0415  # as above

    with refusing(HomeworkError):
        yield


def keep_hypothesis_out_of_this_folder() -> None:
    """Let Hypothesis put what it writes down somewhere else; it asks when imported."""
    folder = Path(tempfile.gettempdir()) / "im2col_cnn_hypothesis"
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(folder))


def read_names(text: str | None) -> list[str]:
    """Read names that are joined by commas."""
    from ..testing.grading.points import as_selectors  # noqa: PLC0415  # as above

    names = [name.strip() for name in (text or "").split(",") if name.strip()]
    return list(as_selectors(names))


def read_points(text: str | None) -> dict[str, float] | None:
    """Read points per part, such as ``forward=4,dx=3``."""
    from ..testing.grading.points import as_points  # noqa: PLC0415  # as above

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
    from ..testing.laws.table import LAWS  # noqa: PLC0415  # as above

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
