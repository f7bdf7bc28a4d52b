"""Attributes worked out once, and without a lock that others could wait for."""

from threading import Event, Thread

from im2col_cnn._lazily import lazily


class Slow:
    """An object whose attribute takes until it is allowed to be there."""

    def __init__(self) -> None:
        self.begun, self.allowed, self.times = Event(), Event(), 0

    @lazily
    def number(self) -> int:
        """Return a number."""
        self.begun.set()
        self.allowed.wait()
        self.times += 1
        return 7


def test_an_attribute_is_worked_out_once() -> None:
    slow = Slow()
    slow.allowed.set()

    assert (slow.number, slow.number, slow.times) == (7, 7, 1)
    assert Slow.number.__doc__ == "Return a number."


def test_nobody_waits_for_the_attribute_of_another_object() -> None:
    slow, quick = Slow(), Slow()
    quick.allowed.set()
    first = Thread(target=lambda: slow.number, daemon=True)
    second = Thread(target=lambda: quick.number, daemon=True)
    first.start()
    slow.begun.wait()

    second.start()
    second.join(timeout=20)

    waits = second.is_alive()
    slow.allowed.set()
    first.join()
    assert not waits
