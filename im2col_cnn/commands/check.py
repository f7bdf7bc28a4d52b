"""Check somebody's convolution and pooling, and name what is wrong with them."""

import os
import tempfile
from pathlib import Path
from typing import Annotated, Literal

from typer import Argument, Option

from .._typing import Ties
from .arguments import BadInputError, refusing, require_extra
from .workers import Scheduler

__all__ = ["check"]

DialectName = Literal[
    "alescontrela",
    "classes",
    "cmu",
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
        Argument(metavar="FILE...", help="Scripts and notebooks, and folders of them."),
    ],
    *,
    dialect: Annotated[
        DialectName | None,
        Option(help="Whose names to look for.", show_default="guessed from the names"),
    ] = None,
    ties: Annotated[
        Ties | None,
        Option(help="How tied maxima must share.", show_default="any rule will do"),
    ] = None,
    examples: Annotated[int, Option(min=1, help="Inputs per law.")] = 25,
    seed: Annotated[
        int, Option(min=0, help="The same seed draws the same inputs.")
    ] = 0,
    strict: Annotated[
        bool, Option("--strict", help="Let advice count as well.")
    ] = False,
    seconds: Annotated[
        float, Option(min=0.1, max=86_400, help="How long one call may take.")
    ] = 5.0,
    total_seconds: Annotated[
        float | None,
        Option(
            min=0.1,
            max=86_400,
            help="How long a file may take: slow functions get fewer examples.",
            show_default="20, more for more examples",
        ),
    ] = None,
    memory: Annotated[
        int, Option(min=256, help="Megabytes that a file may use.")
    ] = 2048,
    adapter: Annotated[
        Path | None,
        Option(metavar="FILE.py", help="A file that says how to call other functions."),
    ] = None,
    python: Annotated[
        str | None,
        Option(
            metavar="PATH",
            help="The Python that runs the files, with a NumPy from 1.23 on.",
            show_default="this one",
        ),
    ] = None,
    only: Annotated[
        str | None,
        Option(
            metavar="NAME,...",
            help="The functions or parts to report on: conv_backward, dx, pool.",
        ),
    ] = None,
    points: Annotated[
        str | None,
        Option(
            metavar="PART=N,...",
            help="Points per part: forward=4,dx=3,max_pool.backward=2.",
            show_default="1 for each part",
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        Option(
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
        Option(
            metavar="FOLDER",
            help="Keep the results of many files, so that none is graded twice.",
            show_default=str(RESULTS_FOLDER),
        ),
    ] = None,
    format_name: Annotated[
        FormatName | None, Option("--format", help="Write what this grader reads.")
    ] = None,
    output: Annotated[
        Path | None,
        Option(
            metavar="OUT",
            help="Where --format goes.",
            show_default="results.json for gradescope, else standard output",
        ),
    ] = None,
    csv_file: Annotated[
        Path | None, Option("--csv", metavar="OUT.csv", help="Write a row per file.")
    ] = None,
    html_file: Annotated[
        Path | None,
        Option(
            "--html",
            metavar="OUT.html",
            help="Write a page to look at; for many files OUT or OUT.html with a "
            "folder of pages.",
        ),
    ] = None,
    json_file: Annotated[
        Path | None, Option("--json", metavar="OUT.json", help="Write a score per law.")
    ] = None,
    weights: Annotated[
        Path | None,
        Option(metavar="WEIGHTS.json", help="Points per law for --json, by its name."),
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
    from ..testing.grading.classroom import belonging_to  # noqa: PLC0415  # see above
    from .check_files import (  # noqa: PLC0415  # see above
        Outputs,
        check_class,
        check_one,
        paths_of,
        read_names,
        read_points,
        read_weights,
    )

    outputs = Outputs(format_name, output, csv_file, html_file, json_file)
    with outputs.written_even_if_refused(files):
        paths = paths_of(files)
        together = belonging_to(paths)
        is_file = len(files) == 1 and not files[0].is_dir()
        is_one = len(together) == 1 and (is_file or len(paths) > 1)
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
        if is_one:
            [(path, also)] = together.items()
            return check_one(path, also, outputs, settings)
        workers = jobs, scheduler
        return check_class(paths, outputs, settings, workers, kept_in(results))


def keep_hypothesis_out_of_this_folder() -> None:
    """Let Hypothesis put what it writes down somewhere else; it asks when imported."""
    folder = Path(tempfile.gettempdir()) / "im2col_cnn_hypothesis"
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(folder))


def kept_in(folder: Path | None) -> Path | None:
    """Return the folder for results; none if the usual one cannot be made."""
    try:
        (folder or RESULTS_FOLDER).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if folder is None:
            return None
        raise BadInputError(f"--results {folder}: {error.strerror}") from error
    return folder or RESULTS_FOLDER
