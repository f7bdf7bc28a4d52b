"""What an implementation did instead of returning what it should.

This file, `support`, and the folders `dialects` and `isolation` run beside homework:
they need NumPy alone, and the syntax of Python 3.9.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "MISCALLED",
    "NOT_THERE",
    "NOT_WRITTEN",
    "SubjectError",
    "SubjectStoppedError",
    "TimeIsUpError",
]

# Kinds of errors: a template left as it was, a call of what stands in a file that was
# not handed in, and a line of an adapter that cannot be run.
NOT_WRITTEN = "not written"
NOT_THERE = "not there"
MISCALLED = "miscalled"


class SubjectError(Exception):
    """What an implementation did instead of returning what it should."""

    def __init__(
        self, problem: str, kind: str, detail: str = "", part: str = ""
    ) -> None:
        super().__init__(problem)
        self.kind, self.detail = kind, detail  # of the exception it raised, if it did
        self.part = part  # forward or backward, where that is known
        self.crashed = False  # raised by what it called, and not to refuse
        self.code = ""  # of the line of the homework that raised it


class SubjectStoppedError(BaseException):
    """A call that never returned; no law goes on after that, so nothing catches it."""

    def __init__(
        self, problem: str, kind: str, part: str = "", case: Any = None
    ) -> None:
        super().__init__(problem)
        self.kind, self.part = kind, part
        self.case = case  # the call, where that is known


class TimeIsUpError(BaseException):
    """A call that was not made, or not waited for, since the time for all is over."""
