"""Write ``digits.h5``, the handwritten digits that ship with this package.

    python -m im2col_cnn.data.make_digits DIGITS.h5

needs scikit-learn, which carries them. They are the test part of a UCI data set: 1,797
grey images of 8x8 pixels by 13 people, each pixel a count of dark dots from 0 to 16.
Every 130 images or so the labels count from 0 to 9 afresh, as the forms did that people
filled in, so the file seems to go writer by writer. The last 360 images, kept apart as
the test set, are then nearly all by hands the network has not seen: a harder and fairer
test than a shuffled one.
"""

import sys
from os import PathLike
from pathlib import Path

import h5py
import numpy as np
from sklearn.datasets import load_digits

__all__ = ["write_digits"]

TEST_IMAGES = 360
ABOUT = {
    "title": "Optical Recognition of Handwritten Digits (the test part)",
    "authors": "E. Alpaydin, C. Kaynak",
    "source": "UCI Machine Learning Repository, 1998, doi:10.24432/C50P49",
    "obtained_from": "sklearn.datasets.load_digits of scikit-learn",
    "licence": "Creative Commons Attribution 4.0 International (CC BY 4.0)",
    "changes": "laid out as images with one channel; the last 360 are the test set",
    "pixel_maximum": 16,
}


def write_digits(path: str | PathLike[str]) -> None:
    """Write the digits to an HDF5 file, in the layout `read_dataset` describes."""
    digits = load_digits()
    images = digits.images.astype(np.uint8)[..., np.newaxis]  # (1797, 8, 8, 1)
    labels = digits.target.astype(np.int64)
    arrays = {
        "train_set_x": images[:-TEST_IMAGES],
        "train_set_y": labels[:-TEST_IMAGES],
        "test_set_x": images[-TEST_IMAGES:],
        "test_set_y": labels[-TEST_IMAGES:],
        "list_classes": digits.target_names.astype(np.int64),
    }
    with h5py.File(path, "w") as file:
        file.attrs.update(ABOUT)
        for name, array in arrays.items():
            # No time of day is stored: the same digits give the same bytes.
            file.create_dataset(
                name,
                data=array,
                compression="gzip",
                compression_opts=9,
                chunks=array.shape,
                track_times=False,
            )


if __name__ == "__main__":
    write_digits(Path(sys.argv[1]))
