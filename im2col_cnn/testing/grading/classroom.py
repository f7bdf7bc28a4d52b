"""Grade the files of a class: find them, grade each once, keep what was found.

`check_files` yields a `GradedFile` as soon as there is one. A file that crashes or
hangs is a result like any other, and stops none of the rest.
"""

import hashlib
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ..._checks import printable
from ..._version import __version__
from ...files.atomic import write_whole
from ...nn.workers import Workers
from ..isolation.loader import HomeworkError
from .graded_file import GradedFile, failed, grade_file
from .points import as_selectors

__all__ = [
    "belonging_to",
    "check_files",
    "find_files",
    "limit_of",
    "names_of",
    "only_imported",
]

SUFFIXES = (".py", ".ipynb")
NOT_HOMEWORK = {"__pycache__", "__MACOSX", "node_modules", "site-packages", "venv"}


def find_files(paths: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """
    Return files as they are named, and the scripts and notebooks inside folders.

    Parameters
    ----------
    paths : iterable of path
        Files and folders. What is hidden, or an environment, is left out of folders.

    Returns
    -------
    list of Path
        Each once, those of a folder in the order of their names.

    Raises
    ------
    HomeworkError
        If a folder has none.
    """
    found: dict[Path, None] = {}
    for path in map(Path, paths):
        if not path.is_dir():
            found[path] = None
            continue
        inside = sorted(scripts_in(path))
        if not inside:
            raise HomeworkError(f"{path}: has no file that ends in .py or .ipynb")
        found.update(dict.fromkeys(inside))
    return list(found)


def scripts_in(folder: Path) -> Iterator[Path]:
    """Yield the scripts and notebooks below a folder; links to folders lead nowhere."""
    for root, folders, files in os.walk(folder):
        folders[:] = [
            name
            for name in folders
            if name[0] not in "._" and name not in NOT_HOMEWORK
            if not (Path(root) / name / "pyvenv.cfg").exists()
        ]
        for name in files:
            if name.endswith(SUFFIXES) and name[0] != "." and name != "__init__.py":
                yield Path(root) / name


PIECE = re.compile(r"\d+-(conv|pool)_(forward|backward)")


def belonging_to(paths: Sequence[Path]) -> dict[Path, list[Path]]:
    """
    Put files together that are one homework in pieces, a function in each.

    Parameters
    ----------
    paths : sequence of Path

    Returns
    -------
    dict
        From each file to those that belong to it: from ``0-conv_forward.py`` to
        ``1-pool_forward.py`` and the like in its folder.
    """
    first: dict[Path, Path] = {}
    found: dict[Path, list[Path]] = {}
    for path in paths:
        is_piece = PIECE.fullmatch(path.stem) is not None
        if is_piece and first.setdefault(path.parent, path) != path:
            found[first[path.parent]].append(path)
        else:
            found[path] = []
    return found


def names_of(paths: Sequence[Path]) -> list[str]:
    """Return the paths below the folder that all of them share.

    Of files that belong together, the first and the last are named.
    """
    together = belonging_to(paths)
    if len(paths) < 2:
        return [path.name for path in paths]
    shared = Path(os.path.commonpath([path.absolute().parent for path in paths]))
    return [
        printable(str(path.absolute().relative_to(shared)))
        + (f" to {also[-1].name}" if also else "")
        for path, also in together.items()
    ]


IMPORT = re.compile(
    r"^\s*(?:from|import)\s+\.*([\w.]+)|import_module\(['\"](.+?)['\"]", re.MULTILINE
)


def only_imported(paths: Sequence[Path], results: Sequence[GradedFile]) -> list[int]:
    """
    Find the files that have nothing to grade, and are there for others to import.

    Parameters
    ----------
    paths : sequence of Path
    results : sequence of GradedFile
        What became of each.

    Returns
    -------
    list of int
        Their places in both.
    """
    wanted = {
        (path.parent, name)
        for path, result in zip(paths, results, strict=True)
        if result.status < 2
        for match in IMPORT.finditer(text_of(path))
        for name in (match[1] or match[2]).split(".")
    }
    return [
        place
        for place, (path, result) in enumerate(zip(paths, results, strict=True))
        if result.status == 2
        and any((folder, path.stem) in wanted for folder in path.parents)
    ]


IMPORT_SECONDS = 60.0  # seconds for what a file imports


def limit_of(total_seconds: float | None, examples: int) -> float:
    """Return after how many seconds a grading that should long be done is ended."""
    seconds = 20.0 * max(1.0, examples / 25) if total_seconds is None else total_seconds
    return IMPORT_SECONDS + 5 * seconds


def check_files(
    paths: Iterable[str | os.PathLike[str]],
    *,
    executor: Executor | None = None,
    results: str | os.PathLike[str] | None = None,
    **settings: Any,
) -> Iterator[GradedFile]:
    """
    Grade many files, each in a process of its own.

    Parameters
    ----------
    paths : iterable of path
        Files, and folders of them.
    executor : concurrent.futures.Executor, optional
        What to grade them with, several at a time; by default one after another. What
        it is given, and what it returns, can be pickled.
    results : path, optional
        A folder that keeps what was found. A file whose content, whose imports and
        whose settings are the same is not graded again.
    **settings
        As for `check_module`, but without `also`: which files belong together is told
        by their names.

    Yields
    ------
    GradedFile
        One per file, as soon as it is known; those that were kept come first. Files
        named like ``0-conv_forward.py`` and ``1-pool_forward.py`` in one folder are one
        homework in pieces, with one result.

    See Also
    --------
    check_module : Grade one file, and keep the counterexamples as arrays.

    Examples
    --------
    >>> from im2col_cnn.testing import check_files
    >>> for each in check_files(["anna.py", "ben.py"]):
    ...     print(each.file, "|", each.result, "|", each.summary)
    anna.py | not graded | anna.py: there is no such file
    ben.py | not graded | ben.py: there is no such file
    """
    as_selectors(settings.get("only"))
    if "also" in settings:
        raise TypeError("also is not for check_files: names tell what belongs together")
    files = find_files(paths)
    left = []
    for (path, also), name in zip(
        belonging_to(files).items(), names_of(files), strict=True
    ):
        key = kept_as(results, [path, *also], name, settings)
        if (kept := recall(key)) is not None:
            yield kept
        else:
            told = {**settings, "name": name, "also": [*map(str, also)]}
            left.append((path, told, key))
    if executor is None:
        for path, told, key in left:
            yield keep(grade_file(path, **told), key)
        return
    yield from graded_by(executor, left, settings)


def graded_by(
    executor: Executor,
    left: Iterable[tuple[Path, Mapping[str, Any], Path | None]],
    settings: Mapping[str, Any],
) -> Iterator[GradedFile]:
    """Yield what workers find, as soon as it is known; that they are lost is, too."""
    grade: Callable[..., GradedFile] = grade_apart
    if isinstance(executor, Workers):
        grade = grade_file
    waiting: dict[Future[GradedFile], tuple[str, Path | None]] = {}
    for path, told, key in left:
        name = told["name"]
        try:
            future = executor.submit(grade, str(path), **told)
        except Exception as error:  # it is closed, say
            yield failed(name, f"{name}: the grader was stopped: {error}")
        else:
            waiting[future] = name, key
    # What takes half as long is ended where it runs; so if none comes, there is none.
    limit = 2 * limit_of(settings.get("total_seconds"), settings.get("examples") or 25)
    while waiting:
        done, _ = wait(waiting, limit, FIRST_COMPLETED)
        for future in done or list(waiting):
            name, key = waiting.pop(future)
            try:
                result = future.result(0)
            except Exception as error:  # of the executor: its process died, say
                future.cancel()
                why = str(error) or type(error).__name__
                if not done:
                    why = f"no file was graded for {limit:g} s"
                yield failed(name, f"{name}: the grader was stopped: {why}")
            else:
                yield keep(result, key)


def grade_apart(path: str, *, name: str, **settings: Any) -> GradedFile:
    """Grade a file in a new process: what else was loaded changes what is drawn."""
    limit = limit_of(settings.get("total_seconds"), settings.get("examples") or 25)
    with Workers(1, seconds=limit) as executor:
        call = executor.submit(grade_file, path, name=name, **settings)
        found: GradedFile = call.result()
        return found


# What was found already --------------------------------------------------------------


def kept_as(
    folder: str | os.PathLike[str] | None,
    paths: Sequence[Path],
    name: str,
    settings: Mapping[str, Any],
) -> Path | None:
    """Return the file that keeps, or will keep, what was found out about another."""
    if folder is None:
        return None
    told = {"name": name, "settings": dict(settings)}
    key = hashlib.sha256(json.dumps(told, sort_keys=True, default=content).encode())
    key.update(fingerprint().encode())
    for path in paths:
        for each in [path, *read_along(path)]:
            key.update(content(each).encode())
    return Path(folder) / f"{key.hexdigest()[:32]}.json"


def content(path: Any) -> str:
    """Return a digest of what a file holds, or the text of anything else."""
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except (OSError, TypeError, ValueError):
        return repr(path)


@cache
def fingerprint() -> str:
    """Return a digest of this grader: another one may find something else."""
    folder = Path(__file__).parents[1]
    versions = __version__, np.__version__, sys.version
    digest = hashlib.sha256(repr(versions).encode())
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def read_along(path: Path) -> list[Path]:
    """Return the scripts beside a file that it names, and those that these name."""
    beside = [*path.parent.glob("*.py"), *path.parent.glob("*/*.py")]
    found: dict[Path, None] = {path: None}
    for each in found_so_far(found):
        words = set(re.findall(r"[\w-]+", text_of(each)))
        found.update(dict.fromkeys(other for other in beside if other.stem in words))
    return [each for each in found if each != path]


def found_so_far(found: dict[Path, None]) -> Iterator[Path]:
    """Yield the keys of a dict that grows meanwhile."""
    number = 0
    while number < len(found):
        yield list(found)[number]
        number += 1


def text_of(path: Path) -> str:
    """Return what a file says, as far as it can be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def recall(key: Path | None) -> GradedFile | None:
    """Return what was kept, if it was and can be read."""
    if key is None:
        return None
    try:
        return GradedFile.from_json(key.read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def keep(result: GradedFile, key: Path | None) -> GradedFile:
    """Keep a result; what was not graded may be next time, with a package more."""
    if key is not None and result.status < 2:
        key.parent.mkdir(parents=True, exist_ok=True)
        write_whole(key, result.to_json().encode())
    return result
