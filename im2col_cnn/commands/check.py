"""Check somebody's convolution and pooling, and name what is wrong with them."""

import json
import math
import os
import tempfile
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from .._typing import Ties
from .arguments import (
    BadInputError,
    refusing,
    require_extra,
    require_outputs,
    write_output,
)
from .terminal import open_screen, say

__all__ = ["check"]


DialectName = Literal["coursera", "notebook", "cs231n", "cmu", "native", "torch"]


def check(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A script or a notebook.")
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
        float, typer.Option(min=0.1, help="How long one call may take.")
    ] = 5.0,
    total_seconds: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="How long all of it should take: slow functions get fewer examples.",
            show_default="20, more for more examples",
        ),
    ] = None,
    memory: Annotated[
        int, typer.Option(min=256, help="Megabytes that the file may use.")
    ] = 2048,
    json_file: Annotated[
        Path | None,
        typer.Option("--json", metavar="OUT.json", help="Write scores for a grader."),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(
            metavar="WEIGHTS.json", help="Points per law for --json, by its name."
        ),
    ] = None,
    html_file: Annotated[
        Path | None,
        typer.Option("--html", metavar="OUT.html", help="Write a page to look at."),
    ] = None,
) -> int:
    """
    Hold the convolution and the pooling in a file to laws, and name their bugs.

    Ends with status 0 if all laws hold, 1 if some do not, 2 if the file cannot be
    checked. The file runs in a process of its own, within limits of time and memory;
    that keeps accidents apart, but it is no sandbox: only check what you would run.
    """
    require_extra("hypothesis", "testing", purpose="check")
    keep_hypothesis_out_of_this_folder()
    # The laws need Hypothesis, which takes a moment to load and may be missing.
    from ..testing.grading.grader import check_module  # noqa: PLC0415  # see above
    from ..testing.grading.report_html import as_html  # noqa: PLC0415  # see above
    from ..testing.grading.report_json import as_json  # noqa: PLC0415  # see above
    from ..testing.isolation.loader import HomeworkError  # noqa: PLC0415  # see above

    with refusing():
        require_outputs({"--json": json_file, "--html": html_file}, file, weights)
        points = read_weights(weights)
    try:
        report = check_module(
            file,
            dialect=dialect,
            ties=ties,
            seed=seed,
            examples=examples,
            strict=strict,
            seconds=seconds,
            total_seconds=total_seconds,
            megabytes=memory,
        )
    except HomeworkError as error:
        raise BadInputError(error) from error
    if json_file is not None:
        write_output(json_file, as_json(report, points).encode())
    if html_file is not None:
        write_output(html_file, as_html(report).encode())
    screen = open_screen()
    for line in str(report).splitlines():
        say(screen, line)
    return 0 if report.ok else 1


def keep_hypothesis_out_of_this_folder() -> None:
    """Let Hypothesis put what it writes down somewhere else; it asks when imported."""
    folder = Path(tempfile.gettempdir()) / "im2col_cnn_hypothesis"
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(folder))


def read_weights(path: Path | None) -> dict[str, float]:
    """Read points per law, and refuse names that no law has."""
    from ..testing.laws.table import LAWS  # noqa: PLC0415  # as above

    if path is None:
        return {}
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
        if not is_number or not 0 <= points < math.inf:
            raise ValueError(
                f"{path}: the points of {name!r} must be a number from 0 on, "
                f"got {points!r}"
            )
    if not isinstance(weights, dict):
        raise ValueError(f'{path}: must be like {{"{names[1]}": 2}}')
    return weights
