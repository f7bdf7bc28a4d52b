"""Data sets of labelled images, and weights of networks, in HDF5 files."""

from .datasets import DIGITS, Dataset, open_dataset, read_dataset
from .stored_images import StoredImages
from .weights import load_weights, save_weights

__all__ = [
    "DIGITS",
    "Dataset",
    "StoredImages",
    "load_weights",
    "open_dataset",
    "read_dataset",
    "save_weights",
]
