"""What was reshaped where it was to be transposed is found, and in which orders."""

import numpy as np
import pytest

from im2col_cnn.testing.grading.which_order import orders, reread


@pytest.mark.parametrize(
    ("lies", "taken"), [((0, 3, 1, 2), (0, 1, 2, 3)), ((0, 1, 2, 3), (3, 0, 1, 2))]
)
def test_places_are_those_of_numpys_reshape(
    lies: tuple[int, ...], taken: tuple[int, ...]
) -> None:
    shape = (2, 3, 4, 5)
    places = np.arange(120).reshape(shape)
    of_taken = tuple(shape[axis] for axis in taken)

    reshaped = places.transpose(lies).reshape(of_taken)  # what was to be a transpose
    found = np.empty(120, int)
    found[reshaped.transpose(np.argsort(taken)).ravel()] = places.ravel()

    assert np.array_equal(reread(shape, lies, taken), found)


def test_no_order_is_taken_for_itself() -> None:
    pairs = list(orders(["n", "o0", "o1", "f"]))

    assert ((0, 3, 1, 2), (0, 1, 2, 3)) in pairs
    assert all(lies != taken for lies, taken in pairs)
    assert len(pairs) == len(set(pairs))
