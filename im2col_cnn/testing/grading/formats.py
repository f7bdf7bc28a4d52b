"""The catalogue of formats in which courses' own graders take results."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from .graded_file import GradedFile
from .points import Points
from .report_codegrade import as_codegrade
from .report_gradescope import as_gradescope
from .report_junit import as_junit
from .report_vpl import as_vpl
from .results_json import as_json_of_files

__all__ = ["FORMATS", "Format"]


class Format(NamedTuple):
    """How to write results, and where they go unless told otherwise."""

    write: Callable[[Sequence[GradedFile], Points | None], str]
    output: str = ""  # a file in the current folder; standard output if empty


FORMATS = {
    "gradescope": Format(as_gradescope, "results.json"),
    "vpl": Format(as_vpl),
    "codegrade": Format(as_codegrade),
    "junit": Format(as_junit),
    "json": Format(as_json_of_files),
}
