"""Write down what a training is asked for, and refuse what cannot be asked."""

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from os import PathLike

import numpy as np

from .._checks import as_above_zero, as_function, as_int, as_path
from .._typing import Array
from ..files.atomic import require_writable
from .history import Progress
from .validation import Validation

__all__ = ["Plan"]


@dataclass
class Plan:
    """What every epoch does; each setting is explained at `fit`."""

    epochs: int
    batch_size: int
    _: KW_ONLY
    validation: Validation = None
    patience: int | None = None
    schedule: Callable[[int], float] | None = None
    clip: float | None = None
    augment: Callable[[Array, np.random.Generator], Array] | None = None
    accumulate: int = 1
    checkpoint: str | PathLike[str] | None = None
    resume: str | PathLike[str] | None = None
    on_step: Callable[[Progress], object] | None = None
    on_epoch: Callable[[Progress], object] | None = None
    should_stop: Callable[[], bool] | None = None

    def __post_init__(self) -> None:
        self.epochs = as_int(self.epochs, "epochs", at_least=1)
        self.batch_size = as_int(self.batch_size, "batch_size", at_least=1)
        self.accumulate = as_int(self.accumulate, "accumulate", at_least=1)
        for name in "schedule", "augment", "on_step", "on_epoch", "should_stop":
            if getattr(self, name) is not None:
                as_function(getattr(self, name), name)
        if self.checkpoint is not None:
            self.checkpoint = as_path(self.checkpoint, "checkpoint")
            require_writable(self.checkpoint)
        if self.resume is not None:
            self.resume = as_path(self.resume, "resume")
        if self.clip is not None:
            self.clip = as_above_zero(self.clip, "clip")
        if self.patience is not None:
            self.patience = as_int(self.patience, "patience", at_least=1)
            if self.validation is None:
                raise ValueError(
                    "patience needs validation, to tell which epoch is best"
                )
