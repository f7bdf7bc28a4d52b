"""Data sets, training and inference need no thread: in a browser none can start."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from im2col_cnn.files.datasets import DIGITS, open_dataset
from im2col_cnn.nn import Adam, Augmentation, evaluate, fit
from im2col_cnn.nn.models import small_cnn
from tests.nn.learning import digest_of
from tests.profile import in_turn

REFUSED = """
import _thread, threading
def refuse(*_, **__):
    raise RuntimeError("can't start new thread")
_thread.start_new_thread = threading.Thread.start = refuse
from tests.nn.test_without_threads import learned
print(*learned())
"""


def learned() -> list[str]:
    """Learn from images that stay in their file; return what came of it."""
    rng = np.random.default_rng(0)
    with open_dataset(DIGITS) as dataset:
        shape, maximum = dataset.shape, dataset.pixel_maximum
        network = small_cnn(shape, 10, pixel_maximum=maximum).build(shape, rng=rng)
        fit(
            network,
            *dataset.train,
            epochs=1,
            batch_size=32,
            optimizer=Adam(),
            rng=rng,
            accumulate=2,
            validation=0.1,
            augment=Augmentation(shift=1),
        )
        evaluation = evaluate(network, *dataset.test)
        scores = network.predict(dataset.test.images[:99], batch_size=20)
    return [digest_of(network, scores), repr(evaluation.loss)]


@in_turn(2)
def test_a_network_learns_the_same_bits_where_no_thread_can_start() -> None:
    done = subprocess.run(
        [sys.executable, "-c", REFUSED],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "IM2COL_CNN_THREADS": "4"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stderr == ""
    assert done.stdout.split() == learned()
