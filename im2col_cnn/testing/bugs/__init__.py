"""A museum of bugs that convolutions breed: each one runs, and is a few lines long."""

from .exhibit import Exhibit
from .museum import MUSEUM

__all__ = ["MUSEUM", "Exhibit"]
