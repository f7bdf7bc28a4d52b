"""In a real Jupyter notebook, training leaves one line per epoch, and results show."""

from typing import Any

import pytest

reason = "needs ipykernel and nbclient"
nbclient = pytest.importorskip("nbclient", reason=reason)
nbformat = pytest.importorskip("nbformat", reason=reason)
pytest.importorskip("ipykernel", reason=reason)

pytestmark = pytest.mark.notebooks

TRAIN = """
import numpy as np
from im2col_cnn.files import DIGITS, read_dataset
from im2col_cnn.nn import Adam, ProgressLine, fit, small_cnn

digits, rng = read_dataset(DIGITS), np.random.default_rng(0)
network = small_cnn(digits.shape, 10, pixel_maximum=16).build(digits.shape, rng=rng)
history = fit(
    network, *digits.train, epochs=2, batch_size=32, optimizer=Adam(), rng=rng,
    on_step=ProgressLine(),
)
history
"""


@pytest.fixture(scope="module")
def outputs() -> list[list[dict[str, Any]]]:
    """Run a notebook, and return what is below each of its cells."""
    cells = [TRAIN, "history.plot()", "network.summary()"]
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    nbclient.NotebookClient(notebook, timeout=120).execute()
    return [
        [dict(output.get("data", {"stream": output})) for output in cell.outputs]
        for cell in notebook.cells
    ]


def test_the_last_line_of_every_epoch_is_saved(
    outputs: list[list[dict[str, Any]]],
) -> None:
    first, second, result = (data["text/plain"] for data in outputs[0])

    assert first.startswith("━" * 24 + " epoch 1  loss ")
    assert second.startswith("━" * 24 + " epoch 2  loss ")
    assert result.startswith("<History: 2 epochs, loss ")


def test_what_is_returned_is_shown(outputs: list[list[dict[str, Any]]]) -> None:
    [figure], [summary] = outputs[1:]

    assert "image/png" in figure
    assert summary["text/plain"].splitlines()[0].split() == [
        "layer",
        "output",
        "parameters",
    ]
