"""Hold images out of training, to see after each epoch how well others are known."""

from typing import Any, NamedTuple, TypeAlias

import numpy as np

from .._checks import as_real, quoted
from .._typing import Array, ArrayLike
from ..files.stored_images import StoredImages
from .batches import ImageSource
from .evaluation import Evaluation, as_examples, evaluate_indices
from .executors import Engine
from .network import Network

__all__ = ["HeldOut", "Validation", "hold_out"]

Validation: TypeAlias = (
    float | tuple[ArrayLike | StoredImages, ArrayLike] | list[Any] | None
)


class HeldOut(NamedTuple):
    """The validation set: images, labels, and the indices used."""

    images: ImageSource
    labels: Array
    indices: Array
    drawn: bool  # split off the training images, which must then exclude it

    def evaluate(self, network: Network, executor: Engine = None) -> Evaluation | None:
        """Evaluate a network on the validation set; None if it is empty."""
        if len(self.indices) == 0:
            return None
        return evaluate_indices(
            network, self.images, self.labels, self.indices, executor=executor
        )


def hold_out(
    validation: Validation,
    network: Network,
    images: ImageSource,
    labels: Array,
    rng: np.random.Generator,
) -> HeldOut:
    """
    Return the validation set: images that were given, or a random share of all.

    Raises
    ------
    TypeError
        If it is neither.
    ValueError
        If a share leaves nothing to learn from, or nothing to validate on.
    """
    if isinstance(validation, tuple | list):
        if len(validation) != 2:
            raise ValueError(
                f"validation must be a share or a pair (images, labels), got "
                f"{len(validation)} entries"
            )
        try:
            x, truth = as_examples(network, *validation)
        except (TypeError, ValueError) as error:
            raise type(error)(f"validation: {error}") from None
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
            f"validation must be a share that leaves images to learn from and to "
            f"validate on, got {validation} of {N} images"
        )
    return HeldOut(images, labels, np.sort(rng.permutation(N)[:count]), drawn=True)
