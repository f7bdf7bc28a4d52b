"""Train with all that chance and running statistics have a part in, to a digest."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from im2col_cnn._typing import Array
from im2col_cnn.nn import (
    Adam,
    Augmentation,
    BatchNorm,
    Conv,
    Dense,
    Dropout,
    Flatten,
    History,
    ReLU,
    Sequential,
    fit,
)
from im2col_cnn.nn.executors import Engine

__all__ = ["IMAGES", "LABELS", "SHAPE", "digest_of", "learn", "learned_by"]

SHAPE = (5, 4, 1)
rng = np.random.default_rng(7)
IMAGES, LABELS = rng.normal(size=(40, *SHAPE)), rng.integers(0, 2, 40)
EVERYTHING: dict[str, Any] = {
    "epochs": 3,
    "batch_size": 3,
    "accumulate": 4,
    "validation": 0.25,
    "patience": 2,
    "clip": 0.5,
    "augment": Augmentation(shift=1, flip=True),
}


def learn(seed: int = 7, **settings: Any) -> tuple[str, History]:
    """Train from the same start; return a digest of all arrays, and the history."""
    rng = np.random.default_rng(seed)
    layers = [Conv(3, 2), BatchNorm(), ReLU(), Flatten(), Dropout(0.2), Dense(2)]
    network = Sequential(layers).build(SHAPE, rng=rng)
    settings = EVERYTHING | settings
    with pytest.warns(UserWarning, match="images see each other"):
        history = fit(network, IMAGES, LABELS, optimizer=Adam(), rng=rng, **settings)
    return digest_of(network, rng.random(4)), history


def learned_by(executor: Engine, folder: Path) -> list[str]:
    """Return digests of a whole run, of a checkpoint, and of a run that it resumes."""
    checkpoint = folder / "run.h5"
    whole, _ = learn(executor=executor)
    learn(executor=executor, epochs=1, checkpoint=checkpoint)
    resumed, _ = learn(8, executor=executor, resume=checkpoint)
    return [whole, hashlib.sha256(checkpoint.read_bytes()).hexdigest(), resumed]


def digest_of(network: Sequential, *more: Array) -> str:
    """Return the SHA-256 of all arrays."""
    digest = hashlib.sha256()
    for array in *network.arrays.values(), *more:
        digest.update(array.tobytes())
    return digest.hexdigest()
