"""Files: labelled images to learn from, and what was learned. All of it is HDF5."""

from .datasets import DIGITS, Dataset, read_dataset
from .weights import load_weights, save_weights

__all__ = ["DIGITS", "Dataset", "load_weights", "read_dataset", "save_weights"]
