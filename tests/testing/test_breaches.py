"""What is a little wrong breaks a law: each result, spoilt a little in one way."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import im2col_cnn as fast
from im2col_cnn._typing import Array
from im2col_cnn.testing import Support
from im2col_cnn.testing.grading.kinds import subject_of
from im2col_cnn.testing.grading.search import find_broken_laws
from im2col_cnn.testing.laws.table import laws_for
from im2col_cnn.testing.strategies import Case
from tests.profile import in_turn

Spoil = Callable[[Array, Case], Array]  # a right result, and the call that gave it


def at(where: Any, by: float = 1.0) -> Spoil:
    """Add to a part of the result."""

    def spoil(result: Array, _: Case) -> Array:
        result[where] += by
        return result

    return spoil


def turned(result: Array, _: Case) -> Array:
    """Exchange two axes of the same length."""
    for one in range(result.ndim - 1):
        if result.shape[one] == result.shape[one + 1]:
            return result.swapaxes(one, one + 1)
    return result


def rounded_a_little(result: Array, _: Case) -> Array:
    """Move the largest number by 2**14 units of rounding, one part in 10**12."""
    if result.size:
        result.flat[np.argmax(np.abs(result))] *= 1 + 2.0**-38
    return result


def only(condition: Callable[[Case], bool]) -> Spoil:
    """Double the result of some calls only."""
    return lambda result, case: result * (1 + condition(case))


def images(case: Case) -> tuple[int, ...]:
    return case.arrays[0].shape


def window(case: Case) -> tuple[int, ...]:
    return tuple(case.settings.get("kernel_size") or case.arrays[1].shape[:2])


def stride(case: Case) -> int:
    return int(np.max(case.settings["stride"]))


BREACHES: dict[str, Spoil] = {
    "float32 in a result of float64": lambda r, _: r.astype("f4").astype(r.dtype),
    "float32 for float64": lambda r, _: r.astype("f4"),
    "cut to whole numbers": lambda r, _: np.trunc(r),
    "one number off by 2**14 units of rounding": rounded_a_little,
    "the last channel is 0": lambda r, _: (
        r * (np.arange(r.shape[-1]) < r.shape[-1] - 1)
    ),
    "axes of one length exchanged": turned,
    "1 more in the last row": at(np.s_[..., -1:, :]),
    "1 more in the first entry": at(np.s_[:1, ..., :1]),
    "the first axis backwards": lambda r, _: r[::-1],
    "NaN for 0": lambda r, _: np.where(r == 0, np.nan, r),
    "no negative numbers": lambda r, _: np.maximum(r, 0),
    "no number above 100": lambda r, _: np.minimum(r, 100),
    "wrong with 2 images": only(lambda case: images(case)[0] == 2),
    "wrong with 4 images or more": only(lambda case: images(case)[0] >= 4),
    "wrong with 2 channels": only(lambda case: images(case)[-1] == 2),
    "wrong with 4 channels or more": only(lambda case: images(case)[-1] >= 4),
    "wrong with a stride of 2": only(lambda case: stride(case) == 2),
    "wrong with a stride of 4 or more": only(lambda case: stride(case) >= 4),
    "wrong with a window of 4 rows or more": only(lambda case: window(case)[0] >= 4),
    "wrong with 13 rows or more": only(lambda case: images(case)[1] >= 13),
    "wrong with 13 columns or more": only(lambda case: images(case)[2] >= 13),
    "wrong with one window": only(lambda case: images(case)[1:3] == window(case)),
    "wrong where rows are more than columns": only(
        lambda case: images(case)[1] > images(case)[2]
    ),
}
OF_FILTERS: dict[str, Spoil] = {
    "wrong with 2 filters": only(lambda case: case.arrays[1].shape[-1] == 2),
    "wrong with 4 filters or more": only(lambda case: case.arrays[1].shape[-1] >= 4),
}
RESULTS = {
    "conv": ("y", "dx", "dw", "db"),
    "max_pool": ("y", "dx"),
    "avg_pool": ("y", "dx"),
}
# A bias has one axis, and hardly ever a gradient of 0.
NO_BREACH = {
    ("db", "axes of one length exchanged"),
    ("db", "1 more in the last row"),
    ("db", "NaN for 0"),
}
ASKED = Support(
    axes=(2,),
    paddings=("int",),
    dilation="none",
    groups=False,
    ceil_mode=False,
    empty_batch=False,
    bias_shapes=False,
    dtypes=("float32", "float64"),
)
EVERY = [
    (kind, result, breach)
    for kind, results in RESULTS.items()
    for result in results
    for breach in (*BREACHES, *(OF_FILTERS if kind == "conv" else ()))
    if (result, breach) not in NO_BREACH
]
EXAMPLES = 100  # homework gets 25, which are enough with a Hypothesis of today


def laws_broken(kind: str, result: str, breach: str) -> set[str]:
    """Spoil one result, and return the laws that are the first to break."""
    spoil = {**BREACHES, **OF_FILTERS}[breach]
    ours = [getattr(fast, f"{kind}_{part}") for part in ("forward", "backward")]

    def forward(*arrays: Array, **settings: Any) -> tuple[Array, Any]:
        case = Case(arrays, settings)
        y, cache = ours[0](*arrays, **settings)
        return (spoil(y.copy(), case) if result == "y" else y), (cache, case)

    def backward(dy: Array, both: Any) -> Any:
        cache, case = both
        found = ours[1](dy, cache)
        gradients = list(found) if isinstance(found, tuple) else [found]
        if result != "y":
            index = RESULTS[kind].index(result) - 1
            gradients[index] = spoil(gradients[index].copy(), case)
        return tuple(gradients) if kind == "conv" else gradients[0]

    subject = subject_of(kind, forward, backward, ASKED)
    for seed in range(EXAMPLES):
        broken, _ = find_broken_laws(
            laws_for(subject), subject, {}, seed=seed, examples=1
        )
        if broken:
            return set(broken)
    return set()


@in_turn(15)
@pytest.mark.parametrize(("kind", "result", "breach"), EVERY)
def test_the_smallest_breach_breaks_a_law(kind: str, result: str, breach: str) -> None:
    assert laws_broken(kind, result, breach)
