"""Hold together a training under way: all that changes, and what must not."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .._typing import Array
from .history import History
from .network import Sequential
from .optimizers import Optimizer

__all__ = ["Run"]


@dataclass
class Run:
    """
    A training under way.

    `settings` are those that cannot change in the middle of it, `held_out` the indices
    of images that are never learned from, out of `drawn_from` images, and `best` the
    arrays of the network as they were after its best epoch, if anyone wants them back.
    """

    network: Sequential
    optimizer: Optimizer
    rng: np.random.Generator
    settings: dict[str, Any]
    held_out: Array
    drawn_from: int
    history: History = field(default_factory=History)
    best: dict[str, Array] = field(default_factory=dict)

    def keep_best(self) -> None:
        """Copy the network, if no epoch before this one was as good."""
        if self.history.best is self.history.steps[-1]:
            self.best = {k: array.copy() for k, array in self.network.arrays.items()}

    def bring_back_best(self) -> None:
        """Make the network what it was after its best epoch, if that was kept."""
        arrays = self.network.arrays
        for name, array in self.best.items():
            arrays[name][...] = array
