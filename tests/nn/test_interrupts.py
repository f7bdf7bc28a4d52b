"""Ctrl-C waits for what must not be done by half."""

import gc
import signal
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import pytest

from im2col_cnn._interrupts import (
    interruptible,
    stop_on_interrupt,
    without_interrupt,
)
from im2col_cnn._typing import Array
from im2col_cnn.nn import (
    BatchNorm,
    Dense,
    Optimizer,
    Sequential,
    fit,
)
from tests.nn.learning import LABELS

X = np.arange(80.0).reshape(40, 2)


def test_ctrl_c_in_a_block_takes_effect_at_its_end() -> None:
    done = []

    def block() -> None:
        with without_interrupt():
            for number in range(2):
                signal.raise_signal(signal.SIGINT)
                done.append(number)
        done.append(2)

    with pytest.raises(KeyboardInterrupt):
        block()

    assert done == [0, 1]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_ends_at_once_what_may_be_interrupted_in_a_block() -> None:
    done: list[object] = []

    def press(*words: str) -> None:
        done.append(words)
        signal.raise_signal(signal.SIGINT)
        done.append("never")

    def block() -> None:
        with without_interrupt():
            with pytest.raises(KeyboardInterrupt):
                interruptible(press)("at once")
            press("later")
            with pytest.raises(KeyboardInterrupt):
                interruptible(press)("not begun")
            press("at the end")

    with pytest.raises(KeyboardInterrupt):
        block()

    assert done == [("at once",), ("later",), "never", ("at the end",), "never"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_blocks_in_each_other_end_with_the_outer_one() -> None:
    done: list[int] = []

    def inner() -> None:
        with without_interrupt():
            signal.raise_signal(signal.SIGINT)
            done.append(1)
        done.append(2)

    def outer() -> None:
        with without_interrupt():
            with pytest.raises(KeyboardInterrupt):
                interruptible(inner)()
            inner()
            done.append(3)

    with pytest.raises(KeyboardInterrupt):
        outer()

    assert done == [1, 1, 2, 3]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_ctrl_c_ends_leaves_settings_of_numpy_as_they_were() -> None:
    def set_and_press() -> None:
        np.seterr(all="ignore")
        signal.raise_signal(signal.SIGINT)

    before = np.geterr()
    with without_interrupt(), pytest.raises(KeyboardInterrupt):
        interruptible(set_and_press)()

    assert np.geterr() == before


def test_no_garbage_is_collected_where_ctrl_c_would_be_dropped() -> None:
    with without_interrupt():
        collects = gc.isenabled(), interruptible(gc.isenabled)(), gc.isenabled()

    assert collects == (True, False, True)
    assert interruptible(gc.isenabled)()


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="this system has no alarm")
def test_what_other_signals_raise_waits_as_well() -> None:
    def ring(*_: object) -> None:
        raise OtherSignal

    done = []

    def block() -> None:
        with without_interrupt():
            signal.raise_signal(signal.SIGALRM)
            done.append(signal.SIGALRM)

    usual = signal.signal(signal.SIGALRM, ring)
    try:
        with pytest.raises(OtherSignal):
            block()
        handler = signal.getsignal(signal.SIGALRM)
    finally:
        signal.signal(signal.SIGALRM, usual)

    assert done == [signal.SIGALRM]
    assert handler is ring


def test_an_error_in_a_block_leaves_ctrl_c_as_it_was() -> None:
    with pytest.raises(ZeroDivisionError), without_interrupt():
        raise ZeroDivisionError

    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


class OtherSignal(BaseException):
    """What the handler of another signal raises."""


@pytest.mark.parametrize("block", [without_interrupt, stop_on_interrupt])
@pytest.mark.parametrize("call", [1, 2])
@pytest.mark.parametrize("is_before", [False, True])
def test_another_signal_at_any_moment_leaves_ctrl_c_as_it_was(
    block: Callable[[], AbstractContextManager[object]],
    call: int,
    is_before: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Python runs waiting handlers within `signal.signal`, and just after it."""
    calls, set_handler = [], signal.signal

    def interrupted(number: int, handler: Any) -> None:
        calls.append(handler)
        if is_before and len(calls) == call:
            raise OtherSignal
        set_handler(number, handler)
        if len(calls) == call:
            raise OtherSignal

    monkeypatch.setattr(signal, "signal", interrupted)

    with pytest.raises(OtherSignal), block():
        pass

    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_other_threads_are_not_interrupted_anyway() -> None:
    done = []

    def block() -> None:
        with without_interrupt():
            done.append(interruptible(signal.getsignal)(signal.SIGINT))

    thread = threading.Thread(target=block)
    thread.start()
    thread.join()

    assert done == [signal.default_int_handler]


class Interrupted(Optimizer):
    """An optimizer that is interrupted in its second step."""

    steps = 0

    def move(self, parameters: Any, gradients: Any) -> None:
        """Add one to every parameter."""
        self.steps += 1
        for parameter in parameters.values():
            if self.steps == 2:
                signal.raise_signal(signal.SIGINT)
            parameter[...] += 1


def test_ctrl_c_in_a_step_leaves_the_network_as_it_is_after_that_step() -> None:
    network = Sequential([BatchNorm(momentum=0.5), Dense(2)])
    network.build((2,), rng=np.random.default_rng(0), dtype=np.float64)
    before = {name: array.copy() for name, array in network.parameters.items()}
    seen: list[Array] = []

    def noting(x: Array, _: np.random.Generator) -> Array:
        seen.append(x)
        return x

    with pytest.raises(KeyboardInterrupt):
        fit(
            network,
            X,
            LABELS,
            epochs=1,
            batch_size=10,
            optimizer=Interrupted(0.1),
            rng=np.random.default_rng(0),
            augment=noting,
        )

    for name, array in network.parameters.items():
        assert array == pytest.approx(before[name] + 2)
    first, second = (x.mean(axis=0) for x in seen)
    found = network.arrays["batch_norm1.running_mean"]
    assert found == pytest.approx(first / 4 + second / 2)
