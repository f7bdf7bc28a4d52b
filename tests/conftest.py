"""Let the environment's HYPOTHESIS_PROFILE say how many examples are drawn.

    dev    few, and new ones each time: the default
    ci     twenty-five times as many, the same ones each time; see `at_most`

No example has a deadline: how fast it runs says more about the machine than the code.
"""

import gc
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from im2col_cnn.tiling.threads import usable_cpus
from tests.commands.command import Answer, Check, in_here
from tests.profile import IN_FULL, drawn, wait_for_their_turn

settings.register_profile("dev", max_examples=6, deadline=None)
settings.register_profile("ci", max_examples=150, deadline=None, derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))

# In the background a shell has Ctrl-C ignored, by whatever is started from here, too.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Many tests wait for other processes, so there is work for one more than the cores.
os.environ.setdefault("PYTEST_XDIST_AUTO_NUM_WORKERS", str(usable_cpus() + 1))

collect_ignore = ["testing/homework"]  # what students hand in


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Mark what Hypothesis draws for, and leave what takes long for other days."""
    for item in items:
        if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker(drawn)
    by_name = any("::" in argument for argument in config.args)
    waiting = wait_for_their_turn(items, are_wanted=by_name or IN_FULL)
    config.hook.pytest_deselected(items=waiting)


def pytest_collection_finish() -> None:
    """Spare the garbage collector thousands of tests that it would look through."""
    gc.freeze()


@pytest.fixture(scope="session")
def torch() -> Any:
    """Return PyTorch, where it is installed."""
    return pytest.importorskip("torch", reason="PyTorch is not installed")


@pytest.fixture(scope="session")
def keras() -> Any:
    """Return Keras, run by JAX, where both are installed."""
    # By PyTorch it averages wrongly: "same" with strides that do not divide.
    os.environ["KERAS_BACKEND"] = "jax"
    pytest.importorskip("jax", reason="JAX is not installed")
    return pytest.importorskip("keras", reason="Keras is not installed")


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Check:
    """Run ``im2col-cnn check`` here; the homework has its own process all the same."""
    monkeypatch.setenv("HYPOTHESIS_STORAGE_DIRECTORY", "unused")  # not left set behind

    def run(*arguments: str | Path) -> Answer:
        return in_here(capsys, "check", *arguments)

    return run
