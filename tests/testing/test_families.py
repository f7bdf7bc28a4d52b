"""Homework is read by what its functions take and do, in each course's interface."""

import contextlib
import io
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from im2col_cnn.testing.dialects.dialect import Offer
from im2col_cnn.testing.dialects.pairs import called_inside
from im2col_cnn.testing.dialects.table import readings
from im2col_cnn.testing.grading.grader import grade
from im2col_cnn.testing.grading.reading import choose
from im2col_cnn.testing.grading.report import Verdict
from tests.profile import in_turn, some_of
from tests.testing.families import (
    FAMILIES,
    MISTAKES,
    POOL_MISTAKES,
    PRELUDE,
    source_of,
)

EXAMPLES = 4
POOL_EXAMPLES = 20  # windows that overlap, with one maximum for two of them
SEES_NO_BIAS = ("zhou", "independent")  # no bias, or one of its own
SEES_NO_DX = ("zhou",)


def names_of(source: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(source, names)
    own = {name: it for name, it in names.items() if callable(it)}
    return {**own, "np": np}


@cache
def offers_of(family: str, old: str = "", new: str = "") -> list[tuple[str, Offer]]:
    names = names_of(source_of(family, old, new))
    chosen, _ = choose(readings(names, None), called_inside(names))
    return chosen


def verdicts_of(
    offers: list[tuple[str, Offer]], kind: str, examples: int = EXAMPLES
) -> list[Verdict]:
    return [
        verdict
        for _, offer in offers
        if offer.kind == kind
        for verdict in grade(offer, 0, examples, None)[0]
        if not verdict.law.advice
    ]


@in_turn(6)
@pytest.mark.parametrize("family", FAMILIES)
def test_a_right_file_is_read_as_its_course_and_passes(family: str) -> None:
    offers = offers_of(family)

    assert {dialect for dialect, _ in offers} == {family}
    for kind in {offer.kind for _, offer in offers}:
        verdicts = verdicts_of(offers, kind)
        assert verdicts
        assert {verdict.status for verdict in verdicts} == {"holds"}


def test_images_that_a_layer_takes_in_vain_are_said() -> None:
    names = names_of(
        source_of(
            "fau", "SH, SW = (1, *self.stride) if self.is_line else ", "SH, SW = "
        )
    )

    chosen, remarks = choose(readings(names, None), called_inside(names))

    assert {offer.support.axes for _, offer in chosen} == {(2,)}
    (said,) = (each for each in remarks if "not asked for images" in each)
    assert "Conv: not asked for images with one spatial axis: " in said
    assert "not enough values to unpack" in said


ADDS_UP = """
class Conv{d}d_stride1:
    def __init__(self, in_channels, out_channels, kernel_size,
                 weight_init_fn=None, bias_init_fn=None):
        shape = (out_channels, in_channels) + {d} * (kernel_size,)
        self.W, self.b = weight_init_fn(*shape), bias_init_fn(out_channels)
        self.dLdW, self.dLdb = np.zeros(shape), np.zeros(out_channels)

    def forward(self, A):
        self.x = A.reshape(*A.shape[:2], -1, A.shape[-1])
        self.w = self.W.reshape(*self.W.shape[:2], -1, self.W.shape[-1])
        y = convolve(self.x, self.w, self.b)
        return y if {d} == 2 else y[:, :, 0]

    def backward(self, dLdZ):
        dy = dLdZ.reshape(*dLdZ.shape[:2], -1, dLdZ.shape[-1])
        dx, dw, db = convolve_back(dy, self.x, self.w)
        self.dLdW += dw.reshape(self.W.shape)
        self.dLdb += db
        return dx if {d} == 2 else dx[:, :, 0]
"""


@pytest.mark.parametrize("axes", [1, 2])
def test_gradients_of_cmu_may_add_up_over_one_axis_as_over_two(axes: int) -> None:
    names = names_of(PRELUDE + ADDS_UP.format(d=axes))

    ((dialect, offer),) = choose(readings(names, None), called_inside(names))[0]

    assert (dialect, offer.support.axes) == ("cmu", (axes,))
    assert {v.status for v in verdicts_of([(dialect, offer)], "conv")} == {"holds"}


@in_turn(7)
@pytest.mark.parametrize("seconds", [0, 60])
def test_what_a_template_asks_for_counts_for_nothing_however_short_time_is(
    seconds: float,
) -> None:
    crop = "dx[:, :, p : p + H, q : q + W]", "dx[:, :, p:-p, q:-q]"
    offers = offers_of("holberton", *crop)
    (offer,) = (offer for _, offer in offers if offer.kind == "conv")

    verdicts, remarks = grade(offer, 0, 10, None, seconds)

    assert "broken" not in {v.status for v in verdicts}
    assert any("asked only where the course's template works" in r for r in remarks)


@in_turn(7)
@pytest.mark.parametrize("family", FAMILIES)
def test_three_wrong_files_of_each_course_are_read_and_do_not_pass(family: str) -> None:
    unseen = (family in SEES_NO_BIAS) + (family in SEES_NO_DX)
    for old, new in some_of(MISTAKES[unseen:], len(MISTAKES) - unseen):
        offers = offers_of(family, old, new)

        assert family in {dialect for dialect, _ in offers}
        statuses = {verdict.status for verdict in verdicts_of(offers, "conv")}
        assert "broken" in statuses, (old, new)


@in_turn(3)
@pytest.mark.parametrize("family", ["saitoh", "dlcourse", "gatech"])
def test_wrong_poolings_do_not_pass(family: str) -> None:
    for old, new in some_of(POOL_MISTAKES, len(POOL_MISTAKES)):
        verdicts = verdicts_of(offers_of(family, old, new), "max_pool", POOL_EXAMPLES)

        assert "broken" in {verdict.status for verdict in verdicts}, (old, new)


@in_turn(3)
@pytest.mark.parametrize("family", FAMILIES)
def test_a_call_can_be_pasted_below_the_homework(family: str) -> None:
    _, offer = next(each for each in offers_of(family) if each[1].kind == "conv")
    assert offer.paste is not None
    case = simple_call(offer)
    y, cache = offer.forward(*case.arrays, **case.settings)
    dy = np.arange(1.0, y.size + 1).reshape(y.shape)
    assert offer.backward is not None
    gradients = offer.backward(dy, cache)

    program = offer.paste(case.arrays, case.settings, dy, gradients[1], "dw")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(f"{source_of(family)}\n{program}", {})

    found, wanted = np.split(numbers_in(printed.getvalue()), 2)
    np.testing.assert_allclose(found, wanted)
    assert found.size == gradients[1].size


def simple_call(offer: Offer) -> Any:
    from im2col_cnn.testing.grading.kinds import small_calls  # noqa: PLC0415  # one use

    return small_calls("conv", replace(offer.support))[0]


def numbers_in(text: str) -> np.ndarray:
    words = text.replace("[", " ").replace("]", " ").split()
    return np.array([float(word) for word in words])
