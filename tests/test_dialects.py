"""A bug keeps its name in whichever dialect it is handed in."""

import os
from collections.abc import Callable
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest

from im2col_cnn.testing.bugs.exhibit import Exhibit
from im2col_cnn.testing.bugs.museum import MUSEUM
from im2col_cnn.testing.dialects.cs231n import kernels_first, kernels_last
from im2col_cnn.testing.dialects.dialect import Offer, channels_first, channels_last
from im2col_cnn.testing.dialects.table import DIALECTS, guess
from im2col_cnn.testing.judging import agrees, name_the_bug
from im2col_cnn.testing.kinds import KINDS, subject_of
from im2col_cnn.testing.laws.table import LAWS, Law
from im2col_cnn.testing.subject import Subject
from im2col_cnn.testing.support import Support
from im2col_cnn.testing.trials import Trial, draw_trials, try_again

# Each dialect gets some of the bugs; in the ci profile, every dialect gets all.
EVERY = 1 if os.environ.get("HYPOTHESIS_PROFILE") == "ci" else 8
NUMBERS = [law for law in LAWS if law.oracle and not law.follows]


def as_coursera(bug: Exhibit) -> dict[str, Any]:
    def conv_forward(x: Any, w: Any, b: Any, hparameters: Any) -> Any:
        pad, stride = hparameters["pad"], hparameters["stride"]
        return bug.forward(x, w, b, stride=stride, padding=pad)

    def pool_forward(x: Any, hparameters: Any, _mode: str) -> Any:
        f, stride = hparameters["f"], hparameters["stride"]
        return bug.forward(x, (f, f), stride=stride)

    def pool_backward(dy: Any, cache: Any, _mode: str) -> Any:
        assert bug.backward is not None
        return bug.backward(dy, cache)

    if bug.kind == "conv":
        return {"conv_forward": conv_forward, "conv_backward": bug.backward}
    return {"pool_forward": pool_forward, "pool_backward": pool_backward}


def as_cs231n(bug: Exhibit) -> dict[str, Any]:
    def conv_forward(x: Any, w: Any, b: Any, conv_param: Any) -> Any:
        pad, stride = conv_param["pad"], conv_param["stride"]
        arrays = channels_last(x), kernels_last(w), b
        y, cache = bug.forward(*arrays, stride=stride, padding=pad)
        return channels_first(y), cache

    def conv_backward(dout: Any, cache: Any) -> Any:
        assert bug.backward is not None
        dx, dw, db = bug.backward(channels_last(dout), cache)
        return channels_first(dx), kernels_first(dw), db

    def pool_forward(x: Any, pool_param: Any) -> Any:
        size = pool_param["pool_height"], pool_param["pool_width"]
        y, cache = bug.forward(channels_last(x), size, stride=pool_param["stride"])
        return channels_first(y), cache

    def pool_backward(dout: Any, cache: Any) -> Any:
        assert bug.backward is not None
        return channels_first(bug.backward(channels_last(dout), cache))

    if bug.kind == "conv":
        return {
            "conv_forward_naive": conv_forward,
            "conv_backward_naive": conv_backward,
        }
    return {
        "max_pool_forward_naive": pool_forward,
        "max_pool_backward_naive": pool_backward,
    }


def as_cmu(bug: Exhibit) -> dict[str, Any]:
    class Layer:
        """A layer with the exhibit inside."""

        conv2d_stride1: Any = None
        cache: Any = None

        def backward(self, dLdZ: Any) -> Any:
            assert bug.backward is not None
            found = bug.backward(channels_last(dLdZ), self.cache)
            if bug.kind != "conv":
                return channels_first(found)
            dx, dw, db = found
            self.conv2d_stride1 = SimpleNamespace(dLdW=kernels_first(dw), dLdb=db)
            return channels_first(dx)

    class Conv2d(Layer):
        """Its constructor is the course's."""

        def __init__(  # noqa: PLR0917 - the course's own
            self,
            in_channels: int,
            out_channels: int,
            kernel_size: int,
            stride: int,
            padding: int = 0,
            weight_init_fn: Any = None,
            bias_init_fn: Any = None,
        ) -> None:
            shape = out_channels, in_channels, kernel_size, kernel_size
            self.settings = {"stride": stride, "padding": padding}
            self.arrays = weight_init_fn(*shape), bias_init_fn(out_channels)

        def forward(self, A: Any) -> Any:
            W, b = self.arrays
            arrays = channels_last(A), kernels_last(W), b
            y, self.cache = bug.forward(*arrays, **self.settings)
            return channels_first(y)

    class Pool2d(Layer):
        """Its constructor is the course's."""

        def __init__(self, kernel: int, stride: int) -> None:
            self.kernel, self.stride = kernel, stride

        def forward(self, A: Any) -> Any:
            size = self.kernel, self.kernel
            x = channels_last(A)
            y, self.cache = bug.forward(x, size, stride=self.stride)
            return channels_first(y)

    if bug.kind == "conv":
        return {"Conv2d": Conv2d}
    return {"MaxPool2d" if bug.kind == "max_pool" else "MeanPool2d": Pool2d}


