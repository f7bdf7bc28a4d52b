"""Decay, clipping, what is held out and early stopping do what they say."""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from im2col_cnn.nn import (
    SGD,
    Adam,
    BatchNorm,
    Dense,
    Flatten,
    History,
    Optimizer,
    Progress,
    Sequential,
    fit,
)


def learn(**settings: Any) -> tuple[Sequential, History]:
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(30, 2, 2, 1)), rng.integers(0, 2, 30)
    network = Sequential([Flatten(), Dense(2)]).build((2, 2, 1), rng=rng)
    settings = {"epochs": 3, "batch_size": 10, "optimizer": SGD(0.1), **settings}
    return network, fit(network, x, labels, rng=rng, **settings)


def test_a_schedule_is_asked_for_every_step_from_0_over_all_epochs() -> None:
    asked: list[int] = []

    def rate(step: int) -> float:
        asked.append(step)
        return 0.5 ** (step + 1)

    optimizer = SGD(0.1)
    learn(schedule=rate, optimizer=optimizer)

    assert asked == list(range(9))
    assert optimizer.learning_rate == 0.5**9


def test_a_schedule_that_is_always_the_learning_rate_changes_nothing() -> None:
    (one, _), (other, _) = learn(), learn(schedule=lambda _: 0.1)

    assert_array_equal(one.parameters["dense1.w"], other.parameters["dense1.w"])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: SGD(weight_decay=-1), "weight_decay must be at least 0"),
        (lambda: learn(patience=1), "patience needs validation"),
        (lambda: learn(validation=0.999), "validation must be a share .* of 30 images"),
        (lambda: learn(clip=0), "clip must be above 0"),
        (lambda: learn(accumulate=0), "accumulate must be at least 1"),
        (lambda: learn(schedule=lambda _: -1.0), "schedule must be at least 0"),
    ],
)
def test_bad_settings_are_refused(make: Callable[[], object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()


@pytest.mark.parametrize("make", [SGD, Adam])
def test_decay_shrinks_weights_and_spares_what_has_one_axis(
    make: Callable[..., Optimizer],
) -> None:
    parameters = {"w": np.full((2, 2), 8.0), "b": np.full(2, 8.0)}
    still = {name: np.zeros_like(array) for name, array in parameters.items()}

    make(0.5, weight_decay=0.5).step(parameters, still)

    assert (parameters["w"] == 6).all()
    assert (parameters["b"] == 8).all()


def test_clipping_bounds_how_far_a_step_goes() -> None:
    start, _ = learn(epochs=1, optimizer=SGD(1e-30))
    moved, _ = learn(epochs=1, optimizer=SGD(0.1, momentum=0), clip=1e-3)

    distance = np.sqrt(
        sum(
            np.sum((moved.parameters[name] - array) ** 2, dtype=np.float64)
            for name, array in start.parameters.items()
        )
    )
    assert 0 < distance <= 3 * 0.1 * 1e-3 * 1.001  # three steps


def test_training_sees_augmented_images_and_validation_sees_them_as_they_are() -> None:
    def blank(images: np.ndarray, _: np.random.Generator) -> np.ndarray:
        return 0 * images

    _, history = learn(augment=blank, validation=0.2, epochs=1)

    assert history.steps[0].batch_loss == pytest.approx(np.log(2))
    assert history.epochs[0].validation_loss != pytest.approx(np.log(2), abs=1e-3)


def test_held_out_images_are_judged_and_never_learned_from() -> None:
    seen: set[float] = set()

    def watch(images: np.ndarray, _: np.random.Generator) -> np.ndarray:
        seen.update(images[:, 0, 0, 0].tolist())
        return images

    _, history = learn(validation=0.3, augment=watch)

    assert len(seen) == 21
    assert history.epochs[0].steps == 3
    assert all(at.validation_accuracy is not None for at in history.epochs)
    assert all(at.validation_loss is None for at in history.steps if at.step < 3)


def test_images_that_are_learned_from_may_judge_too() -> None:
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(30, 2, 2, 1)), rng.integers(0, 2, 30)
    network = Sequential([Flatten(), Dense(2)]).build((2, 2, 1), rng=rng)
    before = network.parameters["dense1.w"].copy()

    history = fit(
        network,
        x,
        labels,
        epochs=2,
        batch_size=10,
        optimizer=SGD(0.1),
        rng=rng,
        validation=(x, labels),
    )

    assert len(history.steps) == 2 * 3
    assert not np.array_equal(network.parameters["dense1.w"], before)
    assert history.epochs[-1].validation_loss is not None


def test_training_stops_after_the_best_epoch_and_brings_it_back() -> None:
    kept: list[np.ndarray] = []
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(20, 2, 2, 1)), rng.integers(0, 2, 20)
    network = Sequential([Flatten(), Dense(2)]).build((2, 2, 1), rng=rng)

    history = fit(
        network,
        x,
        labels,
        epochs=100,
        batch_size=20,
        optimizer=SGD(0.5),
        rng=rng,
        validation=(x[:6], 1 - labels[:6]),  # what is learned is wrong of these
        patience=3,
        on_epoch=lambda _: kept.append(network.parameters["dense1.w"].copy()),
    )

    losses = [at.validation_loss or 0.0 for at in history.epochs]
    best = int(np.argmin(losses))
    assert len(losses) == best + 1 + 3 < 100
    assert history.best == history.epochs[best]
    assert_array_equal(network.parameters["dense1.w"], kept[best])


