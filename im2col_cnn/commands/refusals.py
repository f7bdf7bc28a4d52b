"""Tell a user's mistake, which gets one line, from ours, which gets a traceback.

The library raises ``ValueError``, ``TypeError`` and ``OSError`` for what it is given.
Around the places where a command hands on what its user gave it, these become a
`BadInputError`; anywhere else they are bugs, and stay what they are.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["BadInputError", "refusing", "require_extra", "require_finite"]


class BadInputError(Exception):
    """What is wrong with the user's input, in one line."""


@contextmanager
def refusing(*kinds: type[Exception]) -> Iterator[None]:
    """Turn what the library says about bad input into a `BadInputError`."""
    kinds = kinds or (OSError, TypeError, ValueError)
    try:
        yield
    except kinds as error:
        raise BadInputError(error) from error


def require_finite(found: Any, weights: Path) -> None:
    """Refuse to name classes by scores that are no numbers."""
    if not np.isfinite(found).all():
        raise BadInputError(
            f"{weights}: gives scores that are NaN or infinite for these images: its "
            f"weights are too large to compute with"
        )


def require_extra(module: str, extra: str, purpose: str) -> None:
    """Refuse what needs a package that is not installed, and say how to get it."""
    if find_spec(module) is None:
        raise BadInputError(
            f"{purpose} needs {module}: python -m pip install 'im2col-cnn[{extra}]'"
        )
