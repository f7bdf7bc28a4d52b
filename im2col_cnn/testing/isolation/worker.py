"""Run somebody's homework in a process of its own; `isolation` talks to it.

    python .../testing/isolation/start.py PRINTED MEGABYTES

Requests come in and answers go out as pickles, through copies of the standard streams.
The homework gets others: nothing to read, and a file for whatever it prints.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ..dialects.dialect import Offer
from ..dialects.table import DIALECTS, promised, readings
from ..dialects.unknown_classes import obstacles
from ..errors import SubjectError
from .adapter import offers_by
from .loader import Account, HomeworkError, load
from .sandbox import limit_memory, limit_processes, redirect

__all__ = ["MAX_CACHES", "main"]

MAX_CACHES = 32  # laws look back at few


def main() -> None:
    """Answer requests until there are no more."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    printed, megabytes = sys.argv[1], int(sys.argv[2])
    redirect(printed)
    limit_memory(megabytes)
    limit_processes([requests.fileno(), answers.fileno()])
    server, process = Server(), os.getpid()
    while (request := read(requests)) is not None:
        answer = server.answer(*request)
        if os.getpid() != process:  # a function that returned twice
            os._exit(0)
        pickle.dump(answer, answers)
        answers.flush()


def read(requests: BinaryIO) -> Any:
    """Return the next request, or None where there is none."""
    try:
        return pickle.load(requests)  # from our own parent
    except EOFError:
        return None


class Server:
    """The homework, once it is loaded, and the caches that it returned."""

    def __init__(self) -> None:
        self.offers: list[Offer] = []
        self.account = Account()
        self.names: dict[str, Any] = {}
        self.caches: dict[int, Any] = {}
        self.count = 0

    def answer(self, request: str, *arguments: Any) -> tuple[str, Any]:
        """Do what is asked, and return ``("ok", result)`` or what went wrong."""
        serve: dict[str, Callable[..., Any]] = {
            "load": self.load,
            "forward": self.forward,
            "cached": self.cached,
            "backward": self.backward,
            "paste": self.paste,
            "notes": self.notes,
            "obstacles": self.obstacles,
        }
        try:
            with np.errstate(all="ignore"):
                return "ok", serve[request](*arguments)
        except SubjectError as error:
            why = self.account.explain(error.__cause__)
            told = error.kind, error.detail, error.crashed, error.code
            return "failed", (f"{error}{why}", *told)
        except HomeworkError as error:
            return "refused", str(error)
        except Exception as error:
            kind, text = type(error).__name__, str(error)
            problem = f"a result could not be used: {kind}: {text}"
            return "failed", (problem, kind, text, False, "")

    def load(
        self, paths: list[str], dialect: str | None, adapter: str | None, tries: bool
    ) -> dict[str, Any]:
        """Load a file, and say what it offers, tried or by its names alone."""
        homework = load(*map(Path, paths))
        self.account = homework.account
        names = {
            name: it
            for name, it in homework.names.items()
            if callable(it) and not is_lent(it)
        }
        self.names = names
        if adapter:
            found, lacks = offers_by(Path(adapter), homework.names)
        else:
            met = len(homework.account.notes)
            found, lacks = readings(names, dialect, tries=tries), []
            # What calls met that were tried, and are not how it is called after all.
            del homework.account.notes[met:]
        asks = "torch" in homework.account.tools
        if not asks or not has_torch():
            if asks and any(offer.needs_torch for _, offer in found):
                homework.account.trouble.append(
                    "it works on PyTorch tensors, and PyTorch is not installed here; "
                    "--python PATH takes another Python"
                )
            found = [(name, offer) for name, offer in found if not offer.needs_torch]
        self.offers = [offer for _, offer in found]
        wanted = [DIALECTS[dialect]] if dialect else list(DIALECTS.values())
        if not found:
            raise HomeworkError(
                nothing_found(paths[0], names, wanted, homework.account)
            )
        return {
            "names": {each.name: each.found(names) for each in wanted},
            "wanted": {each.name: each.names for each in wanted},
            "promised": promised(
                {} if adapter else names, forwards=tries and dialect is None
            ),
            "trouble": homework.account.trouble,
            "lacks": lacks,
            "notes": homework.account.notes,
            "tools": homework.account.tools,
            "offers": [(name, offer.without_functions()) for name, offer in found],
        }

    def paste(self, offer: int, *arguments: Any) -> str:
        """Write a call as a program in the homework's words."""
        paste = self.offers[offer].paste
        assert paste is not None
        return paste(*arguments)

    def notes(self) -> list[str]:
        """Say what was met that is no fault of a convolution."""
        return list(dict.fromkeys(self.account.notes))

    def obstacles(self) -> list[str]:
        """Say what calls of layers end with."""
        return [*obstacles(self.names), *self.notes()]

    def forward(self, offer: int, arrays: tuple[Any, ...], settings: Any) -> Any:
        """Call a forward; return the output, a number for the cache, the arguments."""
        return self.called(self.offers[offer].forward, arrays, settings)

    def cached(self, offer: int, arrays: tuple[Any, ...], settings: Any) -> Any:
        """Make what a backward needs, without a forward."""
        cached = self.offers[offer].cached
        assert cached is not None
        return self.called(cached, arrays, settings)

    def called(
        self, forward: Callable[..., Any], arrays: tuple[Any, ...], settings: Any
    ) -> Any:
        """Call what makes a cache, and keep that here, under a number."""
        y, cache = forward(*arrays, **settings)
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


def nothing_found(path: str, names: Any, wanted: Any, account: Account) -> str:
    """Say that there is nothing to check: what is there, and what was looked for."""
    there = [name for name, value in names.items() if is_own(value)]
    defined = f"it defines {', '.join(there[:12])}" if there else "it defines nothing"
    words = "; ".join(f"{each.name}: {', '.join(each.names)}" for each in wanted)
    more = [*obstacles(names), *account.trouble, *account.notes]
    trouble = "".join(f"; {each}" for each in dict.fromkeys(more))
    return (
        f"{path} defines no function to check: {defined}{trouble}; looked for {words}; "
        "--adapter FILE.py tells how to call others"
    )


def is_lent(value: Any) -> bool:
    """Tell whether a function is a stand-in of ours, or came with this package."""
    module = getattr(value, "__module__", "") or ""
    return module.endswith("isolation.stand_ins")


def has_torch() -> bool:
    """Tell whether PyTorch can be imported."""
    try:
        import torch  # noqa: F401, PLC0415  # only if the homework wants it
    except ImportError:
        return False
    return True


def is_own(value: Any) -> bool:
    """Tell whether the homework has defined something itself."""
    return "homework" in (getattr(value, "__module__", "") or "")


def plain(array: Any) -> Any:
    """Return an array of NumPy's own class."""
    return None if array is None else np.asarray(array)
