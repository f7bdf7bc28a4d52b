"""Write a file whole or not at all.

The bytes go to a temporary file in the same folder, are flushed to the disk, and only
then take the name of the target, which is one indivisible step. Whatever happens, the
name stands for the old file or for the new one, never for half of one. On Linux the
temporary file has no name until it is whole, so that a kill leaves nothing.

A file that is open for reading is not replaced, under whatever name.
"""

import io
import os
import secrets
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

__all__ = ["in_use", "keeping", "replacing", "require_writable", "write_whole"]

PROCESS_FILES = Path("/proc/self/fd")  # the files of this process, by number
OPEN_INPUTS: Counter[tuple[int, int]] = Counter()  # by device and number


def in_use(path: Path, files: Iterable[Path]) -> bool:
    """Return whether a path leads to one of some files, by any name or link."""
    if path.exists():
        return any(file.exists() and path.samefile(file) for file in files)
    # Not Path.resolve, which fails where links lead in a circle.
    target = os.path.realpath(path)
    return any(not f.exists() and os.path.realpath(f) == target for f in files)


@contextmanager
def keeping(file: BinaryIO) -> Iterator[None]:
    """Let nothing in this process replace a file as long as it is read."""
    status = os.fstat(file.fileno())
    key = status.st_dev, status.st_ino
    OPEN_INPUTS[key] += 1
    try:
        yield
    finally:
        OPEN_INPUTS[key] -= 1


def require_writable(path: Path) -> None:
    """
    Refuse a path that cannot be written to, before any work.

    Raises
    ------
    OSError
        If the folder is missing or may not be written to, or if `path` names a folder,
        a device, a write-protected file, or one that is being read. Nothing is created.
    """
    folder = path.parent
    if not folder.is_dir():
        raise NotADirectoryError(f"{path}: there is no folder {folder} to write it to")
    if path.exists():
        if not path.is_file():
            kind = "a folder" if path.is_dir() else "not an ordinary file"
            raise FileExistsError(f"{path}: is {kind}, and is not replaced by a file")
        if not os.access(path, os.W_OK):
            raise PermissionError(f"{path}: is write-protected")
        status = path.stat()
        if OPEN_INPUTS[status.st_dev, status.st_ino]:
            raise FileExistsError(f"{path}: is being read here: name another file")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(f"{path}: the folder {folder} may not be written to")


def write_whole(path: Path, content: bytes) -> None:
    """
    Write `content` to `path`, replacing what was there in one step.

    Raises
    ------
    OSError
        If `path` cannot be written; what was there before still is.
    """
    with replacing(path) as file:
        left = memoryview(content)
        while left:  # the system takes 2 GiB at once, at most
            left = left[file.write(left) :]


@contextmanager
def replacing(path: Path) -> Iterator[io.FileIO]:
    """
    Yield a new file to write to, which takes the place of `path` at the end.

    Raises
    ------
    OSError
        If `path` cannot be written; what was there before still is.
    """
    require_writable(path)
    # A link keeps its place: the file it points to is replaced. (Path.resolve would
    # fail where links lead in a circle; there the link is.)
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        with open_new(temporary) as file:
            yield file
            os.fsync(file.fileno())
            give_name(file, temporary)
        if target.exists():  # its permissions stay
            shutil.copymode(target, temporary)
        temporary.replace(target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        kept = "what it held is kept" if target.exists() else "nothing is left of it"
        reason = error.strerror or error
        raise OSError(f"{path}: cannot be written: {reason}; {kept}") from error
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    flush_folder(target.parent)


def open_new(path: Path) -> io.FileIO:
    """Open a new file, without a name for now where the system has such files."""
    # A file without a name is gone when its process is killed.
    if hasattr(os, "O_TMPFILE") and PROCESS_FILES.is_dir():
        with suppress(OSError):  # not every file system has them
            flags = os.O_TMPFILE | os.O_RDWR
            return io.FileIO(os.open(path.parent, flags, 0o666), "r+")
    return io.FileIO(path, "x+")


def give_name(file: io.FileIO, path: Path) -> None:
    """Give a file its name, if it has none."""
    if path.exists():
        return
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        # The descriptor leads Python to linkat, which follows the link to the file.
        os.link(PROCESS_FILES / str(file.fileno()), path.name, dst_dir_fd=folder)
    except OSError:  # also where the file system links no file without a name
        file.seek(0)
        with path.open("xb") as copy:
            shutil.copyfileobj(file, copy)
            copy.flush()
            os.fsync(copy.fileno())
    finally:
        os.close(folder)


def flush_folder(folder: Path) -> None:
    """Make the new name survive a power cut, where folders can be opened."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
