"""Training lowers the loss, the same way every time, and stops when it is asked to."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from im2col_cnn import softmax_cross_entropy
from im2col_cnn._typing import Array
from im2col_cnn.nn import (
    SGD,
    Adam,
    BatchNorm,
    Conv,
    Dense,
    Flatten,
    History,
    MaxPool,
    Optimizer,
    Progress,
    ReLU,
    Rescale,
    Sequential,
    evaluate,
    fit,
)

SHAPE = (6, 5, 1)


def stripes(N: int, seed: int) -> tuple[Array, Array]:
    """Make images of rows or of columns under noise, and say which they are."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, N)
    i, j = np.ogrid[:6, :5]
    patterns = np.stack([i % 2 + 0 * j, 0 * i + j % 2])[..., np.newaxis]
    images = (200 * patterns[labels] + rng.integers(0, 55, (N, *SHAPE))).astype(
        np.uint8
    )
    images.flags.writeable = labels.flags.writeable = False
    return images, labels


def trained(
    seed: int = 0, optimizer: Optimizer | None = None, **settings: Any
) -> tuple[Sequential, History]:
    rng = np.random.default_rng(seed)
    layers = [Conv(4, 3), ReLU(), MaxPool(2), Flatten(), Dense(8), ReLU(), Dense(2)]
    network = Sequential(layers).build(SHAPE, rng=rng)
    settings = {"epochs": 4, "batch_size": 8, **settings}
    optimizer = optimizer or Adam(0.003)
    history = fit(network, *stripes(60, 1), optimizer=optimizer, rng=rng, **settings)
    return network, history


@pytest.mark.parametrize(("make", "rate"), [(Adam, 0.003), (SGD, 1e-4)])
def test_the_loss_falls_and_new_images_are_recognised(
    make: Callable[[float], Optimizer], rate: float
) -> None:
    network, history = trained(optimizer=make(rate), epochs=10)

    losses = [epoch.loss for epoch in history.epochs]
    assert losses[-1] < 0.1 * losses[0]
    assert evaluate(network, *stripes(50, 2)).accuracy > 0.95


def test_the_same_seed_gives_the_same_network_and_history_bit_for_bit() -> None:
    (one, history), (same, its_history) = trained(3), trained(3)

    assert history == its_history
    for name, parameter in one.parameters.items():
        assert_array_equal(parameter, same.parameters[name])


def test_another_seed_gives_another_network() -> None:
    (one, _), (other, _) = trained(3), trained(4)

    assert not np.array_equal(one.parameters["conv1.w"], other.parameters["conv1.w"])


def test_every_epoch_sees_every_image_once_in_another_order() -> None:
    seen: list[list[int]] = [[]]
    network = Sequential([Dense(2)]).build((1,), rng=np.random.default_rng(0))
    forward = network.forward

    def watched(x: Array, *, training: bool = False, rng: object = None) -> object:
        assert training
        assert rng is not None
        seen[-1].extend(x.ravel().tolist())
        return forward(x, training=training)

    network.forward = watched  # type: ignore[method-assign,assignment]  # a spy
    fit(
        network,
        np.arange(10).reshape(10, 1),
        np.zeros(10, int),
        epochs=3,
        batch_size=4,
        optimizer=SGD(1e-9),
        rng=np.random.default_rng(0),
        on_epoch=lambda _: seen.append([]),
    )

    *epochs, rest = seen
    assert rest == []
    assert all(sorted(epoch) == list(range(10)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3


def test_progress_is_told_step_by_step_and_adds_up() -> None:
    steps: list[Progress] = []
    epochs: list[Progress] = []

    _, history = trained(on_step=steps.append, on_epoch=epochs.append, batch_size=25)

    assert history.steps == steps
    assert history.epochs == epochs
    assert [(at.epoch, at.step, at.steps) for at in steps[:4]] == [
        (1, 1, 3),
        (1, 2, 3),
        (1, 3, 3),
        (2, 1, 3),
    ]
    first, second, third = (at.batch_loss for at in steps[:3])
    assert steps[0].loss == first
    assert steps[2].loss == pytest.approx((25 * first + 25 * second + 10 * third) / 60)
    assert (60 * steps[2].accuracy) == pytest.approx(round(60 * steps[2].accuracy))


def test_a_request_to_stop_is_heard_after_the_step() -> None:
    steps: list[Progress] = []

    _, history = trained(on_step=steps.append, should_stop=lambda: len(steps) == 10)

    assert history.stopped
    assert len(history.steps) == 10
    assert len(history.epochs) == 1


def test_a_training_that_was_stopped_is_the_beginning_of_the_whole_one() -> None:
    steps: list[Progress] = []

    stopped, _ = trained(on_step=steps.append, should_stop=lambda: len(steps) == 8)
    whole, history = trained(epochs=1)

    assert not history.stopped
    for name, parameter in stopped.parameters.items():
        assert_array_equal(parameter, whole.parameters[name])


def test_a_loss_that_is_no_number_ends_training_before_the_parameters_follow() -> None:
    rng = np.random.default_rng(0)
    network = Sequential([Dense(2)]).build((2,), rng=rng)
    images = np.full((4, 2), 1e30)

    with pytest.raises(
        FloatingPointError,
        match=r"nan at step 2 of epoch 1, .* is dense1\.w: lower .* 1e\+30",
    ):
        fit(
            network,
            images,
            [0, 1, 0, 1],
            epochs=1,
            batch_size=2,
            optimizer=SGD(1e30),
            rng=rng,
        )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"epochs": 0}, "epochs must be at least 1, got 0"),
        ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
        ({"images": np.zeros((0, 3)), "labels": []}, "images must hold at least one"),
        (
            {"images": np.zeros((2, 4))},
            r"images must have shape \(N, 3\), got \(2, 4\)",
        ),
        ({"labels": [0]}, r"labels must have shape \(2,\)"),
        ({"labels": [0, 2]}, "labels must lie between 0 and 1"),
    ],
)
def test_what_cannot_be_learned_from_is_refused_before_any_step(
    change: dict[str, Any], words: str
) -> None:
    rng = np.random.default_rng(0)
    arguments: dict[str, Any] = {
        "network": Sequential([Dense(2)]).build((3,), rng=rng),
        "images": np.zeros((2, 3)),
        "labels": [0, 1],
        "epochs": 1,
        "batch_size": 1,
        "optimizer": SGD(),
        "rng": rng,
        "on_step": pytest.fail,
    }

    with pytest.raises(ValueError, match=words):
        fit(**(arguments | change))


