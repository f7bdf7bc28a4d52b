"""Hold images out, and judge a network by them after every epoch."""

from typing import Any, NamedTuple, TypeAlias

import numpy as np

from .._checks import as_real, quoted
from .._typing import Array, ArrayLike
from ..files.stored_images import StoredImages
from .batches import Pictures
from .evaluation import Evaluation, as_examples, judge
from .network import Sequential

__all__ = ["HeldOut", "Validation", "hold_out"]

Validation: TypeAlias = (
    float | tuple[ArrayLike | StoredImages, ArrayLike] | list[Any] | None
)


class HeldOut(NamedTuple):
    """Images that are judged, some of many."""

    images: Pictures
    labels: Array
    indices: Array
    drawn: bool  # out of the images to learn from, which go without them then

    def judged_by(self, network: Sequential) -> Evaluation | None:
        """Return what a network makes of them; nothing if there are none."""
        if len(self.indices) == 0:
            return None
        return judge(network, self.images, self.labels, self.indices)


def hold_out(
    validation: Validation,
    network: Sequential,
    images: Pictures,
    labels: Array,
    rng: np.random.Generator,
) -> HeldOut:
    """
    Find the images to judge by: others that were given, or a share of all.

    Raises
    ------
    TypeError
        If it is neither.
    ValueError
        If a share leaves nothing to learn from, or nothing to judge by.
    """
    if isinstance(validation, tuple | list):
        if len(validation) != 2:
            raise ValueError(
                f"validation must be a share or a pair (images, labels), got "
                f"{len(validation)} entries"
            )
        x, truth = as_examples(network, *validation)
        return HeldOut(x, truth, np.arange(len(x)), drawn=False)
    if validation is None:
        return HeldOut(images, labels, np.arange(0), drawn=False)
    try:
        share, N = as_real(validation, "validation"), len(images)
    except TypeError:
        raise TypeError(
            f"validation must be a share of the images or a pair (images, labels), "
            f"got {quoted(validation)}"
        ) from None
    count = round(share * N)
    if not 0 < share < 1 or not 0 < count < N:
        raise ValueError(
            f"validation must be a share that leaves images to learn from and to judge "
            f"by, got {validation} of {N} images"
        )
    return HeldOut(images, labels, np.sort(rng.permutation(N)[:count]), drawn=True)
