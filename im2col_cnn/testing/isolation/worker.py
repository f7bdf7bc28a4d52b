"""Run somebody's homework in a process of its own; `isolation` talks to it.

    python -m im2col_cnn.testing.isolation.worker

Requests come in and answers go out as pickles, through copies of the standard streams.
The homework gets others: nothing to read, and a file for whatever it prints.
"""

import io
import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ..dialects.dialect import Offer
from ..dialects.table import DIALECTS, guess
from ..laws.subject import SubjectError
from .loader import Account, HomeworkError, load
from .process import MAX_CACHES

__all__ = ["main"]

MAX_PRINTED_LETTERS = 2000  # characters


def main() -> None:
    """Answer requests until there are no more."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    printed, megabytes = sys.argv[1], int(sys.argv[2])
    redirect(printed)
    limit_memory(megabytes)
    server = Server()
    while (request := read(requests)) is not None:
        pickle.dump(server.answer(*request), answers)
        answers.flush()


def read(requests: BinaryIO) -> Any:
    """Return the next request, or None where there is none."""
    try:
        return pickle.load(requests)  # from our own parent
    except EOFError:
        return None


class Scrap(io.TextIOBase):
    """Keep the first of what is printed in a file, and let go of the rest."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor, self.left = descriptor, MAX_PRINTED_LETTERS

    def write(self, text: str) -> int:
        """Keep what there is room for."""
        kept = text[: self.left]
        self.left -= len(kept)
        os.write(self.descriptor, kept.encode(errors="replace"))
        return len(text)

    def close(self) -> None:
        """Stay open, whatever the homework does."""


def redirect(printed: str) -> None:
    """Let what is printed go to a file, and give nothing to read."""
    nothing = os.open(os.devnull, os.O_RDWR)
    file = os.open(printed, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for stream in range(3):  # for what is not written in Python
        os.dup2(nothing, stream)
    sys.stdout = sys.stderr = Scrap(file)


def limit_memory(megabytes: int) -> None:
    """Let the system refuse memory beyond a limit, and files of more than 16 MB."""
    try:
        import resource  # noqa: PLC0415  # not on every system
    except ImportError:
        return
    limits = {resource.RLIMIT_AS: megabytes << 20, resource.RLIMIT_FSIZE: 16 << 20}
    for kind, limit in limits.items():
        _, hard = resource.getrlimit(kind)
        if hard == resource.RLIM_INFINITY or limit < hard:
            resource.setrlimit(kind, (limit, hard))


class Server:
    """The homework, once it is loaded, and the caches that it returned."""

    def __init__(self) -> None:
        self.offers: list[Offer] = []
        self.account = Account()
        self.caches: dict[int, Any] = {}
        self.count = 0

    def answer(self, request: str, *arguments: Any) -> tuple[str, Any]:
        """Do what is asked, and return ``("ok", result)`` or what went wrong."""
        serve: dict[str, Callable[..., Any]] = {
            "load": self.load,
            "forward": self.forward,
            "backward": self.backward,
        }
        try:
            with np.errstate(all="ignore"):
                return "ok", serve[request](*arguments)
        except SubjectError as error:
            why = self.account.explain(error.__cause__)
            return "failed", (f"{error}{why}", error.kind, error.detail)
        except HomeworkError as error:
            return "refused", str(error)
        except Exception as error:
            kind, text = type(error).__name__, str(error)
            return "failed", (f"a result could not be used: {kind}: {text}", kind, text)

    def load(self, path: str, dialect: str | None) -> dict[str, Any]:
        """Load a file, and say what it offers."""
        homework = load(Path(path))
        self.account = homework.account
        names = {name: it for name, it in homework.names.items() if callable(it)}
        chosen = DIALECTS[dialect] if dialect else guess(names)
        if chosen is None or not chosen.found(names):
            wanted = [chosen] if chosen else DIALECTS.values()
            words = "; ".join(
                f"{each.name}: {', '.join(each.names)}" for each in wanted
            )
            raise HomeworkError(
                f"{path} defines no function to check; looked for {words}"
                + "".join(f"; {trouble}" for trouble in homework.account.trouble)
            )
        self.offers = chosen.read(names)
        found = chosen.found(names)
        return {
            "dialect": chosen.name,
            "missing": [name for name in chosen.names if name not in found],
            "trouble": homework.account.trouble,
            "offers": [
                (each.kind, each.name, each.support, each.graded, each.claims)
                for each in self.offers
            ],
            "backwards": [each.backward is not None for each in self.offers],
        }

    def forward(self, offer: int, arrays: tuple[Any, ...], settings: Any) -> Any:
        """Call a forward; return the output, a number for the cache, the arguments."""
        y, cache = self.offers[offer].forward(*arrays, **settings)
        self.count += 1
        self.caches[self.count] = cache
        self.caches.pop(self.count - MAX_CACHES, None)
        return plain(y), self.count, arrays

    def backward(self, offer: int, dy: Any, cache: int) -> Any:
        """Call a backward; return the gradients, and the argument."""
        backward = self.offers[offer].backward
        assert backward is not None
        found = backward(dy, self.caches[cache])
        if isinstance(found, tuple):
            return tuple(map(plain, found)), dy
        return plain(found), dy


def plain(array: Any) -> Any:
    """Return an array of NumPy's own class."""
    return np.asarray(array)


if __name__ == "__main__":
    main()
