"""An attribute computed at its first use, without a lock.

Drop it when Python 3.12 is the floor: its `functools.cached_property` has no lock.

``functools.cached_property`` of Python 3.11 holds a lock meanwhile, one for all objects
of a class. A child forked at that moment finds it held, and waits forever. Here two
threads may both work a value out, and come to the same.
"""

from collections.abc import Callable
from typing import Any, Generic, TypeVar, final, overload

__all__ = ["lazily"]

Value = TypeVar("Value")


@final
class lazily(Generic[Value]):  # noqa: N801  # a decorator
    """Keep what a method returns in the attribute of its name."""

    def __init__(self, method: Callable[[Any], Value]) -> None:
        self.method = method
        self.__doc__ = method.__doc__

    @overload
    def __get__(self, owner: None, kind: type) -> "lazily[Value]": ...

    @overload
    def __get__(self, owner: object, kind: type) -> Value: ...

    def __get__(self, owner: object, kind: type) -> "Value | lazily[Value]":
        """Compute the value once; the attribute it is kept in hides this descriptor."""
        if owner is None:
            return self
        value = vars(owner)[self.method.__name__] = self.method(owner)
        return value
