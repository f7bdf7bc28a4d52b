"""The bytes of an open file, and whether it has changed since it was opened.

A file may be written anew while a network learns from it. Its labels are in memory
then, and images that belong to other labels would be worse than none.

Everything is read at a place of its own, HDF5's own numbers included: forked processes
share the position of an open file, and would read from where another one has left it.
"""

import io
import os
from hashlib import sha256
from threading import Lock
from typing import BinaryIO, NamedTuple

__all__ = ["Content", "Identity"]

SAMPLES = 64  # places of a file that its identity looks at
SAMPLE_BYTES = 4096


class Identity(NamedTuple):
    """What a file is recognised by, also as a copy: its length, and a digest."""

    length: int
    digest: str

    def __str__(self) -> str:
        """Return both in words that tell two files of one name apart."""
        return f"{self.length} bytes with digest {self.digest[:8]}"


class Content(io.RawIOBase):
    """
    The bytes of an open file, for any number of threads and forked processes.

    Parameters
    ----------
    file : binary file
        Open as long as this is used, or in memory.
    base : int, default 0
        Where HDF5 begins; all places are counted from here. Whether HDF5 itself counts
        a block of another program before it depends on its version.

    Notes
    -----
    As HDF5 reads it, it is a file with a position; this position is in memory, and
    every process has its own.
    """

    def __init__(self, file: BinaryIO, base: int = 0) -> None:
        self.source, self.lock, self.position = file, Lock(), 0
        self.base, self.length = base, file.seek(0, os.SEEK_END) - base
        self.opened = self.state()

    def state(self) -> tuple[int, int] | None:
        """Return size and time of the last change; None for bytes in memory."""
        try:
            status = os.fstat(self.source.fileno())
        except OSError:  # bytes in memory are no file of the system
            return None
        return status.st_size, status.st_mtime_ns

    def require_unchanged(self) -> None:
        """Refuse a file that was written to since it was opened."""
        if self.state() != self.opened:
            raise ValueError("the file has changed since it was opened")

    def identity(self) -> Identity:
        """Return length and digest of the file: of all of it, or of 64 pieces."""
        step = max(SAMPLE_BYTES, self.length // SAMPLES)
        digest = sha256()
        for start in range(0, self.length, step):
            size = min(SAMPLE_BYTES, self.length - start)
            digest.update(self.read_at(start, size))
        return Identity(self.length, digest.hexdigest())

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
        content = self.pieces(start, size)
        self.require_unchanged()
        return content

    def head(self, size: int) -> bytes:
        """Return the first bytes of the file, whatever they are."""
        return self.pieces(-self.base, size)

    def pieces(self, start: int, size: int) -> bytes:
        """Return bytes at a place, fewer where the file ends."""
        start += self.base
        if self.opened is None or not hasattr(os, "pread"):  # nothing forks there
            with self.lock:
                self.source.seek(start)
                return self.source.read(size)
        pieces, left = [], size
        while left > 0:  # the system gives 2 GiB at once, at most
            piece = os.pread(self.source.fileno(), left, start + size - left)
            if not piece:
                break
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Set the position from which HDF5 reads next."""
        starts = {os.SEEK_SET: 0, os.SEEK_CUR: self.position, os.SEEK_END: self.length}
        self.position = starts[whence] + offset
        return self.position

    def tell(self) -> int:
        """Return the position from which HDF5 reads next."""
        return self.position

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]  # all that HDF5 hands in
        """Fill a buffer from the position on, with zeros behind the end of the file."""
        view = memoryview(buffer).cast("B")
        content = self.pieces(self.position, len(view))
        view[: len(content)] = content
        view[len(content) :] = bytes(len(view) - len(content))
        self.position += len(content)
        return len(content)
