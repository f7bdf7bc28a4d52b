"""The words of the courses that most people learn from, and ours."""

from .dialect import Dialect, Offer
from .table import DIALECTS, guess
from .torch import as_pair

__all__ = ["DIALECTS", "Dialect", "Offer", "as_pair", "guess"]
