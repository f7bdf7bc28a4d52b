"""The explorer's page, and its modes."""

from pathlib import Path

PAGE = Path(__file__).parents[2] / "notes" / "explorer.html"


MODES = ["forward", "backward", "transposed", "max"]
WITH_PLANES = ["forward", "backward"]
