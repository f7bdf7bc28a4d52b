"""Take one step: add up what the shards of a batch say, and move, or refuse to.

Nothing moves before all of it is known to be finite, so a step that goes wrong leaves
the network as it was.
"""

from math import isfinite

import numpy as np

from .._typing import Array
from .gradients import IMAGES, Shard, added, clipped, first_fault, look_back
from .run import Run

__all__ = ["require_finite_network", "take_step"]


def take_step(
    run: Run,
    images: Array,
    labels: Array,
    *,
    shard_size: int,
    clip: float | None,
    where: str,
) -> Shard:
    """
    Learn once from a batch, in shards of a size that fits the memory.

    Parameters
    ----------
    run : Run
        Its network and its optimizer change.
    images, labels : array
        The batch.
    shard_size : int
        How many images pass through the network at a time.
    clip : float, optional
        The largest norm of all gradients together.
    where : str
        Which step it is, for refusals.

    Returns
    -------
    Shard
        The sums over the whole batch, before clipping.

    Raises
    ------
    FloatingPointError
        If the loss or a gradient is not finite; the parameters have not moved.
    """
    total: Shard | None = None
    for start in range(0, len(images), shard_size):
        piece = slice(start, start + shard_size)
        shard = look_back(run.network, images[piece], labels[piece], run.rng)
        require_finite_step(run, shard, images[piece], where)
        run.network.absorb(shard.caches)
        total = shard if total is None else added(total, shard)
    assert total is not None  # there is no batch without images
    gradients = {
        name: gradient / gradient.dtype.type(total.images)
        for name, gradient in total.gradients.items()
    }
    if clip is not None:
        gradients = clipped(gradients, clip)
    run.optimizer.step(run.network.parameters, gradients)
    return total


def require_finite_step(run: Run, shard: Shard, images: Array, where: str) -> None:
    """Refuse to learn from what is not finite, and say where it first was not."""
    if isfinite(shard.loss) and all(
        np.isfinite(gradient).all() for gradient in shard.gradients.values()
    ):
        return
    mean = shard.loss / shard.images
    fault = first_fault(run.network, images, shard.gradients)
    way_out = f"lower the learning rate, {run.optimizer.learning_rate}"
    if fault == IMAGES:
        way_out = "replace NaN and infinity in them"
    raise FloatingPointError(
        f"the loss is {mean} at {where}, and first not finite is {fault}: {way_out}"
    )


def require_finite_network(run: Run, where: str) -> None:
    """Refuse to call a network good that holds NaN or infinity."""
    for name, array in run.network.arrays.items():
        if not np.isfinite(array).all():
            raise FloatingPointError(
                f"{name} is not finite after {where}: lower the learning rate, "
                f"{run.optimizer.learning_rate}"
            )