def test_an_evaluation_counts_who_was_taken_for_whom() -> None:
    network = Sequential([Flatten()]).build((3,), rng=np.random.default_rng(0))
    scores = np.array([[9, 0, 1], [0, 2, 3], [5, 4, 0], [1, 7, 0]])

    result = evaluate(network, scores, [0, 1, 0, 1], batch_size=3)

    assert_array_equal(result.confusion, [[2, 0, 0], [0, 1, 1], [0, 0, 0]])
    assert (result.images, result.correct, result.accuracy) == (4, 3, 0.75)
    assert_array_equal(result.images_per_class, [2, 2, 0])
    assert_array_equal(result.accuracy_per_class, [1, 0.5, np.nan])
    assert result.loss == pytest.approx(softmax_cross_entropy(scores, [0, 1, 0, 1])[0])


def test_a_network_that_does_not_end_in_scores_is_refused() -> None:
    network = Sequential([ReLU()]).build((2, 2), rng=np.random.default_rng(0))

    with pytest.raises(
        ValueError, match=r"one score per class, its output is \(2, 2\)"
    ):
        evaluate(network, np.zeros((1, 2, 2)), [0])


@pytest.mark.parametrize("make", [SGD, Adam])
def test_float16_learns_about_what_float32_learns(
    make: Callable[[float], Optimizer],
) -> None:
    losses = {}
    for dtype in np.float16, np.float32:
        rng = np.random.default_rng(0)
        network = Sequential([Rescale(255), Flatten(), Dense(8), ReLU(), Dense(2)])
        network.build(SHAPE, rng=rng, dtype=dtype)
        history = fit(
            network,
            *stripes(60, 1),
            epochs=10,
            batch_size=8,
            optimizer=make(0.01),
            rng=rng,
        )
        losses[dtype] = history.epochs[-1].loss

    assert losses[np.float16] == pytest.approx(losses[np.float32], rel=0.1)


def test_a_second_network_needs_an_optimizer_of_its_own() -> None:
    optimizer = Adam(0.003)
    trained(optimizer=optimizer)

    with pytest.raises(ValueError, match="this optimizer serves other arrays than"):
        trained(optimizer=optimizer)


@pytest.mark.parametrize("make", [SGD, Adam])
def test_a_step_that_fails_leaves_all_of_the_network_as_it_was(
    make: Callable[[], Optimizer],
) -> None:
    rng = np.random.default_rng(0)
    network = Sequential([BatchNorm(), Dense(2)]).build((3,), rng=rng)
    before = {name: array.copy() for name, array in network.arrays.items()}
    images = np.ones((8, 3))
    images[6] = np.nan  # drawn into the second shard of the only step
    optimizer = make()

    with (
        pytest.raises(FloatingPointError, match="first not finite is the images"),
        pytest.warns(UserWarning, match="images see each other"),
    ):
        fit(
            network,
            images,
            np.zeros(8, int),
            epochs=1,
            batch_size=4,
            accumulate=2,
            optimizer=optimizer,
            rng=np.random.default_rng(1),
        )

    assert not optimizer.state
    for name, array in network.arrays.items():
        assert_array_equal(array, before[name])


@pytest.mark.parametrize("make", [SGD, Adam])
def test_numpy_that_raises_does_not_stop_training(
    make: Callable[[float], Optimizer],
) -> None:
    quiet, its_history = trained(optimizer=make(0.003), epochs=15)

    with np.errstate(all="raise"):
        network, history = trained(optimizer=make(0.003), epochs=15)

    assert history == its_history
    for name, parameter in network.parameters.items():
        assert_array_equal(parameter, quiet.parameters[name])


def test_what_vanishes_in_a_network_is_zero_also_where_numpy_raises() -> None:
    network = Sequential([Dense(2)]).build((1,), rng=np.random.default_rng(0))
    network.parameters["dense1.w"][...] = 1e-30

    with np.errstate(all="raise"):
        scores, caches = network.forward([[1e-30]])
        dx, gradients = network.backward(np.full((1, 2), 1e-30, np.float32), caches)

    assert not scores.any()
    assert not dx.any()
    assert not gradients["dense1.w"].any()
