"""Shards add up to the batch they were cut from, unless a layer says otherwise."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from numpy.testing import assert_allclose

from im2col_cnn.nn import (
    SGD,
    BatchNorm,
    Dense,
    Flatten,
    Layer,
    Sequential,
    fit,
    loss_and_gradients,
)
from im2col_cnn.nn.gradients import clip_by_norm
from tests.nn.strategies import KINDS, fresh, layered
from tests.profile import at_most, in_turn


@in_turn(2)
@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {"dropout"}))
@at_most(50)
@given(data=st.data(), cut=st.integers(1, 4), seed=st.integers(0, 2**16))
def test_shards_add_up_unless_a_layer_says_that_images_see_each_other(
    kind: str, data: st.DataObject, cut: int, seed: int
) -> None:
    layer, x = data.draw(layered(kind), label="layer, x")
    rng = np.random.default_rng(seed)
    network = Sequential([fresh(layer), Flatten(), Dense(3)])
    network.build(x.shape[1:], rng=rng, dtype=np.float64)
    images, labels = rng.normal(size=(5, *x.shape[1:])), rng.integers(0, 3, 5)
    if layer.mixes_images:  # one value per channel has no variance to train on
        cut = min(max(cut, 2), 3)
    whole = loss_and_gradients(network, images, labels)

    loss, gradients, n = loss_and_gradients(network, images[:cut], labels[:cut])
    more, others, m = loss_and_gradients(network, images[cut:], labels[cut:])

    assert (n + m, whole[2]) == (5, 5)
    adds_up = np.isclose(loss + more, whole[0], rtol=1e-9)
    assert adds_up or layer.mixes_images
    for name, gradient in gradients.items() if not layer.mixes_images else ():
        assert_allclose(gradient + others[name], whole[1][name], rtol=1e-9, atol=1e-9)


def test_batch_normalization_breaks_the_law_and_says_so() -> None:
    rng = np.random.default_rng(0)
    network = Sequential([BatchNorm(), Dense(2)]).build((3,), rng=rng)
    x, labels = rng.normal(size=(6, 3)), rng.integers(0, 2, 6)

    parts = [
        loss_and_gradients(network, x[p], labels[p])[0] for p in (slice(3), slice(3, 6))
    ]

    assert network.layers["batch_norm1"].mixes_images
    assert not np.isclose(sum(parts), loss_and_gradients(network, x, labels)[0])
    with pytest.warns(UserWarning, match="batch_norm1: images see each other"):
        fit(
            network,
            x,
            labels,
            epochs=1,
            batch_size=3,
            accumulate=2,
            optimizer=SGD(),
            rng=rng,
        )


@given(shards=st.integers(2, 5), seed=st.integers(0, 2**16))
def test_accumulated_batches_are_learned_from_as_one(shards: int, seed: int) -> None:
    learned = []
    for batch_size, accumulate in (12, 1), (-(-12 // shards), shards):
        rng = np.random.default_rng(seed)
        layers: list[Layer] = [Flatten(), Dense(4), Dense(2)]
        network = Sequential(layers).build((2, 3, 1), rng=rng, dtype=np.float64)
        x, labels = rng.normal(size=(12, 2, 3, 1)), rng.integers(0, 2, 12)
        history = fit(
            network,
            x,
            labels,
            epochs=3,
            batch_size=batch_size,
            accumulate=accumulate,
            optimizer=SGD(0.1),
            rng=rng,
        )
        learned.append((network.parameters, [at.loss for at in history.steps]))

    (one, its_losses), (other, losses) = learned
    assert_allclose(losses, its_losses, rtol=1e-9)
    for name, array in one.items():
        assert_allclose(other[name], array, rtol=1e-9, atol=1e-12)


def test_the_network_does_not_change() -> None:
    rng = np.random.default_rng(0)
    network = Sequential([BatchNorm(), Dense(2)]).build((3,), rng=rng)
    before = {name: array.copy() for name, array in network.arrays.items()}

    loss_and_gradients(network, rng.normal(size=(4, 3)), [0, 1, 1, 0])

    for name, array in network.arrays.items():
        assert_allclose(array, before[name], rtol=0)


def test_long_gradients_are_shortened_together_and_short_ones_stay() -> None:
    gradients = {"w": np.array([[3.0]]), "b": np.array([4.0])}

    assert clip_by_norm(gradients, 5) is gradients
    shorter = clip_by_norm(gradients, 1)

    assert_allclose([shorter["w"].item(), shorter["b"].item()], [0.6, 0.8])
