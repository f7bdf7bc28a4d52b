"""What is no network and no path is refused by its name, before any work."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from im2col_cnn.files import load_weights, open_dataset, read_dataset, save_weights
from im2col_cnn.files.hdf5.source import require_readable
from im2col_cnn.nn import Dense, Sequential


@pytest.mark.parametrize("network", [None, 3, [Dense(2)], Dense(2), Sequential])
def test_what_is_no_network_is_neither_saved_nor_loaded(
    tmp_path: Path, network: Any
) -> None:
    built = Sequential([Dense(2)]).build((3,), rng=np.random.default_rng(0))
    built.save(tmp_path / "w.h5")

    for act in save_weights, load_weights:
        with pytest.raises(
            TypeError, match="network must be a Sequential or Graph, got "
        ):
            act(tmp_path / "w.h5", network)


NULL = "null\0byte"
ACTS: dict[str, Callable[[Any], Any]] = {
    "open_dataset": lambda path: open_dataset(path).__enter__(),
    "read_dataset": read_dataset,
    "test_path": lambda path: read_dataset(Path("none.h5"), path),
    "save_weights": lambda path: save_weights(
        path, Sequential([Dense(2)]).build((3,), rng=np.random.default_rng(0))
    ),
    "load_weights": lambda path: load_weights(
        path, Sequential([Dense(2)]).build((3,), rng=np.random.default_rng(0))
    ),
    "Sequential.load": Sequential.load,
}


@pytest.mark.parametrize("name", ACTS)
def test_a_path_with_a_null_byte_is_refused_by_its_name(name: str) -> None:
    with pytest.raises(
        ValueError, match=r"path must hold no null byte, got 'null\\x00"
    ):
        ACTS[name](NULL)


def test_a_file_with_a_null_byte_in_its_name_is_not_there() -> None:
    with pytest.raises((OSError, ValueError), match=r"null"):
        require_readable(Path(NULL))
