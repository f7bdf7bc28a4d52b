"""A file for HDF5 to write to, which keeps the first failure until it is asked for.

HDF5 does not let go of a file that it cannot write to: each of its objects complains on
standard error when it ends, and the file stays open. So the bytes are written here. The
first failure is kept, and all that comes after it is dropped: the file is going to be
thrown away.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager

import h5py

__all__ = ["Sink", "writing"]


class Sink:
    """A file whose writes never raise; `failure` is the first error."""

    def __init__(self, file: io.FileIO) -> None:
        self.failure: OSError | None = None
        self.seek, self.tell, self.flush = file.seek, file.tell, file.flush
        self.read, self.readinto = file.read, file.readinto
        self.file = file

    def write(self, content: memoryview) -> int:
        """Write all of it, or keep the error."""
        left = content
        try:
            while self.failure is None and left:
                left = left[self.file.write(left) :]
        except OSError as error:
            self.failure = error
        return len(content)

    def truncate(self, size: int) -> int:
        """Set the length of the file, or keep the error."""
        try:
            if self.failure is None:
                self.file.truncate(size)
        except OSError as error:
            self.failure = error
        return size

    def require_room(self) -> None:
        """
        Refuse to go on when something could not be written.

        Raises
        ------
        OSError
            The first failure.
        """
        if self.failure is not None:
            raise self.failure


@contextmanager
def writing(opened: io.FileIO) -> Iterator[tuple[h5py.File, Sink]]:
    """
    Write HDF5 to an open file.

    Raises
    ------
    OSError
        At the end, if something could not be written; `Sink.require_room` tells
        earlier.
    """
    sink = Sink(opened)
    with h5py.File(sink, "w") as file:
        yield file, sink
    sink.require_room()
