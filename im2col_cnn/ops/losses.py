"""Losses: how wrong an output is, and the gradient that says how it should move.

A loss is a mean over all that is compared, and its gradient comes with it: ``(loss,
gradient)``. The loss is a Python float, the gradient has the shape and dtype of the
output.
"""

import numpy as np

from .._checks import as_array, as_labels, as_scores, hinting
from .._dtypes import mean_arithmetic, wide
from .._typing import Array, ArrayLike
from .sigmoid import logistic
from .softmax import log_probabilities

__all__ = [
    "binary_cross_entropy",
    "mean_squared_error",
    "sigmoid_cross_entropy",
    "softmax_cross_entropy",
]


@hinting
def softmax_cross_entropy(scores: ArrayLike, labels: ArrayLike) -> tuple[float, Array]:
    """
    Return the mean of ``-log(softmax(scores)[label])`` and its gradient.

    Parameters
    ----------
    scores : array, shape (N, K) or (N, ..., K)
        One score per class, any real numbers.
    labels : array of int, shape (N,) or (N, ...); or of float, shape of `scores`
        The right class of each, from 0 to K - 1; or the probability of every class.

    Returns
    -------
    loss : float
        0 for certainty, ``log(K)`` for scores that are all equal.
    dscores : array, shape of `scores`
        Gradient of `loss`: what softmax says less what is right, over N. In the dtype
        of `scores`; of whole numbers, float64.

    Raises
    ------
    TypeError, ValueError
        If there is nothing to compare, shapes differ, a label is no class, or rows of
        probabilities are negative or do not add up to 1.

    Notes
    -----
    Scores of 1e4 give finite losses and gradients: see `log_softmax_forward`.

    Examples
    --------
    >>> from im2col_cnn import softmax_cross_entropy
    >>> loss, dscores = softmax_cross_entropy([[0.0, 0.0]], [1])
    >>> round(loss, 4)
    0.6931
    >>> dscores
    array([[ 0.5, -0.5]])
    >>> softmax_cross_entropy([[0.0, 0.0]], [[0.25, 0.75]])[1]
    array([[ 0.25, -0.25]])
    """
    scores = require_some(as_scores(scores, "scores"), "scores")
    right = as_probabilities(labels, scores)
    result, working = mean_arithmetic(scores)
    logs = log_probabilities(np.ascontiguousarray(scores, working))
    right = np.ascontiguousarray(right, working)
    N = scores[..., 0].size
    # Where a probability is 0, what softmax says does not count, not even -inf.
    terms = right * np.where(right == 0, 0, logs)
    loss = -np.sum(terms, dtype=wide(working)) / N
    with np.errstate(under="ignore"):
        probabilities = np.exp(logs)
    dscores = (probabilities * right.sum(axis=-1, keepdims=True) - right) / N
    return float(loss) + 0.0, np.asarray(dscores, result)  # -0.0 + 0.0 is 0.0


@hinting
def sigmoid_cross_entropy(scores: ArrayLike, labels: ArrayLike) -> tuple[float, Array]:
    """
    Return the mean loss of yes-or-no scores, ``sigmoid(score)`` each, and its gradient.

    Parameters
    ----------
    scores : array of any shape
        Any real numbers: ``sigmoid(score)`` is the probability of yes.
    labels : array, shape of `scores`
        What is right: 0, 1, or a probability between them.

    Returns
    -------
    loss : float
        The mean of ``-label * log(p) - (1 - label) * log(1 - p)``.
    dscores : array, shape of `scores`
        ``sigmoid(scores) - labels`` over their number, in the dtype of `scores`; of
        whole numbers, float64.

    Raises
    ------
    TypeError, ValueError
        If there is nothing to compare, shapes differ, or a label lies outside 0 to 1.

    Notes
    -----
    `binary_cross_entropy` is another name of this function, from before it stood beside
    `softmax_cross_entropy`: both take scores, not probabilities.

    ``log(1 + exp(s))`` is computed as ``max(s, 0) + log(1 + exp(-|s|))``, so that
    scores of 1e4 give finite losses.

    Examples
    --------
    >>> from im2col_cnn import binary_cross_entropy, sigmoid_cross_entropy
    >>> sigmoid_cross_entropy([1e4, -1e4], [1, 1])
    (5000.0, array([ 0. , -0.5]))
    >>> binary_cross_entropy([1e4, -1e4], [1, 1])
    (5000.0, array([ 0. , -0.5]))
    """
    scores, labels = as_targets(scores, labels, "scores", "labels", most=1)
    result, working = mean_arithmetic(scores)
    s, right = scores.astype(working, copy=False), labels.astype(working, copy=False)
    # What has probability 0 does not count, not even an infinite loss.
    yes = np.where(right == 0, 0, right * softplus(-s, right != 0))
    no = np.where(right == 1, 0, (1 - right) * softplus(s, right != 1))
    return float(np.mean(yes + no, dtype=wide(working))), np.asarray(
        (logistic(s) - right) / s.size, result
    )


binary_cross_entropy = sigmoid_cross_entropy


@hinting
def mean_squared_error(
    predictions: ArrayLike, targets: ArrayLike
) -> tuple[float, Array]:
    """
    Return the mean of ``(predictions - targets) ** 2`` and its gradient.

    Parameters
    ----------
    predictions : array of any shape
    targets : array, shape of `predictions`

    Returns
    -------
    loss : float
    dpredictions : array, shape of `predictions`
        ``2 * (predictions - targets)`` over their number, in the dtype of
        `predictions`; of whole numbers, float64.

    Raises
    ------
    TypeError, ValueError
        If there is nothing to compare or the shapes differ.

    Notes
    -----
    One multiplication per number.

    Examples
    --------
    >>> from im2col_cnn import mean_squared_error
    >>> mean_squared_error([1.0, 5.0], [1.0, 3.0])
    (2.0, array([0., 2.]))
    """
    predictions, targets = as_targets(predictions, targets, "predictions", "targets")
    result, working = mean_arithmetic(predictions)
    away = predictions.astype(working, copy=False) - targets.astype(working, copy=False)
    return float(np.mean(away * away, dtype=wide(working))), np.asarray(
        away * (2 / away.size), result
    )


def softplus(x: Array, wanted: Array) -> Array:
    """Return ``log(1 + exp(x))`` where wanted, by a form that cannot overflow."""
    x = np.where(wanted, x, 0)
    with np.errstate(under="ignore"):
        return np.asarray(np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))))


def as_probabilities(value: ArrayLike, scores: Array) -> Array:
    """Return labels as one probability per class, whichever way they were given."""
    # Whatever else they are, `as_labels` refuses with the way out.
    labels = as_array(value, "labels", kinds="biufcOUS", selects=True)
    if labels.dtype.kind == "f":
        if labels.shape != scores.shape:
            raise ValueError(
                f"labels must be whole numbers, or probabilities of the shape of "
                f"scores, {scores.shape}, got floats of shape {labels.shape}: "
                f"labels.astype(int) makes whole numbers"
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


def require_some(compared: Array, name: str) -> Array:
    """Refuse a mean over nothing."""
    if compared.size == 0 or compared.ndim == 0:
        raise ValueError(
            f"{name} must hold at least one row for a mean loss, got shape "
            f"{compared.shape}"
        )
    return compared
