"""The bytes of an open file, and whether it has changed since it was opened.

A file may be written anew while a network learns from it. Its labels are in memory
then, and images that belong to other labels would be worse than none.
"""

import os
from pathlib import Path
from threading import Lock
from typing import BinaryIO

__all__ = ["Content"]


class Content:
    """
    The bytes of an open file, for any number of threads.

    Parameters
    ----------
    file : binary file
        Open as long as this is used, or in memory.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.lock = file, Lock()
        self.length = file.seek(0, os.SEEK_END)
        self.opened = self.state()

    def state(self) -> tuple[int, int] | None:
        """Return size and time of the last change; None for bytes in memory."""
        try:
            status = os.fstat(self.file.fileno())
        except OSError:  # bytes in memory are no file of the system
            return None
        return status.st_size, status.st_mtime_ns

    def is_of(self, path: Path) -> bool:
        """Return whether a path still leads to this file."""
        return os.path.samestat(os.fstat(self.file.fileno()), path.stat())

    def require_unchanged(self) -> None:
        """Refuse a file that was written to since it was opened."""
        if self.state() != self.opened:
            raise ValueError("the file has changed since it was opened")

    def read_at(self, start: int, size: int) -> bytes:
        """
        Return bytes that must be there.

        Raises
        ------
        ValueError
            If the file ends before they do, or has changed.
        """
        if start + size > self.length:
            raise ValueError(f"the file ends before byte {start + size}")
        with self.lock:  # a file has one position, whoever reads
            self.file.seek(start)
            content = self.file.read(size)
        self.require_unchanged()
        return content
