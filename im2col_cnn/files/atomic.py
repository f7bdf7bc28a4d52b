"""Write a file whole or not at all.

The bytes go to a temporary file in the same folder, are flushed to the disk, and only
then take the name of the target, which is one indivisible step. Whatever happens, the
name stands for the old file or for the new one, never for half of one.
"""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["replacing", "require_writable", "write_whole"]


def require_writable(path: Path) -> None:
    """
    Refuse a path that cannot be written to, before any work.

    Raises
    ------
    OSError
        If the folder is missing or may not be written to, or if `path` names a folder,
        a device or a write-protected file. Nothing is created.
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
    with replacing(path) as temporary:
        temporary.write_bytes(content)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """
    Hand out another path to write to, which takes the place of `path` at the end.

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
        yield temporary
        if target.exists():  # its permissions stay
            shutil.copymode(target, temporary)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
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


def flush_folder(folder: Path) -> None:
    """Make the new name survive a power cut, where folders can be opened."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
