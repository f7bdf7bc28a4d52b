"""The playground runs: as a script, under other settings, and in a browser."""

import importlib.util
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import numpy as np
import pytest

from im2col_cnn import Window, conv_forward
from tests.notes.browser import chromium, use, wait_until

pytest.importorskip("marimo", reason="needs marimo")
pytestmark = pytest.mark.notebooks

ROOT = Path(__file__).parents[2]
PLAYGROUND = ROOT / "notes" / "playground.py"
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT), "MARIMO_SKIP_UPDATE_CHECK": "1"}
QUICK = {"epochs": 2, "rate": 0.001, "images": 200}


def play(**sliders: float) -> dict[str, Any]:
    """Run every cell with these sliders; return the variables of the notebook."""
    spec = importlib.util.spec_from_file_location("playground", PLAYGROUND)
    assert spec is not None
    assert spec.loader is not None
    playground = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(playground)
    defs = {name: SimpleNamespace(value=value) for name, value in sliders.items()}
    _, variables = playground.app.run(defs=defs)
    return dict(variables)


def test_it_runs_as_a_script(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", str(PLAYGROUND)]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_it_follows_its_sliders() -> None:
    variables = play(
        rows=5,
        columns=6,
        kernel_rows=3,
        kernel_columns=2,
        stride=2,
        padding=1,
        dilation=1,
        **QUICK,
    )

    i, j = np.ogrid[:5, :6]
    x = (10 * i + j).reshape(1, 5, 6, 1)
    w = np.arange(1, 7).reshape(3, 2, 1, 1)
    y, _ = conv_forward(x, w, stride=2, padding=1)
    assert variables["window"] == Window((5, 6), (3, 2), stride=2, padding=1)
    assert (variables["y"] == y).all()
    assert variables["dx"].shape == x.shape
    assert variables["evaluation"].accuracy > 0.5
    assert len(variables["losses"]) == 2 * -(-200 // 32)
    assert variables["seen"] == [0, 32, 64, 128, 200 + 32, 400]


@contextmanager
def served() -> Iterator[str]:
    """Serve the playground on a free port of this machine; yield its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    options = ["--headless", "--no-token", "--host", "127.0.0.1", "--port", str(port)]
    server = subprocess.Popen(
        [sys.executable, "-m", "marimo", "run", PLAYGROUND, *options],
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: answers(address))
        yield address
    finally:
        server.terminate()
        server.wait(10)


def answers(address: str) -> bool:
    """Tell whether something is served there already."""
    try:
        with urlopen(address):
            return True
    except URLError:
        return False


SLIDERS = """
    return [...document.querySelectorAll("marimo-slider")].map(
      (slider) => slider.shadowRoot?.querySelector("[role=slider]"));
"""


@pytest.mark.browser
def test_a_slider_computes_everything_again() -> None:
    with chromium() as page, served() as address:
        use(page)
        page.get(address)
        text = "return document.body.innerText"
        wait_until(lambda: "has never seen" in page.execute_script(text))
        wait_until(lambda: len([s for s in page.execute_script(SLIDERS) if s]) == 10)
        assert "(3 + 0 + 0 - 2) // 1 + 1 = 2 windows" in page.execute_script(text)
        pictures = images(page)

        page.execute_script(SLIDERS)[0].send_keys("\ue014")  # one row more

        wait_until(
            lambda: "(4 + 0 + 0 - 2) // 1 + 1 = 3 windows" in page.execute_script(text)
        )
        wait_until(lambda: len(images(page) - pictures) == 3)
        assert len(images(page)) == 5
        for image in page.find_elements("css selector", "img"):
            assert len(image.accessible_name) > 40


def images(page: Any) -> set[str]:
    """Return the pictures on the page."""
    script = "return [...document.querySelectorAll('img')].map((img) => img.src)"
    return {str(source) for source in page.execute_script(script)}
