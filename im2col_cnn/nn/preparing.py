"""Make a training ready: all that can be refused is refused here, before any work."""

import warnings
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np
from threadpoolctl import threadpool_limits

from .._checks import as_rng, quoted
from .._typing import Array, ArrayLike
from ..files.stored_images import StoredImages
from .batches import Pictures
from .checkpoint import resume_run
from .epochs import go_through
from .evaluation import as_examples
from .history import History
from .network import Sequential
from .optimizers import Optimizer
from .plan import Plan
from .run import Run
from .validation import HeldOut, hold_out

__all__ = ["Training", "prepare"]


@dataclass(frozen=True)
class Training:
    """A training that can begin, or go on."""

    run: Run
    images: Pictures
    labels: Array
    judges: HeldOut
    plan: Plan

    def go(self) -> History:
        """Train to the end, in place; see `fit`."""
        run, plan = self.run, self.plan
        # An overflow is reported once, by the loss it spoils, not by every operation.
        with threadpool_limits(1, "blas"), np.errstate(over="ignore", invalid="ignore"):
            for epoch in range(len(run.history.epochs) + 1, plan.epochs + 1):
                if (
                    plan.patience is not None
                    and run.history.epochs_since_best >= plan.patience
                ):
                    break
                go_through(
                    run,
                    self.images,
                    self.labels,
                    judges=self.judges,
                    plan=plan,
                    epoch=epoch,
                )
                if run.history.stopped:
                    break
        run.bring_back_best()
        return run.history


def prepare(
    network: Sequential,
    images: ArrayLike | StoredImages,
    labels: ArrayLike,
    *,
    optimizer: Optimizer,
    rng: np.random.Generator,
    plan: Plan,
) -> Training:
    """
    Check images and labels, hold some out, and go back to a checkpoint if there is one.

    Raises
    ------
    OSError, TypeError, ValueError
        As `fit` says. Once this has returned, what is refused is in the files, or is
        a callback's.
    """
    x, truth = as_examples(network, images, labels)
    as_rng(rng)
    if not isinstance(optimizer, Optimizer):
        raise TypeError(
            f"optimizer must be an optimizer, SGD() say, got {quoted(optimizer)}"
        )
    if plan.accumulate > 1:
        warn_of_mixing(network)
    judges = hold_out(plan.validation, network, x, truth, rng)
    settings: dict[str, Any] = {
        "batch_size": plan.batch_size,
        "accumulate": plan.accumulate,
        "clip": plan.clip,
        "patience": plan.patience,
        "schedule": named(plan.schedule),
        "augment": named(plan.augment),
        "images": [*x.shape, x.dtype.name],
        "labels": crc32(truth.tobytes()),
        "held_out": len(judges.indices),
    }
    run = Run(network, optimizer, rng, settings, judges.indices, len(judges.images))
    if plan.resume is not None:
        resume_run(plan.resume, run)
        judges = judges._replace(indices=run.held_out)
    return Training(run, x, truth, judges, plan)


def named(function: Any) -> str | None:
    """Say which function it is in words that are the same when it is made again."""
    if function is None:
        return None
    words = repr(function)
    if " at 0x" in words:  # where it lies in memory is nobody's business
        return str(getattr(function, "__name__", type(function).__name__))
    return words


def warn_of_mixing(network: Sequential) -> None:
    """Say which layers make a batch more than the sum of its shards."""
    mixing = [name for name, layer in network.layers.items() if layer.mixes_images]
    if mixing:
        warnings.warn(
            f"{', '.join(mixing)}: images see each other here, so accumulated batches "
            f"are not the same as one large batch",
            stacklevel=4,  # whoever called `fit`
        )
