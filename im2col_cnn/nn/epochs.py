"""Go once through all images: in which order, at which rate, and whom to tell."""

from math import isfinite

import numpy as np

from .._checks import as_at_least_zero
from .._typing import Array
from .batches import Pictures, batches, shuffled
from .checkpoint import save_run
from .history import Progress
from .plan import Plan
from .run import Run
from .steps import require_finite_network, take_step
from .validation import HeldOut

__all__ = ["go_through"]


def go_through(
    run: Run,
    images: Pictures,
    labels: Array,
    *,
    judges: HeldOut,
    plan: Plan,
    epoch: int,
) -> None:
    """
    Learn from every image once, except from those that are held out.

    If the run is asked to stop, ``run.history.stopped`` becomes True.
    """
    order = shuffled(images, run.rng)
    if judges.drawn:
        order = order[np.isin(order, judges.indices, invert=True)]
    size = plan.batch_size * plan.accumulate
    steps = -(-len(order) // size)
    loss, right, seen = 0.0, 0, 0
    for step, (indices, batch) in enumerate(batches(images, order, size), 1):
        if plan.schedule is not None:
            rate = plan.schedule((epoch - 1) * steps + step - 1)
            run.optimizer.learning_rate = as_at_least_zero(rate, "schedule")
        shard = take_step(
            run,
            shown(batch, run, plan),
            labels[indices],
            shard_size=plan.batch_size,
            clip=plan.clip,
            where=f"step {step} of epoch {epoch}",
        )
        loss, right = loss + shard.loss, right + shard.right
        seen += shard.images
        mean = shard.loss / shard.images
        at = Progress(epoch, step, steps, mean, loss / seen, right / seen)
        if step == steps:
            at = judged(at, run, judges)
        run.history.steps.append(at)
        if step == steps:
            close(run, plan)
        tell(at, plan)
        if plan.should_stop is not None and plan.should_stop():
            run.history.stopped = True
            return


def shown(batch: Array, run: Run, plan: Plan) -> Array:
    """Return a batch as the network is to see it this time."""
    if plan.augment is None:
        return batch
    images = plan.augment(batch, run.rng)
    if np.shape(images) != batch.shape:
        raise ValueError(
            f"augment must return an array of shape {batch.shape}, as it was given, "
            f"got {np.shape(images)}"
        )
    return np.asarray(images)


def judged(at: Progress, run: Run, judges: HeldOut) -> Progress:
    """Add what the images that were held out say."""
    evaluation = judges.judged_by(run.network)
    if evaluation is None:
        return at
    if not isfinite(evaluation.loss):
        raise FloatingPointError(
            f"the loss of the images held out is {evaluation.loss} after epoch "
            f"{at.epoch}: look for NaN and infinity in them, or lower the learning "
            f"rate, {run.optimizer.learning_rate}"
        )
    return at._replace(
        validation_loss=evaluation.loss, validation_accuracy=evaluation.accuracy
    )


def close(run: Run, plan: Plan) -> None:
    """End an epoch: keep the network if it is the best, and write all of it down."""
    require_finite_network(run, f"epoch {run.history.steps[-1].epoch}")
    if plan.patience is not None:
        run.keep_best()
    if plan.checkpoint is not None:
        save_run(plan.checkpoint, run)


def tell(at: Progress, plan: Plan) -> None:
    """Tell whoever waits."""
    if plan.on_step is not None:
        plan.on_step(at)
    if plan.on_epoch is not None and at.step == at.steps:
        plan.on_epoch(at)
