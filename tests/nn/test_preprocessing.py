"""An augmented image is still that image."""

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from im2col_cnn.nn import Augmentation


@given(
    shape=st.lists(st.integers(1, 4), min_size=1, max_size=3),
    shift=st.integers(0, 3),
    flip=st.booleans(),
    seed=st.integers(0, 2**16),
)
def test_an_augmented_image_is_the_image_moved_and_perhaps_mirrored(
    shape: list[int], shift: int, flip: bool, seed: int
) -> None:
    x = np.arange(1, 1 + 3 * np.prod(shape) * 2).reshape(3, *shape, 2)
    x.flags.writeable = False

    y = Augmentation(shift=shift, flip=flip)(x, np.random.default_rng(seed))

    assert (y.shape, y.dtype) == (x.shape, x.dtype)
    for before, after in zip(x, y, strict=True):
        candidates = [before, before[..., ::-1, :]] if flip else [before]
        steps = np.ndindex(*[2 * shift + 1] * len(shape))
        assert any(
            np.array_equal(after, shifted(image, [n - shift for n in step]))
            for step in steps
            for image in candidates
        )


def shifted(image: np.ndarray, steps: list[int]) -> np.ndarray:
    """Move an image pixel by pixel."""
    moved = np.zeros_like(image)
    for pixel in np.ndindex(image.shape[:-1]):
        target = tuple(p + s for p, s in zip(pixel, steps, strict=True))
        if all(0 <= t < size for t, size in zip(target, image.shape, strict=False)):
            moved[target] = image[pixel]
    return moved


def test_a_shift_is_at_least_0() -> None:
    with pytest.raises(ValueError, match="shift must be at least 0"):
        Augmentation(shift=-1)


@pytest.mark.parametrize(
    ("images", "rng", "words"),
    [
        (np.ones((2, 3)), np.random.default_rng(0), r"images must have axes \(N, \*sp"),
        ("photos", np.random.default_rng(0), "images must hold real numbers, got"),
        (np.ones((2, 3, 3, 1)), 0, "rng must be a numpy.random.Generator, got 0"),
    ],
)
def test_what_cannot_be_augmented_is_refused(images: Any, rng: Any, words: str) -> None:
    with pytest.raises((TypeError, ValueError), match=words):
        Augmentation(shift=1)(images, rng)


@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.int64])
def test_a_shift_of_any_integer_type_is_that_number(kind: type) -> None:
    images = np.arange(5 * 7 * 6).reshape(5, 7, 6, 1)

    moved = Augmentation(shift=kind(2))(images, np.random.default_rng(0))

    expected = Augmentation(shift=2)(images, np.random.default_rng(0))
    np.testing.assert_array_equal(moved, expected)
