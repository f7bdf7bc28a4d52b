"""Name what several commands read, in the words that their help shows."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from ..files.photos import Fit

__all__ = ["Data", "Fitting", "TestData", "Weights"]

Data: TypeAlias = Annotated[
    Path | None,
    typer.Argument(
        metavar="DATA.h5",
        help="Labelled images; without it, the 8x8 digits that come along.",
    ),
]
TestData: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        metavar="TEST.h5", help="The test images, if DATA.h5 does not hold them."
    ),
]
Weights: TypeAlias = Annotated[
    Path, typer.Argument(metavar="WEIGHTS.h5", help="What `train --save` wrote.")
]
Fitting: TypeAlias = Annotated[
    Fit, typer.Option(help="What to do where the proportions differ.")
]
