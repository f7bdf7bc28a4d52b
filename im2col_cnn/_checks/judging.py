"""Refuse scores, labels and targets that do not go together."""

import numpy as np

from .._typing import Array, ArrayLike, Shape
from .arrays import as_array

__all__ = [
    "as_labels",
    "as_probabilities",
    "as_scores",
    "as_targets",
    "require_some",
]


def as_scores(value: ArrayLike, name: str) -> Array:
    """Return `value` as scores of at least one class, along the last axis."""
    scores = as_array(value, name)
    if scores.ndim == 0 or scores.shape[-1] == 0:
        raise ValueError(
            f"{name} must hold at least one class along its last axis, got shape "
            f"{scores.shape}"
        )
    return scores


def require_some(judged: Array, name: str) -> Array:
    """Refuse a mean over nothing."""
    if judged.size == 0 or judged.ndim == 0:
        raise ValueError(
            f"{name} must hold at least one row for a mean loss, got shape "
            f"{judged.shape}"
        )
    return judged


def as_probabilities(value: ArrayLike, scores: Array) -> Array:
    """Return labels as one probability per class, whichever way they were given."""
    labels = as_array(value, "labels", kinds="biuf", selects=True)
    if labels.dtype.kind == "f":
        if labels.shape != scores.shape:
            raise ValueError(
                f"labels must be whole numbers, or probabilities of the shape of "
                f"scores, {scores.shape}, got floats of shape {labels.shape}"
            )
        sums = labels.sum(axis=-1, dtype=np.float64)
        if not (labels >= 0).all() or not np.allclose(sums, 1, rtol=0, atol=1e-2):
            raise ValueError(
                f"labels must be probabilities that add up to 1 in every row, got "
                f"{labels.min()} as the least, and sums from {sums.min()} to "
                f"{sums.max()}"
            )
        return labels
    *batch, K = scores.shape
    if labels.shape == scores.shape and labels.ndim > 1:
        raise ValueError(
            f"labels must be one class per row of scores, shape {tuple(batch)}, or "
            f"probabilities, got whole numbers of shape {labels.shape}: for one-hot "
            f"labels, use labels.astype(float)"
        )
    return np.asarray(as_labels(labels, tuple(batch), K)[..., None] == np.arange(K))


def as_labels(value: ArrayLike, batch: int | Shape, K: int) -> Array:
    """Return `value` as whole numbers that name one of K classes each."""
    shape = (batch,) if isinstance(batch, int) else batch
    labels = as_array(value, "labels", selects=True)
    if labels.shape != shape:
        ways_out = {
            (*shape, K): ": for one-hot labels, labels.argmax(axis=-1)",
            (*shape, 1): ": squeeze them",
        }
        raise ValueError(
            f"labels must have shape {shape}, one per row of scores, got {labels.shape}"
            + ways_out.get(labels.shape, "")
        )
    labels = as_array(labels, "labels", kinds="iu", selects=True)
    if labels.size and not 0 <= labels.min() <= labels.max() < K:
        raise ValueError(
            f"labels must lie between 0 and {K - 1}, for scores of {K} classes, got "
            f"{labels.min()} to {labels.max()}"
        )
    return labels


def as_targets(
    predictions: ArrayLike,
    targets: ArrayLike,
    name: str,
    targets_name: str,
    *,
    most: float = np.inf,
) -> tuple[Array, Array]:
    """Return an output and what it should be, two arrays of one shape."""
    ours, theirs = as_array(predictions, name), as_array(targets, targets_name)
    if ours.shape != theirs.shape:
        raise ValueError(
            f"{targets_name} must have the shape of {name}, {ours.shape}, got "
            f"{theirs.shape}"
        )
    if ours.size == 0:
        raise ValueError(
            f"{name} must hold at least one number for a mean loss, got shape "
            f"{ours.shape}"
        )
    if most == 1 and not ((theirs >= 0) & (theirs <= 1)).all():
        raise ValueError(
            f"{targets_name} must lie between 0 and 1, got {theirs.min()} to "
            f"{theirs.max()}"
        )
    return ours, theirs
