"""Say when time is up, and remember whether anybody asked after it was."""

from math import inf
from time import monotonic

__all__ = ["Deadline"]


class Deadline:
    """
    A point in time after which no more is asked than must be.

    Parameters
    ----------
    seconds : float
        From now on. By default there is time without end.

    Attributes
    ----------
    met : bool
        Whether something was given up because of it.
    """

    def __init__(self, seconds: float = inf) -> None:
        self.until, self.met = monotonic() + seconds, False

    def is_over(self) -> bool:
        """Tell whether to give up."""
        self.met = self.met or monotonic() > self.until
        return self.met