def test_a_history_draws_itself() -> None:
    pytest.importorskip("matplotlib", reason="the extra viz draws")
    _, history = learn(validation=0.3)

    losses, accuracies = history.plot().axes

    assert len(losses.lines) == 3  # steps, epochs, held out
    assert_array_equal(
        accuracies.lines[0].get_ydata(), [100 * at.accuracy for at in history.epochs]
    )
    _, labels = accuracies.get_legend_handles_labels()
    assert labels == ["learning", "held out"]
    assert History().plot().axes


def test_a_history_that_cannot_draw_itself_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)

    with pytest.raises(ModuleNotFoundError, match=r"install 'im2col-cnn\[viz\]'$"):
        History([Progress(1, 1, 1, 0.5, 0.5, 0.5)]).plot()


def test_jupyter_is_given_a_picture_without_pyplot() -> None:
    pytest.importorskip("matplotlib", reason="the extra viz brings it")

    picture = History().plot()._repr_png_()  # type: ignore[attr-defined]

    assert picture.startswith(b"\x89PNG")


def test_running_statistics_follow_the_batches() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(5, 2, (400, 3))
    network = Sequential([BatchNorm(), Dense(2)]).build((3,), rng=rng)
    settings: dict[str, Any] = {"epochs": 2, "batch_size": 10, "optimizer": SGD()}

    fit(network, x, np.zeros(400, int), rng=rng, **settings)

    state = network.layers["batch_norm1"].state
    np.testing.assert_allclose(state["running_mean"], 5, atol=1)
    np.testing.assert_allclose(state["running_var"], 4, atol=2)


def test_what_went_wrong_first_is_named() -> None:
    x = np.ones((2, 2, 2, 1))
    x[1, 0] = np.nan
    network = Sequential([Flatten(), Dense(2)]).build(
        (2, 2, 1), rng=np.random.default_rng()
    )

    with pytest.raises(FloatingPointError, match="first not finite is the images"):
        fit(
            network,
            x,
            [0, 1],
            epochs=1,
            batch_size=2,
            optimizer=SGD(),
            rng=np.random.default_rng(0),
        )


def test_progress_counts_steps_from_1() -> None:
    _, history = learn()

    assert history.steps[0][:3] == (1, 1, 3)
    assert isinstance(history.steps[0], Progress)
