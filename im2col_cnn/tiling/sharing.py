"""Share tasks among threads: whoever is free takes the next, results come in order.

Nobody hands the tasks out. A thread that did would have to be woken for each of them,
and waking takes as long as a small task.
"""

from collections.abc import Callable, Iterator
from threading import Condition
from typing import Generic, TypeVar, final

__all__ = ["Shared"]

Item = TypeVar("Item")
Result = TypeVar("Result")


@final
class Shared(Generic[Item, Result]):
    """Tasks that any number of threads `work` on at once."""

    def __init__(
        self,
        task: Callable[[Item], Result],
        items: Iterator[Item],
        then: Callable[[Result], object],
        *,
        ahead: int,
    ) -> None:
        self.task, self.items, self.then = task, enumerate(items), then
        self.ahead = ahead  # tasks begun while an earlier one lasts; results are kept
        self.changed = Condition()
        self.begun = self.settled = 0
        self.results: dict[int, Result] = {}
        self.errors: dict[int, BaseException] = {}
        self.closed = False

    def work(self) -> None:
        """Do tasks until none is left, or one has failed in any thread."""
        place = 0
        try:
            for place, item in self.turns():
                self.settle(place, self.task(item))
        except BaseException as error:  # `finish` raises it
            self.errors[place] = error
            self.close()

    def turns(self) -> Iterator[tuple[int, Item]]:
        """Walk through the items that no other thread has taken."""
        while True:
            with self.changed:
                self.changed.wait_for(self.may_go_on)
                turn = None if self.closed else next(self.items, None)
                if turn is None:
                    return
                self.begun += 1
            yield turn

    def may_go_on(self) -> bool:
        """Tell whether there is room for one more result, or nothing to wait for."""
        return self.closed or self.begun < self.settled + self.ahead

    def settle(self, place: int, result: Result) -> None:
        """Keep a result until those before it are there."""
        with self.changed:
            self.results[place] = result
            while self.settled in self.results:
                self.then(self.results.pop(self.settled))
                self.settled += 1
            self.changed.notify_all()

    def close(self) -> None:
        """Let no more tasks begin."""
        with self.changed:
            self.closed = True
            self.changed.notify_all()

    def finish(self) -> None:
        """Raise what the first of the tasks that failed has raised."""
        if self.errors:
            raise self.errors.pop(min(self.errors))