def as_torch(bug: Exhibit) -> dict[str, Any]:
    def conv2d(  # noqa: PLR0917 - PyTorch's own
        x: Any,
        w: Any,
        b: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
    ) -> Any:
        arrays = channels_last(x), kernels_last(w), b
        if isinstance(padding, tuple):
            padding = tuple((p, p) for p in padding)
        settings = {"stride": stride, "padding": padding, "dilation": dilation}
        return channels_first(bug.forward(*arrays, **settings, groups=groups)[0])

    return {"conv2d": conv2d}


PRESENTED: dict[str, Callable[[Exhibit], dict[str, Any]]] = {
    "coursera": as_coursera,
    "cs231n": as_cs231n,
    "cmu": as_cmu,
    "torch": as_torch,
}


def offer_of(dialect: str, bug: Exhibit) -> Offer | None:
    """Hand a bug in, and read back what the dialect makes of it."""
    offers = DIALECTS[dialect].read(PRESENTED[dialect](bug))
    return next((offer for offer in offers if offer.kind == bug.kind), None)


def failures(offer: Offer) -> tuple[Subject, list[Trial]]:
    """Return the trials of the first law about numbers that an offer breaks."""
    pair = offer.forward, offer.backward
    subject = subject_of(offer.kind, *pair, offer.support, judges=offer.judges)
    for law in NUMBERS:
        if law.is_put_to(subject):
            right = right_trials(offer.kind, law, offer.support)
            trials = [try_again(subject, trial) for trial in right]
            trials.sort(key=lambda trial: trial.failure is None)
            if trials[0].failure is not None:
                return subject, trials
    return subject, []


@cache
def right_trials(kind: str, law: Law, support: Support) -> list[Trial]:
    oracle = subject_of(kind, *KINDS[kind].oracle, support)
    return draw_trials(law, oracle, count=10, seed=0)


@pytest.mark.parametrize("dialect", PRESENTED)
def test_bugs_keep_their_names(dialect: str) -> None:
    bugs = [bug for bug in MUSEUM if bug.kind in ("conv", "max_pool", "avg_pool")]
    first = list(PRESENTED).index(dialect)
    named = 0
    for bug in bugs[first::EVERY]:
        offer = offer_of(dialect, bug)
        if offer is None:
            continue
        subject, trials = failures(offer)
        if not trials:
            continue  # this dialect cannot express it

        found = name_the_bug(trials, subject)

        # Where a dialect cannot tell two bugs apart, either name will do.
        assert found is not None, bug.key
        assert found.key == bug.key or agrees(bug, subject, trials), bug.key
        named += 1
    assert named


def test_a_dialect_is_known_by_the_names_a_file_defines() -> None:
    def function(*_: Any) -> None:
        """Stand for anything."""

    def with_a_dict(A_prev: Any, W: Any, b: Any, hparameters: Any) -> None:
        """Stand for the course's forward."""

    def with_settings(x: Any, w: Any, b: Any, stride: int = 1) -> None:
        """Stand for ours."""

    def dialect(**names: Any) -> str | None:
        found = guess(names)
        return None if found is None else found.name

    assert dialect(conv_forward=with_a_dict) == "coursera"
    assert dialect(conv_forward=with_settings) == "native"
    assert dialect(conv_backward=function) == "coursera"
    assert dialect(average_pool=function, max_pool=function) == "notebook"
    assert dialect(max_pool_backward_naive=function) == "cs231n"
    assert dialect(MeanPool2d=function) == "cmu"
    assert dialect(conv2d=function) == "torch"
    assert dialect(something_else=function) is None
