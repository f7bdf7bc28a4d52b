"""Refuse to go on without Hypothesis, an extra, and say how to get it."""

from importlib.util import find_spec

if find_spec("hypothesis") is None:
    raise ModuleNotFoundError(
        "im2col_cnn.testing needs hypothesis: python -m pip install "
        "'im2col-cnn[testing]'",
        name="hypothesis",
    )
