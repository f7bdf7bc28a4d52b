"""What is refused says which argument or rule, also far from the usual mistakes."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from im2col_cnn import conv_backward, conv_forward, im2col, max_pool_forward, nn
from im2col_cnn.files import DIGITS, open_dataset
from im2col_cnn.pictures import draw_channels, draw_col2im, draw_comparison
from im2col_cnn.testing import (
    check_adjoint,
    check_conv,
    check_gradient,
    check_here,
    check_im2col,
    check_pool,
    kill_matrix,
)

RNG = np.random.default_rng(0)
IMAGES = np.ones((2, 5, 4, 2), np.float32)
ITSELF: list[Any] = []
ITSELF.append(ITSELF)
ODD: Any = "\udce9"
NONE: Any = None
NUMBER: Any = 3
CHECKS: list[tuple[Any, Any]] = [
    (check_conv, conv_forward),
    (check_im2col, im2col),
    (check_pool, max_pool_forward),
]


def nothing(*_: Any) -> None:
    """Return no gradient."""


def built(layer: nn.Layer) -> nn.Layer:
    """Build a layer for the images."""
    layer.build(IMAGES.shape[1:], rng=RNG)
    return layer


LAYERS = [
    built(layer)
    for layer in (
        *(nn.PReLU(), nn.Scale(), nn.HardSwish()),
        *(nn.Rescale(255), nn.LocalResponseNorm(3)),
    )
]
REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "a dtype of half letters": (
        lambda: nn.he_normal((2, 2), rng=RNG, dtype=ODD),
        "dtype must name a dtype",
    ),
    "a dtype that holds itself": (
        lambda: nn.ReLU().build((2,), rng=RNG, dtype={"a": ITSELF}),  # type: ignore[arg-type]  # on purpose
        "dtype must name a dtype",
    ),
    "a hundred axes": (
        lambda: nn.ReLU().build((1,) * 100, rng=RNG),
        "shape must have at most 32 axes, got 100",
    ),
    "axes twice": (lambda: nn.Max((1, 1)), "axes must hold each axis once"),
    "images without axes": (
        lambda: nn.Max((1,)).forward(np.array(1.0)),
        r"x must have axes \(N, ..., C\), got 0",
    ),
    "a number that is to be reshaped": (
        lambda: nn.Reshape((1,)).forward(np.array(1.0)),
        r"x must hold 1 numbers per image, got shape \(\)",
    ),
    "channels where there are none": (
        lambda: nn.LocalResponseNorm(3).forward(np.ones((2, 0))),
        "x must have axes .* of one channel at least",
    ),
    "sequences without a batch": (
        lambda: nn.LSTMStates(2).forward((np.array(1.0), np.ones((1, 4)))),
        "x must have shape|a state must have shape",
    ),
    "an array of bugs": (
        lambda: kill_matrix(bugs=np.ones(2)),  # type: ignore[arg-type]  # on purpose
        "bugs must be a Exhibit",
    ),
    "an array without axes to draw": (
        lambda: draw_channels(np.ones((2, 3, 1)), np.ones((2, 2, 1, 1)), dy=ITSELF),
        "dy must",
    ),
    "matrices that do not fit": (
        lambda: nn.MatMul().forward((IMAGES, IMAGES)),
        "x must hold matrices of K columns and of K rows, got 5x4x2 and 5x4x2",
    ),
    "a layer that is an array": (
        lambda: nn.feature_maps(
            nn.Sequential([nn.ReLU()]).build((5, 4, 2), rng=RNG),
            IMAGES[0],
            IMAGES,  # type: ignore[arg-type]  # on purpose
        ),
        "layer must be a str",
    ),
    "validation without images": (
        lambda: nn.fit(
            nn.Sequential([nn.Flatten(), nn.Dense(2)]).build((5, 4, 2), rng=RNG),
            *(IMAGES, np.array([0, 1])),
            epochs=1,
            batch_size=1,
            rng=RNG,
            optimizer=nn.SGD(),
            validation=(NONE, [0, 1]),
        ),
        "validation: images must be",
    ),
    "a forward without a cache": (
        lambda: check_gradient(lambda _: None, nothing, np.ones(2)),
        r"forward must return \(y, cache\), got None",
    ),
    "a forward without a tuple": (
        lambda: check_adjoint(lambda x: x, nothing, np.ones(3)),
        r"forward must return \(y, cache\), got array",
    ),
    "no list of names": (
        lambda: check_here({}, only=NUMBER),
        "only must be a name or a list",
    ),
    "no draws": (lambda: kill_matrix(draws=NONE), "draws must be an int"),
    "no seed": (lambda: kill_matrix(seed=NONE), "seed must be an int"),
    "no title": (
        lambda: draw_comparison(np.eye(2), np.eye(2), title=NONE),
        "title must be a str",
    ),
    "no names": (
        lambda: draw_col2im(np.ones((12, 4)), (5, 4), 2, names=NONE),
        "names must be a list",
    ),
    **{
        f"{type(layer).__name__} of {what}": (
            partial(layer.forward, x),
            f"x must .*{words}",
        )
        for layer in LAYERS
        for what, x, words in [
            ("nothing", None, "array of numbers"),
            ("complex numbers", 1j * IMAGES, "real numbers"),
            ("dates", np.zeros(2, "M8[s]"), "real numbers"),
        ]
    },
    **{
        f"a cache {cache} of {type(layer).__name__}": (
            partial(layer.backward, IMAGES, cache),
            "cache must be the one forward returned",
        )
        for layer in LAYERS[:2]
        for cache in (None, (1, 2), "xw")
    },
    **{
        f"other channels of {type(layer).__name__}": (
            partial(layer.forward, np.ones((2, 3))),
            r"x must have axes .* weights of shape \(2,\)",
        )
        for layer in LAYERS[:2]
    },
    **{
        f"{setting} of {check.__name__}": (
            partial(check, one, **{setting: value}),
            words,
        )
        for check, one in CHECKS
        for setting, value, words in [
            ("support", "all", "support must be a Support"),
            ("examples", 10**12, r"examples must be less than 2\*\*20"),
            ("seed", None, "seed must be an int"),
        ]
    },
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused_says_why(what: str) -> None:
    call, words = REFUSED[what]

    with pytest.raises((TypeError, ValueError), match=words):
        call()


@pytest.mark.parametrize("index", [np.uint8(3), np.array([3], np.uint8), np.int8(-3)])
def test_images_are_taken_by_numbers_of_any_dtype(index: Any) -> None:
    with open_dataset(DIGITS) as digits:
        images: Any = digits.train.images
        expected = images[[3]] if index >= 0 else images[[-3]]

        assert np.array_equal(images[index], expected.reshape(images[index].shape))
        with pytest.raises(TypeError, match="by an index, a slice or a list"):
            images[ITSELF]


def test_a_seed_may_have_any_whole_dtype() -> None:
    seeds: list[Any] = [np.uint8(7), np.array(7)]
    for seed in seeds:
        found = check_conv(conv_forward, conv_backward, seed=seed, examples=1)

        assert found.ok
        assert found.seed == 7


def test_a_lone_axis_is_a_tuple_of_one() -> None:
    one: Any = 1

    assert nn.Sum(one).forward(IMAGES)[0].shape == (2, 1, 4, 2)
    assert nn.Scale(size=one).array_shapes((5, 4, 2)) == {"w": (1,), "b": (1,)}
