"""Set a number for a while: for a block or from now on, in one thread or in all."""

from contextvars import ContextVar
from types import TracebackType
from typing import Protocol, final

__all__ = ["Scoped", "Setting"]


class Variable(Protocol):
    """What holds a number, a ContextVar say."""

    @property
    def name(self) -> str:
        """What the setter is called."""

    def get(self) -> int | None:
        """Return the number in force."""

    def set(self, number: int | None, /) -> object:
        """Put another in its place."""


@final
class Setting:
    """A number that each thread, or each asyncio task, may set for itself."""

    def __init__(self, name: str) -> None:
        self.value: ContextVar[int | None] = ContextVar(name, default=None)

    def get(self) -> int | None:
        """Return the number in force here, or None if none was set."""
        return self.value.get()

    def set(self, number: int) -> "Scoped":
        """Set it at once; the end of a ``with`` block, if there is one, undoes that."""
        before = self.value.get()
        self.value.set(number)
        return Scoped(self.value, before)


@final
class Scoped:
    """What a setter returns: use it in a ``with`` statement, or drop it."""

    def __init__(self, value: Variable, before: int | None) -> None:
        self.value, self.before = value, before

    def __repr__(self) -> str:
        """Say what holds now."""
        return f"{self.value.name}({self.value.get()})"

    def __enter__(self) -> None:
        """Go on; the number was set when this was made."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Set what was set before."""
        self.value.set(self.before)
