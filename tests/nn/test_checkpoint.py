"""A run that was interrupted ends where it would have ended anyway, to the last bit."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from im2col_cnn._typing import Array
from im2col_cnn.files.archive import read_archive, write_archive
from im2col_cnn.nn import (
    SGD,
    Adam,
    Augmentation,
    BatchNorm,
    Conv,
    Dense,
    Dropout,
    Flatten,
    History,
    Optimizer,
    ReLU,
    Sequential,
    cosine,
    fit,
)
from tests.profile import in_turn

SHAPE = (5, 4, 1)
SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "everything": {
        "validation": 0.25,
        "patience": 2,
        "schedule": cosine(0.05, 60, warmup=3),
        "clip": 0.5,
        "augment": Augmentation(shift=1, flip=True),
    },
    "other images": {"validation": (np.ones((3, *SHAPE)), [0, 1, 1])},
}


def run(
    path: Path | None = None,
    *,
    make: Callable[[], Optimizer] = Adam,
    seed: int = 7,
    **settings: Any,
) -> tuple[Sequential, History, Array]:
    """Train from the same start each time; return also what chance has in store."""
    rng = np.random.default_rng(7)
    images, labels = rng.normal(size=(40, *SHAPE)), rng.integers(0, 2, 40)
    rng = np.random.default_rng(seed)
    layers = [Conv(3, 2), BatchNorm(), ReLU(), Flatten(), Dropout(0.2), Dense(2)]
    network = Sequential(layers).build(SHAPE, rng=rng)
    settings = {"epochs": 6, "batch_size": 7, "optimizer": make(), **settings}
    history = fit(network, images, labels, rng=rng, checkpoint=path, **settings)
    return network, history, rng.random(4)


@in_turn(4)
@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("make", [SGD, Adam])
@pytest.mark.parametrize("stop_at", [1, 11, 17, 23])
def test_a_resumed_run_is_bit_for_bit_the_one_that_never_stopped(
    tmp_path: Path, name: str, make: Callable[[], Optimizer], stop_at: int
) -> None:
    settings, path = SETTINGS[name], tmp_path / "run.h5"
    network, history, chance = run(make=make, **settings)
    counted: list[object] = []
    if stop_at > 6:  # an epoch has five or six steps, and its end is what is kept
        run(
            path,
            make=make,
            on_step=counted.append,
            should_stop=lambda: len(counted) == stop_at,
            **settings,
        )
    else:
        run(path, make=make, **{**settings, "epochs": 1})

    resumed, its_history, its_chance = run(make=make, resume=path, **settings)

    assert its_history == history
    assert_array_equal(its_chance, chance)
    for key, array in network.arrays.items():
        assert_array_equal(resumed.arrays[key], array)


def test_where_chance_stood_when_resuming_does_not_matter(tmp_path: Path) -> None:
    settings, path = SETTINGS["everything"], tmp_path / "run.h5"
    network, history, chance = run(**settings)
    run(path, epochs=1, **{k: v for k, v in settings.items() if k != "epochs"})

    resumed, its_history, its_chance = run(resume=path, seed=8, **settings)

    assert its_history == history  # and so the same images were held out
    assert_array_equal(its_chance, chance)
    for key, array in network.arrays.items():
        assert_array_equal(resumed.arrays[key], array)


def test_functions_of_ones_own_are_known_again_by_their_names(tmp_path: Path) -> None:
    def settings() -> dict[str, Any]:
        """Return functions that lie elsewhere in memory each time."""
        return {
            "augment": lambda x, _: x / 2,
            "schedule": lambda n: 0.1 / (1 + n),
        }

    network, history, _ = run(**settings())
    run(tmp_path / "run.h5", **settings() | {"epochs": 2})

    resumed, its_history, _ = run(resume=tmp_path / "run.h5", **settings())

    assert its_history == history
    for key, array in network.arrays.items():
        assert_array_equal(resumed.arrays[key], array)


def test_a_cosine_of_another_length_is_another_run(tmp_path: Path) -> None:
    run(tmp_path / "run.h5", epochs=1, schedule=cosine(0.05, 36))

    with pytest.raises(
        ValueError,
        match=r"was started with schedule = Cosine\(peak=0.05, steps=36, .*not Cosine",
    ):
        run(resume=tmp_path / "run.h5", schedule=cosine(0.05, 60))


def test_a_run_that_is_over_is_not_run_again(tmp_path: Path) -> None:
    network, _, _ = run(tmp_path / "run.h5")

    again, history, _ = run(resume=tmp_path / "run.h5", on_step=pytest.fail)

    assert len(history.epochs) == 6
    for key, array in network.arrays.items():
        assert_array_equal(again.arrays[key], array)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"batch_size": 8}, "started with batch_size = 7, not 8"),
        ({"clip": 1.0}, "started with clip = None, not 1.0"),
        ({"make": SGD}, "started with optimizer = Adam, not SGD"),
        ({"optimizer": Adam(0.1)}, "started with learning_rate = 0.001, not 0.1"),
        ({"validation": 0.5}, "started with held_out = 0, not 20"),
    ],
)
def test_another_run_is_not_continued(
    tmp_path: Path, settings: dict[str, Any], words: str
) -> None:
    run(tmp_path / "run.h5", epochs=1)

    with pytest.raises(ValueError, match=rf"run\.h5: was {words}"):
        run(resume=tmp_path / "run.h5", **settings)


def as_whole(name: str) -> Callable[[Any, Any], object]:
    """Store whole numbers where there were floats."""
    return lambda _, arrays: arrays.update({name: arrays[name].astype(np.int64)})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda _, a: a.pop("history"), "history must have 8 numbers a row"),
        (lambda c, _: c.pop("random"), "no state of this random generator"),
        (lambda c, _: c["random"]["state"].update(state=-1), "no state of this random"),
        (lambda _, a: a["network/dense1/b"].fill(np.nan), "holds NaN"),
        (lambda _, a: a.pop("network/dense1/b"), "the arrays of another network"),
        (lambda _, a: a.update({"optimizer/x.mean": np.ones(3)}), "must have shape"),
        (lambda _, a: a.pop("held_out"), "has no held_out"),
        (lambda _, a: a.update(held_out=np.ones(1)), "held_out must be 0 indices"),
        (lambda _, a: a["history"].fill(np.inf), "must count epochs .*got inf"),
        (lambda _, a: a["history"].fill(np.nan), "must count epochs .*got nan"),
        (lambda _, a: a["history"].fill(0), "must count epochs .*got 0.0"),
        (as_whole("network/dense1/b"), "holds the arrays of another network"),
        (as_whole("optimizer/dense1.b.mean"), "must have shape .2,. and be float32"),
        (lambda _, a: a["optimizer/dense1.b.square"].fill(-1), "what no training"),
        (lambda _, a: a["optimizer/steps"].fill(-1), "steps holds what no training"),
        (
            lambda c, _: c["settings"].update(clip="\x1b[31m\n"),
            r"was started with clip = \?\[31m, not None",
        ),
    ],
)
def test_a_checkpoint_that_makes_no_sense_is_refused_and_changes_nothing(
    tmp_path: Path, change: Callable[[Any, Any], object], words: str
) -> None:
    path = tmp_path / "run.h5"
    run(path, epochs=1)
    _, configuration, arrays = read_archive(path, "checkpoint")
    change(configuration, arrays)
    write_archive(path, "checkpoint", configuration, arrays)

    with pytest.raises(ValueError, match=rf"run\.h5: .*{words}"):
        run(resume=path)


@pytest.mark.parametrize("indices", [[40], [-1], [3, 3], [4, 3]])
def test_images_that_there_are_not_cannot_be_held_out(
    tmp_path: Path, indices: list[int]
) -> None:
    path = tmp_path / "run.h5"
    run(path, epochs=1, validation=0.25)
    _, configuration, arrays = read_archive(path, "checkpoint")
    arrays["held_out"][-len(indices) :] = indices
    write_archive(path, "checkpoint", configuration, arrays)

    with pytest.raises(ValueError, match="held_out must be 10 indices of 40 images"):
        run(resume=path, validation=0.25)


def test_a_checkpoint_is_no_weights_file(tmp_path: Path) -> None:
    run(tmp_path / "run.h5", epochs=1)

    with pytest.raises(ValueError, match=r"run\.h5: holds a checkpoint, not weights"):
        Sequential.load(tmp_path / "run.h5")


def test_a_run_gone_wrong_keeps_the_checkpoint_of_the_last_good_epoch(
    tmp_path: Path,
) -> None:
    path = tmp_path / "run.h5"

    def rate(step: int) -> float:
        return 1e-3 if step < 13 else 1e38  # in the third epoch of six steps

    with pytest.raises(
        FloatingPointError, match=r"of epoch 3, and first not finite is"
    ):
        run(path, make=lambda: SGD(momentum=0), schedule=rate)

    good, _, _ = run(epochs=2, make=lambda: SGD(momentum=0), schedule=rate)
    stored = read_archive(path, "checkpoint").arrays
    assert len(stored["history"]) == 12
    assert_array_equal(stored["network/dense1/w"], good.parameters["dense1.w"])


def test_a_run_in_float16_is_resumed_bit_for_bit(tmp_path: Path) -> None:
    def run16(**settings: Any) -> tuple[Sequential, History]:
        rng = np.random.default_rng(7)
        images, labels = rng.normal(size=(12, 3)), rng.integers(0, 2, 12)
        network = Sequential([Dense(2)]).build((3,), rng=rng, dtype=np.float16)
        settings = {"batch_size": 5, "optimizer": Adam(0.1), **settings}
        return network, fit(network, images, labels, rng=rng, **settings)

    network, history = run16(epochs=4)
    run16(epochs=2, checkpoint=tmp_path / "run.h5")

    resumed, its_history = run16(epochs=4, resume=tmp_path / "run.h5")

    assert its_history == history
    assert_array_equal(resumed.parameters["dense1.w"], network.parameters["dense1.w"])
